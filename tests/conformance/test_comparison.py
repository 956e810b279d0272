"""The comparison finds what is different, takes mere spelling for the same, and counts both."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ci.compare_renderings import recipe_files
from tests.conformance.comparison import Comparison, Ours, compared, summary, theirs
from tests.conformance.peer import Answer, Job, PeerOutput, ask_peer

JOB = Job(recipe=Path("recipe.yaml"))
OUTPUT = PeerOutput(
    name="a", version="1", build="h0_0", build_number=0, hash="0", subdir="linux-64", noarch=None,
    used={"k": 1, "target_platform": "linux-64"},
    requirements={"host": ["zlib >=1,<2", {"pin_subpackage": {"name": "a", "exact": True, "lower_bound": None}}]},
)  # fmt: skip
OTHER = replace(OUTPUT, name="b")
CHECKOUT = Path(__file__).parents[2]


def found(expected: Answer, actual: Ours) -> Comparison:
    return compared(JOB, expected, actual)


def test_the_same_is_the_same_in_any_order_and_number() -> None:
    assert found((OUTPUT, OTHER), (theirs(OTHER), theirs(OUTPUT))).lines == []
    assert found((OUTPUT, OUTPUT), (theirs(OUTPUT),)) == Comparison(job=JOB, agreement="both render", identical=1)
    assert found((), ()) == Comparison(job=JOB, agreement="both render")


def test_spelling_does_not_matter() -> None:
    spelt = replace(OUTPUT, requirements={"host": ["zlib  >= 1 ,<2", {"pin_subpackage": {"exact": True, "name": "a"}}]})
    assert found((OUTPUT,), (theirs(spelt),)).lines == []


@pytest.mark.parametrize(
    "change",
    [
        {"version": "2"}, {"build": "h1_0"}, {"build_number": 1}, {"hash": "1"}, {"subdir": "noarch"},
        {"noarch": "generic"}, {"used": {"k": "1", "target_platform": "linux-64"}}, {"used": {}},
        {"requirements": {"host": ["zlib >=1,<3"]}}, {"requirements": {**OUTPUT.requirements, "run": ["zlib"]}},
        {"requirements": {**OUTPUT.requirements, "build": ["cc"]}},
    ],
    ids=str,
)  # fmt: skip
def test_every_field_counts(change: dict[str, Any]) -> None:
    comparison = found((OUTPUT,), (theirs(replace(OUTPUT, **change)),))
    ((name, fields),) = comparison.differences
    (field,) = change
    assert name == "a h0_0"
    assert [one.removesuffix(" requirements") in {field, "host", "run", "build"} for one in fields] == [True]
    assert comparison.identical == len(comparison.missing) == len(comparison.extra) == 0


def test_a_difference_shows_what_differs_and_no_more() -> None:
    changed = replace(
        OUTPUT, used={"k": True, "target_platform": "linux-64", "l": "x"}, requirements={"host": ["zlib >=1,<2"]}
    )
    ((_, fields),) = found((OUTPUT,), (theirs(changed),)).differences
    assert fields["used"] == ({"k": 1}, {"k": True, "l": "x"})
    assert fields["host requirements"] == (['{"pin_subpackage": {"exact": true, "name": "a"}}'], [])


def test_one_and_true_are_different() -> None:
    truth = replace(OUTPUT, used={"k": True, "target_platform": "linux-64"})
    assert found((OUTPUT,), (theirs(truth),)).differences


def test_outputs_of_one_side_only() -> None:
    assert found((OUTPUT, OTHER), (theirs(OUTPUT),)).lines == [f"not rendered: b h0_0 {dict(OUTPUT.used)}"]
    assert found((OUTPUT,), (theirs(OUTPUT), theirs(OTHER))).lines == [
        f"rendered by us only: b h0_0 {dict(OUTPUT.used)}"
    ]


def test_an_output_is_held_against_the_one_with_most_of_its_variant() -> None:
    one, two = (replace(OUTPUT, used={"k": value, "l": "x"}, build=f"h{value}_0") for value in (1, 2))
    wrong = [theirs(replace(two, version="2", hash="9")), theirs(replace(one, version="2", hash="9"))]
    assert [name for name, _ in found((one, two), tuple(wrong)).differences] == ["a h1_0", "a h2_0"]
    assert all(set(fields) == {"version", "hash"} for _, fields in found((one, two), tuple(wrong)).differences)


def test_errors_of_one_side_only() -> None:
    assert found("broken", "broken too").lines == []
    assert found("broken", (theirs(OUTPUT),)).lines == ["peer: broken; ours: renders"]
    assert found((OUTPUT,), "broken").lines == ["peer: renders; ours: broken"]


def test_what_is_counted() -> None:
    changed = theirs(replace(OTHER, version="2"))
    counted = summary(
        [
            found((OUTPUT, OTHER), (theirs(OUTPUT), changed)),
            found((OUTPUT, OTHER), "broken"),
            found("broken", (theirs(OUTPUT),)),
            found("broken", "broken"),
            found((), (theirs(OUTPUT),)),
        ]
    )
    assert counted.jobs == {"both render": 2, "only ours fails": 1, "only the peer's fails": 1, "both fail": 1}
    assert counted.outputs == {"identical": 1, "different": 1, "missing": 2, "extra": 1}
    assert counted.fields == {"version": 1}
    assert counted.percent == 100 / 5
    assert summary([]).percent == 100


def written(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir(parents=True)
    (folder / name / "recipe.yaml").write_text(text)


def test_recipes_inside_recipes_are_test_data(tmp_path: Path) -> None:
    for name in ("a", "a/tests/data", "b/recipe"):
        written(tmp_path, name, "")
    assert [str(file.relative_to(tmp_path)) for file in recipe_files(tmp_path)] == [
        "a/recipe.yaml",
        "b/recipe/recipe.yaml",
    ]
    assert list(recipe_files(tmp_path / "a")) == [tmp_path / "a" / "recipe.yaml"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ci.compare_renderings", *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_the_script_prints_a_table_and_a_document(tmp_path: Path) -> None:
    good = "package: {name: good, version: '1'}\nrequirements: {host: [zlib]}\n"
    written(tmp_path, "good", good)
    written(tmp_path, "broken", "package: {name: broken}\n")
    written(tmp_path, "ours", "package: {name: ours, version: '1'}\nabout: {summary: \"${{ env.get('HOME') }}\"}\n")
    (tmp_path / "variants.yaml").write_text("zlib: ['1', '2']\n")
    both = ("--platform", "linux-64", "--platform", "win-64", "-m", str(tmp_path / "variants.yaml"))
    table = run(str(tmp_path), *both)
    head, *rows = [line.strip().split("  ") for line in table.stdout.splitlines()[-3:]]
    assert table.returncode == 1, table.stderr
    assert head[-1] == "outputs that agree"
    assert [row[0].strip() for row in rows] == ["linux-64", "win-64"]
    told = run(str(tmp_path), *both, "--json", "--min", "60")
    document = json.loads(told.stdout)
    assert told.returncode == 0
    assert document["win-64"]["outputs"] == {"identical": 2, "different": 0, "missing": 1, "extra": 0}
    assert document["win-64"]["recipes"]["both fail"] == 1
    assert list(document["win-64"]["differences"]) == [str(tmp_path / "ours" / "recipe.yaml")]


def test_a_peer_that_hangs_or_dies_costs_one_recipe(tmp_path: Path) -> None:
    digits = "'0', '1', '2', '3', '4', '5', '6', '7', '8', '9'"
    keys = "abcdefg"
    written(
        tmp_path,
        "slow",
        "package: {name: a, version: '1'}\nbuild: {string: \"" + "".join(f"${{{{ {key} }}}}" for key in keys) + '"}\n',
    )
    written(tmp_path, "good", "package: {name: good, version: '1'}\n")
    (tmp_path / "variants.yaml").write_text("".join(f"{key}: [{digits}]\n" for key in keys))
    jobs = [
        Job(recipe=tmp_path / name / "recipe.yaml", variants=(tmp_path / "variants.yaml",)) for name in ("slow", "good")
    ]
    slow, good = ask_peer(jobs, seconds=1)
    assert slow == "no answer in 1 s"
    assert not isinstance(good, str)
    assert [one.name for one in good] == ["good"]


def test_the_peer_says_what_is_wrong(tmp_path: Path) -> None:
    written(tmp_path, "a", "package: {name: a, version: '1', home: x}\n")
    written(tmp_path, "b", "package: {name: b, version: '1'}\nrequirements: {host: ['${{ mpi }} ${{ nowhere }}']}\n")
    (tmp_path / "b" / "variants.yaml").write_text("mpi: [openmpi]\n")
    jobs = [Job(recipe=tmp_path / name / "recipe.yaml", platform="win-64") for name in ("a", "b")]
    unknown, undefined = ask_peer(jobs)
    assert isinstance(unknown, str)
    assert isinstance(undefined, str)
    assert "unknown field 'home'" in unknown
    assert "undefined value" in undefined
