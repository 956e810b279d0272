"""Variant files as they are written: both kinds, typed values, hostile files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.errors import BakehouseError, RecipeError, UsageError
from builder.matrix.config import VariantConfig
from builder.matrix.files import MAX_KEYS, load_variants, variant_files
from builder.model.rendering import Platforms
from builder.model.variant import VariantValue
from tests.matrix.fakes import LINUX

ARM = Platforms(target="linux-aarch64", host="linux-aarch64", build="linux-64")


def written(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def loaded(folder: Path, text: str, *, name: str = "variants.yaml", platforms: Platforms = LINUX) -> VariantConfig:
    return load_variants([written(folder, name, text)], {}, platforms)


def values(config: VariantConfig) -> dict[str, tuple[VariantValue, ...]]:
    """The values, but for the two platforms."""
    return {key: one.values for key, one in config.values.items() if not key.endswith("_platform")}


def refused(folder: Path, text: str, name: str = "variants.yaml") -> list[str]:
    with pytest.raises(RecipeError) as caught:
        loaded(folder, text, name=name)
    assert all(one.place is not None and one.place.line for one in caught.value.problems)
    return [one.code for one in caught.value.problems]


def test_values_have_types_and_floats_are_text(tmp_path: Path) -> None:
    text = "k: [3, 3.10, '3', true, 'true', yes, 0x1F, 1e3, 007, +3, -3, null, '']\n"
    assert values(loaded(tmp_path, text))["k"] == (
        3, "3.10", "3", True, "true", "yes", "0x1F", "1e3", 7, 3, -3, "null", "",
    )  # fmt: skip


def test_b9_an_unquoted_version_stays_text(tmp_path: Path) -> None:
    assert values(loaded(tmp_path, "python: [3.10]\n")) == {"python": ("3.10",)}


def test_conditions_and_templates(tmp_path: Path) -> None:
    text = """\
k:
  - if: linux and aarch64
    then: [arm, 1]
    else:
      - if: unix
        then: other
  - if: win
    then: never
  - ${{ target_platform }}
  - "${{ 'x' if win }}"
  - last
"""
    assert values(loaded(tmp_path, text)) == {"k": ("other", "linux-64", "last")}
    assert values(loaded(tmp_path, text, platforms=ARM)) == {"k": ("arm", 1, "linux-aarch64", "last")}


def test_every_value_knows_its_line(tmp_path: Path) -> None:
    config = loaded(tmp_path, "# note\na:\n  - 1\n  - 2\nb: [x]\n")
    assert [origin.line for origin in config.values["a"].origins] == [3, 4]
    assert config.values["b"].origins[0].line == 5
    assert config.values["a"].origins[0].source == str(tmp_path / "variants.yaml")


def test_keys_without_values_are_known_but_have_none(tmp_path: Path) -> None:
    config = loaded(tmp_path, "a: []\nb:\n  - if: win\n    then: 1\nc: [1]\nzip_keys: [[a, c], [b]]\n")
    assert values(config) == {"c": (1,)}
    assert {"a", "b", "c"} <= config.known
    assert config.zip_keys == (("a", "c"), ("b",))


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    for text in ("", "\n\n", "# only a comment\n", "~\n"):
        assert values(loaded(tmp_path, text)) == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("- a\n", "variant.shape"),
        ("just text\n", "variant.shape"),
        ("k: 5\n", "variant.values"),
        ("k:\n", "variant.values"),
        ("k: {a: 1}\n", "variant.values"),
        ("k: [[1, 2]]\n", "variant.value"),
        ("k: [{a: 1}]\n", "variant.value"),
        ("k:\n  - if: linux\n", "variant.condition"),
        ("k:\n  - if: linux\n    then: 1\n    otherwise: 2\n", "variant.condition"),
        ("k:\n  - if: linux and\n    then: 1\n", "recipe.expression-syntax"),
        ("k:\n  - if: linx\n    then: 1\n", "recipe.undefined"),
        ("k: ['${{ other }}']\n", "recipe.undefined"),
        ("k: ['${{ 1 + }}']\n", "recipe.expression-syntax"),
        ("a-b: [1]\na_b: [2]\n", "variant.key-twice"),
        ("'a b': [1]\n", "variant.key"),
        ("PATH: [/evil]\n", "variant.key"),
        ("k: [1]\nk: [2]\n", "yaml.duplicate-key"),
        ("zip_keys: [a, b]\n", "variant.zip-shape"),
        ("zip_keys: a\n", "variant.zip-shape"),
        ("zip_keys: [[[a]]]\n", "variant.shape"),
        ("extend_keys: a\n", "variant.shape"),
        ("pin_run_as_build: [a]\n", "variant.pin"),
        ("pin_run_as_build: {a: [x]}\n", "variant.pin"),
        ("k: &a [1]\nl: *a\n", "yaml.anchor"),
        ("k: [!!python/object/apply:os.system [id]]\n", "yaml.tag"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, code: str) -> None:
    assert refused(tmp_path, text) == [code]


def test_all_problems_of_a_file_at_once(tmp_path: Path) -> None:
    text = "a: 5\nb: [[1]]\nPATH: [x]\nc:\n  - if: nope\n    then: 1\nzip_keys: [x]\n"
    assert refused(tmp_path, text) == [
        "variant.values", "variant.value", "variant.key", "recipe.undefined", "variant.zip-shape",
    ]  # fmt: skip


CBC = "conda_build_config.yaml"


def test_the_legacy_file_reads_numbers_as_text_and_has_selectors(tmp_path: Path) -> None:
    text = """\
c_compiler_version:   # [unix]
  - 13                # [linux and not aarch64]
  - 12                # [aarch64]
  - 14  # a note
python:
  - 3.10
  - 3.11.* *_cpython
flag:
  - true
  - 007
  - [x]  # [win]
flow: [3, 3.10, true, x]
scalar: armv7
gone:
  - 1                 # [win]
m2w64:                # [win]
  - 5                 # [win]
"""
    assert values(loaded(tmp_path, text, name=CBC)) == {
        "c_compiler_version": ("13", "14"),
        "python": ("3.10", "3.11.* *_cpython"),
        "flag": (True, "007"),
        "flow": (3, "3.10", True, "x"),
        "scalar": ("armv7",),
    }


def test_selectors_of_the_legacy_file_see_the_host_and_the_environment(tmp_path: Path) -> None:
    text = "k:\n  - a\n  - b  # [os.environ.get('CUDA', 'no') == 'yes' and aarch64]\n"
    file = written(tmp_path, CBC, text)
    config = load_variants([file], {}, ARM, {"CUDA": "yes", "HOME": "/root"})
    assert values(config) == {"k": ("a", "b")}
    assert config.asked == {"CUDA"}
    assert values(load_variants([file], {}, ARM)) == {"k": ("a",)}
    assert values(load_variants([file], {}, LINUX, {"CUDA": "yes"})) == {"k": ("a",)}


def test_lines_of_the_legacy_file_keep_their_numbers(tmp_path: Path) -> None:
    config = loaded(tmp_path, "a:\n  - 1  # [win]\n  - 2  # [linux]\n", name=CBC)
    assert [str(origin) for origin in config.values["a"].origins] == [f"{tmp_path / CBC}:3"]


def test_zip_keys_and_pins_of_the_legacy_file(tmp_path: Path) -> None:
    text = """\
a:
  - 1
b:
  - 2
zip_keys:
  -               # [unix]
    - a           # [unix]
    - b-x         # [win]
    - b           # [linux]
  -
    - c           # [win]
pin_run_as_build:
  zlib:
    max_pin: x.x
    why: {no: matter}
  gone: x.x.x
extend_keys:
  - pin_run_as_build
  - b-x
"""
    config = loaded(tmp_path, text, name=CBC)
    assert config.zip_keys == (("a", "b"),)
    assert config.pin_run_as_build == {"zlib": {"max_pin": "x.x"}, "gone": {"min_pin": "x.x.x", "max_pin": "x.x.x"}}
    assert config.extend_keys == {"pin_run_as_build", "b_x"}


def test_selectors_only_count_in_a_file_of_that_name(tmp_path: Path) -> None:
    assert values(loaded(tmp_path, "k:\n  - 1  # [win]\n")) == {"k": (1,)}


def test_b6_a_selector_that_wants_to_run_code(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    text = f"k:\n  - 1\n  - 2  # [__import__('os').system('touch {mark}')]\n"
    assert refused(tmp_path, text, CBC) == ["variant.selector"]
    assert not mark.exists()


def test_platforms_are_those_of_the_build_whatever_files_say(tmp_path: Path) -> None:
    config = loaded(tmp_path, "target_platform: [win-64, osx-64]\nk: [1, 2]\nzip_keys: [[target_platform, k]]\n")
    assert config.values["target_platform"].values == ("linux-64",)
    assert config.values["build_platform"].values == ("linux-64",)
    assert config.zip_keys == ()


def test_files_merge_in_order_and_options_win(tmp_path: Path) -> None:
    one = written(tmp_path, "one.yaml", "a: [1]\nb: [1]\nextend_keys: [b]\n")
    two = written(tmp_path, "two.yaml", "a: [2]\nb: [2]\nc: [2]\n")
    config = load_variants([one, two], {"c": ["3"]}, LINUX)
    assert values(config) == {"a": (2,), "b": (1, 2), "c": ("3",)}


def test_b2_unequal_zip_groups_are_refused_at_their_place(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="a has 2, b has 3") as caught:
        loaded(tmp_path, "a: [1, 2]\nb: [1, 2, 3]\nzip_keys:\n  - [a, b]\n")
    place = caught.value.problems[0].place
    assert place is not None
    assert (place.line, place.column) == (4, 5)


def test_discovery_beside_the_recipe(tmp_path: Path) -> None:
    given = Path("given.yaml")
    assert variant_files(tmp_path, [given]) == (given,)
    legacy = written(tmp_path, CBC, "")
    assert variant_files(tmp_path, [given]) == (legacy, given)
    typed = written(tmp_path, "variants.yaml", "")
    assert variant_files(tmp_path) == (typed,)


def test_b7_links_pipes_and_folders_are_refused_unread(tmp_path: Path) -> None:
    target = written(tmp_path, "real.yaml", "k: [1]\n")
    link, pipe = tmp_path / "link.yaml", tmp_path / "pipe.yaml"
    link.symlink_to(target)
    os.mkfifo(pipe)
    for file in (link, pipe, tmp_path):
        with pytest.raises(RecipeError) as caught:
            load_variants([file], {}, LINUX)
        assert caught.value.problems[0].code == "variant.not-a-file"


def test_a_missing_file_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no variant file"):
        load_variants([tmp_path / "none.yaml"], {}, LINUX)


def test_b8_too_many_keys_and_too_much_text(tmp_path: Path) -> None:
    many = "".join(f"k{number}: [1]\n" for number in range(MAX_KEYS + 1))
    with pytest.raises(UsageError, match="keys, at most"):
        loaded(tmp_path, many)
    with pytest.raises(BakehouseError, match="at most"):
        loaded(tmp_path, f"k: [{'x' * (1 << 20)}]\n")


@pytest.mark.parametrize("data", [b"\xff\xfek: [1]\n", b"k: [\xe9]\n", b"k: [\x00]\n"])
def test_files_that_are_no_text(tmp_path: Path, data: bytes) -> None:
    for name in ("variants.yaml", CBC):
        file = tmp_path / name
        file.write_bytes(data)
        with pytest.raises(RecipeError) as caught:
            load_variants([file], {}, LINUX)
        assert caught.value.problems[0].code == "yaml.encoding"
