"""Build steps: what of them runs, where they win over scripts, and what rattler-build makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from builder.model.recipe import Script
from builder.recipe.steps import taken_steps
from tests.recipe import peer
from tests.recipe.given import ALL, PACKAGE, evaluated, platforms, problems, rendered, request

STEPS = """
build:
  steps:
    - if: unix
      run: |
        mkdir -p "$PREFIX/share"
        echo one
    - if: win
      run: echo ${{ mpi }}
    - run: [a, "b ${{ GREETING }}", {if: win, then: c}]
      env: {GREETING: "hi ${{ python }}", EMPTY: "${{ 'x' if win }}"}
      interpreter: python
      cwd: share/x
    - run: "${{ 'nothing' if win }}"
"""


def peers(text: str, *, output: int = 0, target: str = "linux-64") -> dict[str, Any]:
    found, _ = peer.answers(text, {"python": ["3.12"], "mpi": ["x"]}, platforms(target), switched=True)[output]
    build: dict[str, Any] = found["build"]
    return build


def ours(text: str, *, output: int = 0, target: str = "linux-64") -> dict[str, Any]:
    given = request({"python": "3.12", "mpi": "x"}, where=platforms(target))
    build: dict[str, Any] = rendered(text, given, output=output, switches=ALL)["build"]
    return build


def test_the_steps_that_run() -> None:
    script = evaluated(PACKAGE + STEPS, request({"python": "3.12"}), switches=ALL).output.build.script
    assert script == Script(
        content=(),
        steps=(
            Script(content=('mkdir -p "$PREFIX/share"\necho one\n',)),
            Script(
                content=("a", "b ${{ GREETING }}"),
                interpreter="python",
                env=(("GREETING", "hi 3.12"),),
                cwd="share/x",
            ),
        ),
    )


def test_late_names_are_words_of_the_steps_own_shell() -> None:
    text = PACKAGE + "build: {steps: [{run: 'echo ${{ GREETING }}', env: {GREETING: hi}}]}\n"
    for target, word in (("linux-64", "echo ${GREETING}"), ("win-64", "echo %GREETING%")):
        script = evaluated(text, request(where=platforms(target)), switches=ALL).output.build.script
        assert script.steps[0].content == (word,)


@pytest.mark.parametrize("target", ["linux-64", "win-64"])
def test_the_peer_renders_the_same_steps(target: str) -> None:
    theirs = [step for step in peers(PACKAGE + STEPS, target=target)["steps"] if "nothing" not in str(step)]
    found = [step for step in ours(PACKAGE + STEPS, target=target)["steps"] if step["run"] != ["nothing"]]
    plain = [[command for command in step["run"] if "${{" not in command] for step in theirs]
    assert [{**step, "run": None} for step in found] == [{**step, "run": None} for step in theirs]
    assert all(set(commands) <= set(step["run"]) for commands, step in zip(plain, found, strict=True))


def test_all_names_in_steps_count_as_read_even_if_the_step_does_not_run() -> None:
    text = PACKAGE + STEPS
    read = evaluated(text, request({"python": "3.12", "mpi": "x"}), switches=ALL).read
    _, used = peer.answers(text, {"python": ["3.12"], "mpi": ["x"]}, switched=True)[0]
    assert {"python", "mpi"} <= set(read)
    assert {"python", "mpi"} <= set(used)


OUTPUTS = """
recipe: {name: r, version: '1'}
build: %s
outputs:
  - package: {name: a}
    build: %s
"""


@pytest.mark.parametrize(
    ("top", "own"),
    [
        ("{steps: [{run: top}]}", "{}"),
        ("{steps: [{run: top}]}", "{script: own}"),
        ("{steps: [{run: top}]}", "{steps: [{run: own}]}"),
        ("{steps: [{run: top}]}", "{steps: []}"),
        ("{steps: [{run: top}]}", "{script: {cwd: x}}"),
        ("{script: top}", "{steps: [{run: own}]}"),
        ("{script: top}", "{steps: []}"),
        ("{script: top}", "{script: {cwd: x}}"),
    ],
)
def test_an_output_takes_over_what_the_peers_does(top: str, own: str) -> None:
    text = OUTPUTS % (top, own)
    theirs, found = peers(text), ours(text)
    assert found.get("steps", []) == theirs.get("steps", [])
    assert ("top" in str(found)) == ("top" in str(theirs))


def test_staging_outputs_have_steps_too() -> None:
    text = """
recipe: {name: r, version: '1'}
outputs:
  - staging: {name: s}
    build: {steps: [{if: unix, run: make}, {if: win, run: nmake}]}
  - package: {name: a}
    inherit: s
"""
    found = evaluated(text, switches=ALL).output
    assert found.kind == "staging"
    assert [step.content for step in found.build.script.steps] == [("make",)]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        ("{steps: [{if: unix}]}", "build.steps[0].run is missing"),
        ("{steps: [make]}", "build.steps[0] is text"),
        ("{steps: {run: make}}", "build.steps is a mapping"),
        ("{steps: [{run: make, name: x}]}", "build.steps[0].name is not a key of recipes"),
        ("{steps: [{run: make, env: {'A B': x}}]}", "is not the name of an environment variable"),
        ("{steps: [{run: make, cwd: ../x}]}", "leads out of its folder"),
        ("{steps: [{run: make, if: 'unix and'}]}", "unix and"),
        ("{steps: [{run: make}], script: make}", "has script and steps"),
    ],
)
def test_what_is_wrong_is_told(build: str, message: str) -> None:
    found = problems(PACKAGE + f"build: {build}\n", switches=ALL)
    assert any(message in problem.message for problem in found), found
    assert all(problem.place is not None for problem in found)


def test_nothing_else_than_a_list_holds_steps() -> None:
    assert taken_steps(None) == taken_steps("x") == ()
    assert taken_steps(({"run": ("a",), "cwd": None}, {"run": "b"}, {"run": ()})) == ({"run": ("a",)}, {"run": ("b",)})
