"""How name, version and build string came about."""

from __future__ import annotations

from pathlib import Path

from builder.model.explanation import Explanation, NamePart
from tests.matrix.asking import at, explained


def pieces(one: Explanation) -> list[tuple[str, str]]:
    return [(part.part, part.text) for part in one.parts]


def position(part: NamePart) -> tuple[int | None, int | None]:
    assert part.place is not None
    return part.place.line, part.place.column


def test_a_usual_build_string(tmp_path: Path) -> None:
    recipe = "package:\n  name: a\n  version: '1'\nbuild:\n  number: 4\nrequirements:\n  host: [python, numpy]\n"
    (one,) = explained(tmp_path, recipe, "python: ['3.12']\nnumpy: ['2.0']\n")
    digest = one.rendering.hash
    assert pieces(one) == [
        ("name", "a"), ("version", "1"), ("prefix", "np20"), ("prefix", "py312"), ("hash", f"h{digest}"), ("number", "_4"),
    ]  # fmt: skip
    assert [part.why for part in one.parts[2:4]] == ["numpy 2.0", "python 3.12"]
    assert [position(one.parts[index]) for index in (0, 1, 5)] == [
        at(recipe, "a\n"),
        at(recipe, "'1'"),
        at(recipe, "4"),
    ]


def test_noarch_python_and_no_number(tmp_path: Path) -> None:
    (one,) = explained(tmp_path, "package: {name: a, version: '1'}\nbuild: {noarch: python}\n")
    assert [(part.text, part.why) for part in one.parts[2::2]] == [
        ("py", "noarch: python"),
        ("_0", "the build number, 0 where nobody says another"),
    ]


def test_a_build_string_of_the_recipe(tmp_path: Path) -> None:
    recipe = "context:\n  number: 1\npackage: {name: a, version: '1'}\nbuild:\n  string: x_${{ hash }}_${{ number }}\n"
    (one,) = explained(tmp_path, recipe)
    string = one.parts[-1]
    assert (string.part, string.text) == ("build string", f"x_{one.rendering.hash}_1")
    assert (string.why, position(string)) == ("x_${{ hash }}_${{ number }}", at(recipe, "x_"))
    assert [(reason.name, reason.text) for reason in string.through] == [("number", "1")]


def test_name_and_version_through_the_context(tmp_path: Path) -> None:
    recipe = (
        "context:\n  name: Some\n  major: 2\n  version: ${{ major }}.1\n"
        "recipe:\n  name: all\n  version: ${{ version }}\n"
        "outputs:\n  - package:\n      name: ${{ name | lower }}-${{ name | lower }}\n"
    )
    (one,) = explained(tmp_path, recipe)
    name, version = one.parts[:2]
    assert (name.text, position(name)) == ("some-some", at(recipe, "${{ name"))
    assert [(reason.name, reason.text) for reason in name.through] == [("name", "Some")]
    (chain,) = version.through
    assert (version.text, chain.text, chain.path) == ("2.1", "${{ major }}.1", "context.version")
    (major,) = chain.further
    assert major.place is not None
    assert (major.text, (major.place.line, major.place.column)) == ("2", at(recipe, "2\n"))


def test_outputs_say_their_own_or_take_the_recipes(tmp_path: Path) -> None:
    recipe = (
        "recipe:\n  version: '1'\nbuild:\n  number: 1\noutputs:\n"
        "  - staging:\n      name: s\n"
        "  - package:\n      name: a\n    inherit: s\n"
        "  - package:\n      name: b\n      version: '2'\n    build:\n      number: 5\n"
    )
    s, a, b = explained(tmp_path, recipe)
    assert [position(one.parts[1]) for one in (s, a, b)] == [at(recipe, "'1'"), at(recipe, "'1'"), at(recipe, "'2'")]
    assert [position(one.parts[-1]) for one in (a, b)] == [at(recipe, "1\nout"), at(recipe, "5")]
    assert s.parts[-1].place is None


def test_a_staging_output_without_a_version(tmp_path: Path) -> None:
    recipe = "outputs:\n  - staging: {name: s}\n  - package: {name: a, version: '1'}\n    inherit: s\n"
    s, _ = explained(tmp_path, recipe)
    assert (s.parts[1].text, s.parts[1].why) == ("0", "nobody says it")
