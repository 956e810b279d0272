"""Whole recipes: what conda-build 26.7 makes of them is in facts.json (``render``, nothing solved)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.matrix.v0 import read_config, render_meta
from builder.matrix.v0.render import LegacyRendering
from builder.model.rendering import Platforms
from builder.recipe.v0 import load_meta

HERE = Path(__file__).parent
FACTS: dict[str, list[dict[str, object]]] = json.loads((HERE / "facts.json").read_text())
LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


def rendered(recipe: Path, *, platforms: Platforms = LINUX, limit: int = 1000) -> tuple[LegacyRendering, ...]:
    beside = [file for file in [recipe.with_name("conda_build_config.yaml")] if file.is_file()]
    config = read_config([*beside, HERE / "recipes" / "pinning.yaml"], {}, platforms, {})
    text = load_meta(recipe, lambda path: (recipe.parent / path).read_bytes())
    return render_meta(text, config, platforms, {}, limit)


def record(one: LegacyRendering) -> dict[str, object]:
    metadata = one.metadata
    return {
        "name": metadata.name,
        "version": metadata.version,
        "build": one.build_string,
        "build_number": metadata.number,
        "hash": one.hash,
        "subdir": "noarch" if metadata.noarch else "linux-64",
        "used": dict(one.used),
        "build_reqs": sorted(metadata.requirements("build")),
        "host_reqs": sorted(metadata.requirements("host")),
        "run_reqs": sorted(metadata.requirements("run")),
        "run_constraints": sorted(metadata.requirements("run_constrained")),
    }


@pytest.mark.parametrize("name", sorted(FACTS))
def test_a_recipe_is_rendered_as_by_conda_build(name: str) -> None:
    ours = [record(one) for one in rendered(HERE / "recipes" / name / "meta.yaml")]
    assert sorted(ours, key=lambda one: (str(one["name"]), str(one["build"]))) == FACTS[name]


def written(folder: Path, text: str) -> Path:
    recipe = folder / "meta.yaml"
    recipe.write_text(text)
    return recipe


def test_a_skipped_recipe_comes_to_nothing(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: {{ missing }}\nbuild:\n  skip: true  # [linux]\n"
    assert rendered(written(tmp_path, text)) == ()


def test_too_many_variants_are_counted_before_they_are_made(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: 1\nrequirements:\n  host:\n    - python\n    - {{ mpi }}\n"
    with pytest.raises(RecipeError, match="rendered 4 times") as caught:
        rendered(written(tmp_path, text), limit=3)
    assert "python (2 values)" in str(caught.value.problems[0].remedy)


def test_a_name_that_nobody_defines_is_an_error_at_its_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="'flavour' is undefined") as caught:
        rendered(written(tmp_path, "package:\n  name: a\n  # [win]\n  version: {{ flavour }}\n"))
    place = caught.value.problems[0].place
    assert place is not None
    assert (place.line, place.frame) == (4, "  version: {{ flavour }}")


def test_another_platform_has_its_own_lines(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: 1\nrequirements:\n  host:\n    - zlib  # [linux]\n    - winlib  # [win]\n"
    windows = Platforms(target="win-64", host="win-64", build="win-64")
    (one,) = rendered(written(tmp_path, text), platforms=windows)
    assert one.metadata.requirements("host") == ["winlib"]


def test_of_outputs_that_come_to_the_same_the_last_one_stays(tmp_path: Path) -> None:
    text = (
        "{% set number = 1 if mpi == 'nompi' else 2 %}\n"
        "package:\n  name: top\n  version: 1\nbuild:\n  number: {{ number }}\n"
        "outputs:\n  - name: a\n    build:\n      string: same\n"
    )
    (one,) = rendered(written(tmp_path, text))
    assert (one.metadata.name, one.metadata.number) == ("a", 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("outputs:\n  - requirements:\n      - zlib\n", "an output has no name"),
        ("requirements:\n  run:\n    - {pip: x}\n", "each requirement in run must be text"),
        ("outputs:\n  - name: b\n    requirements:\n      - - x\n", "each requirement in requirements must be text"),
        ("requirements:\n  - zlib\n", "the section requirements must be a mapping"),
    ],
)
def test_what_is_no_recipe_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        rendered(written(tmp_path, f"package:\n  name: a\n  version: 1\n{text}"))
    place = caught.value.problems[0].place
    assert place is not None
    assert place.file == str(tmp_path / "meta.yaml")


def test_a_wheel_needs_no_name_of_its_own(tmp_path: Path) -> None:
    text = "package:\n  name: a\n  version: 1\noutputs:\n  - type: wheel\n  - name: a\n"
    assert [one.metadata.name for one in rendered(written(tmp_path, text))] == ["a"]


def test_outputs_that_are_fewer_in_the_text_than_in_the_recipe_are_rendered(tmp_path: Path) -> None:
    """conda-build gives up with an index error: its pattern finds one entry, the loop makes two."""
    text = (
        "package:\n  name: top\n  version: 1\noutputs:\n{% for part in ['a', 'b'] %}\n"
        "  - name: top-{{ part }}\n    requirements:\n      host:\n        - {{ mpi }}\n{% endfor %}\n"
    )
    assert {one.metadata.name for one in rendered(written(tmp_path, text))} == {"top-a", "top-b"}


def test_a_circle_that_only_skipped_variants_have_is_no_circle(tmp_path: Path) -> None:
    text = (
        "package:\n  name: top\n  version: 1\nbuild:\n  skip: true  # [mpi != 'nompi']\noutputs:\n"
        "  - name: hen\n    requirements:\n      run:\n        - egg  # [mpi != 'nompi']\n"
        "  - name: egg\n    requirements:\n      run:\n        - hen\n"
    )
    assert [one.metadata.name for one in rendered(written(tmp_path, text))] == ["hen", "egg"]


def test_unused_keys_are_never_multiplied(tmp_path: Path) -> None:
    """Twenty keys of ten values each: as a product, no computer has room for them."""
    values = "".join(f"key{number}:\n" + "  - v{}\n" * 10 for number in range(20))
    (tmp_path / "conda_build_config.yaml").write_text(values.format(*(list(range(10)) * 20)))
    text = "package:\n  name: a\n  version: 1\nrequirements:\n  host:\n    - key3\n    - {{ key7 }}\n"
    assert len(rendered(written(tmp_path, text))) == 100


def test_a_bare_requirement_whose_key_is_not_used_has_the_last_value(tmp_path: Path) -> None:
    """conda-build takes the value of some variant, of another one each time."""
    (one,) = rendered(written(tmp_path, "package:\n  name: a\n  version: 1\nrequirements:\n  build:\n    - python\n"))
    assert one.metadata.requirements("build") == ["python 3.13.* *_cp313"]
