"""What needs a switch: refused without it at its place, and rattler-build's with it."""

from __future__ import annotations

import pytest

from builder.model.pin import Pin
from builder.model.recipe import Attestation, PinCompatible, UrlSource
from builder.model.switch import Switch
from tests.recipe import peer
from tests.recipe.given import ALL, PACKAGE, evaluated, only_problem, platforms, problems, rendered, request

V3 = {
    "flags": "build: {flags: [cuda, 'blas:mkl', {if: win, then: windows}, \"${{ 'gpu' if linux }}\", \"${{ 'x' if osx }}\"]}",
    "when": "requirements: {run: ['numpy >=2[when=\"python>=3.10 and __unix\"]']}",
    "flags of others": "requirements: {host: ['blas[flags=[\"blas:*\"]]'], run_constraints: ['b[flags=[cuda, x_y]]']}",
    "extras of others": "requirements: {run: ['rich >=13[extras=[jupyter, \"dev\"]]']}",
    "templates": "requirements: {run: ['${{ \"six\" }}[when=\"${{ target_platform == \"win-64\" and \"__win\" or \"__unix\" }}\"]']}",
    "extras": "requirements: {extras: {full: [pandas >=2, {if: unix, then: uvloop}, '${{ pin_compatible(\"numpy\") }}'], none: []}}",
    "exports": "requirements: {run_exports: {weak: ['a[when=\"b<2\"]']}}",
}  # fmt: skip


@pytest.mark.parametrize("target", ["linux-64", "win-64"])
@pytest.mark.parametrize("name", V3)
def test_the_peer_renders_the_same(name: str, target: str) -> None:
    text = PACKAGE + V3[name] + "\n"
    where = platforms(target)
    theirs, _ = peer.answers(text, where=where, switched=True)[0]
    ours = rendered(text, request(where=where), switches=ALL)
    expected = theirs.get("requirements", {})
    extras = {group: specs for group, specs in expected.pop("extras", {}).items() if specs}
    found = dict(ours["requirements"])
    assert found.pop("extras", {}) == extras
    assert found == expected
    assert ours["build"].get("flags", []) == theirs["build"].get("flags", [])


@pytest.mark.parametrize("name", sorted(V3))
def test_without_the_switch_there_is_an_error_that_names_it(name: str) -> None:
    found = problems(PACKAGE + V3[name] + "\n", switches=frozenset({Switch.EXPERIMENTAL}))
    assert found
    assert {problem.code for problem in found} == {"recipe.switch"}
    assert all("--v3" in problem.message and problem.remedy == "give --v3, or remove it" for problem in found)
    assert all(problem.place is not None and problem.place.line is not None for problem in found)


def test_requirements_of_tests_may_have_conditions_where_the_peer_refuses_them() -> None:
    text = PACKAGE + "tests: [{script: [a], requirements: {run: ['b[when=\"c\"]']}}]\n"
    assert problems(text, switches=ALL) == ()
    assert [problem.code for problem in problems(text)] == ["recipe.switch"]
    with pytest.raises(peer.PeerRefusesError, match="invalid bracket key"):
        peer.answers(text, switched=True)


def test_groups_of_extras_are_typed() -> None:
    requirements = evaluated(PACKAGE + V3["extras"] + "\n", switches=ALL).output.requirements
    numpy = PinCompatible(name="numpy", pin=Pin())
    assert requirements.extras == (("full", ("pandas >=2", "uvloop", numpy)), ("none", ()))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("build: {flags: [Cuda]}", "'Cuda' is not a flag"),
        ("build: {flags: ['a:b:c']}", "'a:b:c' is not a flag"),
        ("build: {flags: ['cuda*']}", "'cuda*' is not a flag"),
        ("requirements: {extras: {Full: [a]}}", "'Full' is not the name of a group"),
        ("requirements: {extras: {full: [a b c d]}}", "is too much"),
        ("requirements: {extras: [a]}", "requirements.extras is a list, expected a mapping"),
        ("requirements: {run: ['a[when=\"b and\"]']}", "made of specs"),
        ("requirements: {run: ['a[flags=[B]]']}", "not a flag or a pattern of flags"),
    ],
)
def test_what_is_wrong_is_told(text: str, message: str) -> None:
    assert message in only_problem(PACKAGE + text + "\n", switches=ALL).message


SOURCE = "source: {url: https://example.org/a.tar.gz, sha256: '%s', attestation: {publishers: ['github:a/b'], bundle_url: 'https://example.org/x'}}\n"


def test_an_attestation_is_read() -> None:
    (source,) = evaluated(PACKAGE + SOURCE % ("0" * 64), switches=ALL).output.source
    assert isinstance(source, UrlSource)
    assert source.attestation == Attestation(publishers=("github:a/b",), bundle_url="https://example.org/x")
    theirs, _ = peer.answers(PACKAGE + SOURCE % ("0" * 64), switched=True)[0]
    (shown,) = rendered(PACKAGE + SOURCE % ("0" * 64), switches=ALL)["source"]
    assert shown["attestation"] == theirs["source"][0]["attestation"]
    assert "--experimental" in only_problem(PACKAGE + SOURCE % ("0" * 64)).message


def test_staging_outputs_and_expected_commits_need_no_switch() -> None:
    text = """
recipe: {name: r, version: '1'}
outputs:
  - staging: {name: s}
    source: {git: 'https://example.org/r', tag: v1, expected_commit: '%s'}
  - package: {name: a}
    inherit: s
""" % ("0" * 40)
    assert problems(text) == ()
