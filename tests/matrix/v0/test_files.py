"""Variant files as they count for a ``meta.yaml``: each is read once, and every value knows its line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError, UsageError
from builder.matrix.v0 import LegacyFiles
from builder.matrix.v0.config import LegacyConfig, defaults
from builder.matrix.v0.files import read_config, read_spec
from builder.model.rendering import Platforms

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


def file(folder: Path, text: str, name: str = "conda_build_config.yaml") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder / name


def config(*files: Path, environment: Mapping[str, str] | None = None) -> LegacyConfig:
    return LegacyFiles(LINUX, {}, environment or {}).config(files)


def test_every_value_is_text(tmp_path: Path) -> None:
    text = "a:\n  - 3\n  - 3.10\n  - true\n  - 010\nb: 1.20\nc:\n  d: 1\n"
    found = config(file(tmp_path, text)).values
    assert (found["a"], found["b"], found["c"]) == (("3", "3.10", "true", "010"), ("1.20",), {"d": "1"})


def test_values_know_their_lines_whatever_selectors_take_away(tmp_path: Path) -> None:
    text = "# first\na:\n  - 1  # [win]\n  - 2  # [linux]\n\n  - 3\nb: 4\nnone:\n  - 5  # [osx]\n"
    made = file(tmp_path, text)
    assert config(made).lines == {str(made): {"a": (4, 6), "b": (7,)}}
    assert "none" not in config(made).values


def test_a_file_is_read_once(tmp_path: Path) -> None:
    shared, own = file(tmp_path, "a:\n  - 1\n"), file(tmp_path / "own", "b:\n  - 2\n")
    files = LegacyFiles(LINUX, {}, {})
    first = files.config([shared])
    shared.unlink()
    assert files.config([shared]).values == first.values
    assert files.config([own, shared]).values["b"] == ("2",)


def test_the_last_file_counts_most_and_options_more(tmp_path: Path) -> None:
    first, last = file(tmp_path, "a:\n  - 1\n"), file(tmp_path / "last", "a:\n  - 2\n")
    assert config(first, last).values["a"] == ("2",)
    assert LegacyFiles(LINUX, {"a": ("3", "4")}, {}).config([first, last]).values["a"] == ("3", "4")


@pytest.mark.parametrize(("environment", "expected"), [({}, ("1",)), ({"WHOLE": "yes"}, ("1", "2"))])
def test_variables_that_selectors_read_are_told(
    environment: dict[str, str], expected: tuple[str, ...], tmp_path: Path
) -> None:
    made = file(tmp_path, "a:\n  - 1\n  - 2  # [os.environ.get('WHOLE') == 'yes']\n  - 3  # [odd_name]\n")
    found = config(made, environment=environment)
    assert found.values["a"] == expected
    assert {"WHOLE", "odd_name"} <= found.asked


def test_a_variable_could_hide_a_default(tmp_path: Path) -> None:
    """So what depends on a selector that reads `python` depends on the variable of that name."""
    made = file(tmp_path, "a:\n  - 1\n  - 2  # [python == 'set']\n")
    assert config(made).values["a"] == ("1",)
    assert config(made, environment={"python": "set"}).values["a"] == ("1", "2")
    assert "python" in config(made).asked


class TestFilesOfRattlerBuild:
    def test_conditions(self, tmp_path: Path) -> None:
        text = "a:\n  - if: linux\n    then: ['1.0', 2, true]\n    else: [9]\nzip_keys: [[a, b]]\nb: [x, y, z]\n"
        found = config(file(tmp_path, text, "variants.yaml"))
        assert (found.values["a"], found.values["b"]) == (("1.0", "2", "true"), ("x", "y", "z"))
        assert found.zip_keys == (("a", "b"),)
        assert found.lines[str(tmp_path / "variants.yaml")]["a"] == (3, 3, 3)

    def test_what_the_platform_decides_stays_ours(self, tmp_path: Path) -> None:
        found = config(file(tmp_path, "a:\n  - if: unix\n    then: 1\n", "variants.yaml"))
        assert found.values["target_platform"] == ("linux-64",)
        assert "build_platform" not in found.values

    def test_without_conditions_it_is_conda_builds(self, tmp_path: Path) -> None:
        found = config(file(tmp_path, "a:\n  - 010\n  - 2  # [win]\n", ".ci_support.yaml"))
        assert found.values["a"] == ("010",)

    def test_lists_in_brackets_are_lists(self, tmp_path: Path) -> None:
        assert config(file(tmp_path, "a: ['1', '2']\n", "linux.yaml")).values["a"] == ("1", "2")

    def test_pins_and_ignored_keys_come_along(self, tmp_path: Path) -> None:
        text = "a: ['1', '2']\npin_run_as_build:\n  a: x.x\nextend_keys: [a]\nignore_version: [a]\n"
        found = config(file(tmp_path, text, "linux.yaml")).values
        pins = found["pin_run_as_build"]
        assert isinstance(pins, Mapping)
        assert pins["a"] == {"min_pin": "x.x", "max_pin": "x.x"}
        assert found["ignore_version"] == ("a",)
        assert "a" in set(found["extend_keys"])

    def test_variables_are_told(self, tmp_path: Path) -> None:
        found = config(file(tmp_path, "a:\n  - if: linux\n    then: 1\n", "v.yaml"))
        assert found.asked >= defaults(LINUX).keys()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- a\n", "variant.shape"),
        ("a: [\n", "yaml.syntax"),
        ("a-b:\n  - 1\n", "variant.zip"),
        ("zip_keys:\n  -\n    - a\n    - b\na:\n  - 1\nb:\n  - 1\n  - 2\n", "variant.zip"),
        ("a:\n  - 1  # [linux and]\n", "recipe.selector"),
    ],
)
def test_what_is_wrong_has_its_place(text: str, code: str, tmp_path: Path) -> None:
    made = file(tmp_path, text)
    with pytest.raises(RecipeError) as caught:
        config(made)
    problem = caught.value.problems[0]
    assert problem.code == code
    assert problem.place is not None
    assert problem.place.file == str(made)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no variant file"):
        config(tmp_path / "none.yaml")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(file(tmp_path, "a: 1\n"))
    for name in ("folder", "pipe", "link"):
        with pytest.raises(RecipeError, match="must be a regular file"):
            config(tmp_path / name)


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert config(file(tmp_path, "")).values == config().values
    assert config(file(tmp_path, "# nothing\n")).values == config().values
    assert config(file(tmp_path, "a:\n  - 1  # [win]\n")).values == config().values


def test_one_file_by_itself(tmp_path: Path) -> None:
    made = file(tmp_path, "a:\n  - 1  # [yes]\n  - 2  # [no]\n")
    assert read_spec(made, lambda selector: selector == "yes") == {"a": ("1",)}
    assert read_config([made], {}, LINUX, {}).values == config(made).values


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True).filter(lambda key: key not in defaults(LINUX)),
        st.lists(st.from_regex(r"[0-9a-z]{1,6}", fullmatch=True), min_size=1, max_size=4, unique=True),
        max_size=6,
    )
)
def test_block_lists_come_out_as_they_are_written(tmp_path_factory: pytest.TempPathFactory, spec: object) -> None:
    assert isinstance(spec, dict)
    text = "".join(f"{key}:\n" + "".join(f"  - '{value}'\n" for value in values) for key, values in spec.items())
    made = file(tmp_path_factory.mktemp("some"), text)
    found = config(made)
    assert {key: found.values[key] for key in spec} == {key: tuple(values) for key, values in spec.items()}
    written = text.splitlines()
    for key, lines in found.lines[str(made)].items():
        assert [written[line - 1].strip(" -'") for line in lines] == spec[key]


def test_the_same_files_are_put_together_once(tmp_path: Path) -> None:
    pinning, own = file(tmp_path, "zlib: 1\n"), file(tmp_path, "zlib: 2\n", "own.yaml")
    files = LegacyFiles(Platforms(target="linux-64", host="linux-64", build="linux-64"), {}, {})
    first = files.config([pinning])
    assert files.config((own, pinning)).values["zlib"] == ("1",)
    assert files.config([pinning, own]).values["zlib"] == ("2",)
    assert files.config([pinning]) is first
