"""Limits and permissions of a `bakehouse.yaml`: what they come to, and every mistake with its place."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from builder.cli.collection import read_collection
from builder.cli.collection_sandbox import grants_of, limits_of
from builder.errors import Problem, RecipeError
from builder.model.permission import Allowed, ExtraMount, Permissions
from builder.syntax import read_yaml

GIB = 1 << 30


def parsed(text: str) -> tuple[dict[str, Allowed], list[Problem]]:
    problems: list[Problem] = []
    found = grants_of(read_yaml(text.encode(), "f"), Path("/root"), problems.append)
    assert all((grant.by, grant.beside) == ("allow", Path("/root")) for grant in found)
    return {grant.name: grant.allowed for grant in found}, problems


def test_limits_for_all_and_for_some() -> None:
    text = "{memory: 8G, wall: 90m, processes: 100, zlib: {memory: 2G, silence: none}, memory: 1}".replace(
        ", memory: 1", ""
    )
    problems: list[Problem] = []
    found = limits_of(read_yaml(text.encode(), "f"), problems.append)
    assert not problems
    assert found == (
        ("", "memory", 8 * GIB),
        ("", "wall_seconds", 5400),
        ("", "processes", 100),
        ("zlib", "memory", 2 * GIB),
        ("zlib", "silence_seconds", None),
    )


def test_a_recipe_may_be_called_as_a_limit_is() -> None:
    problems: list[Problem] = []
    found = limits_of(read_yaml(b"{memory: {memory: 1G}, wall: 1m}", "f"), problems.append)
    assert not problems
    assert found == (("memory", "memory", GIB), ("", "wall_seconds", 60))


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("memory: lots", 1, 9),
        ("wall: 1h\nram: 8G", 2, 1),
        ("zlib:\n  wall: 0", 2, 9),
        ("zlib:\n  deep: {wall: 1}", 2, 9),
        ("zlib: [1]", 1, 7),
        ("[1]", 1, 1),
    ],
)
def test_limits_that_are_none_have_a_place(text: str, line: int, column: int) -> None:
    problems: list[Problem] = []
    limits_of(read_yaml(text.encode(), "f"), problems.append)
    (problem,) = problems
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (line, column)
    assert problem.code in {"collection.limits", "collection.shape"}


def test_permissions() -> None:
    found, problems = parsed(
        """
        zlib: {network: true}
        cuda: {mounts: ["/usr/local/cuda:/opt/cuda", "data:/opt/data:rw"]}
        curl: {network: false, tests: {network: true, mounts: []}}
        """
    )
    assert not problems
    assert found["zlib"] == Allowed(build=Permissions(network=True))
    assert found["cuda"].build.mounts == (
        ExtraMount(source=Path("/usr/local/cuda"), inside=PurePosixPath("/opt/cuda")),
        ExtraMount(source=Path("/root/data"), inside=PurePosixPath("/opt/data"), writable=True),
    )
    assert found["curl"] == Allowed(tests=Permissions(network=True))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("zlib: true", "must be a mapping"),
        ("zlib: {network: yes please}", "must be true or false"),
        ('zlib: {network: "true"}', "must be true or false"),
        ("zlib: {net: true}", "nothing is allowed by 'net'"),
        ("zlib: {tests: {tests: {}}}", "nothing is allowed by 'tests'"),
        ("zlib: {mounts: /opt:/opt}", "must be a list of texts"),
        ("zlib: {mounts: [/opt/data]}", "'/opt/data' is not SOURCE:INSIDE"),
        ("zlib: {mounts: ['/opt:/usr']}", "belongs to the sandbox itself"),
        ("zlib: {mounts: [[a]]}", "must be a list of texts"),
        ("[zlib]", "must be a mapping"),
    ],
)
def test_permissions_that_are_none(text: str, said: str) -> None:
    _, (problem,) = parsed(text)
    assert said in problem.message
    assert problem.place is not None


def test_all_of_a_file_is_told_at_once_and_nobody_is_unsealed_by_a_file(tmp_path: Path) -> None:
    file = tmp_path / "bakehouse.yaml"
    file.write_text("isolation: none\nlimits: {ram: 1}\nallow:\n  x: {net: 1}\n")
    with pytest.raises(RecipeError) as caught:
        read_collection(file)
    assert [problem.place.line for problem in caught.value.problems if problem.place] == [1, 2, 4]
    assert "command line" in caught.value.problems[0].message
