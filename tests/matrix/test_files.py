"""Finding, reading and merging variant files; files that are hostile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.errors import BakehouseError, RecipeError, UsageError
from builder.matrix.config import VariantConfig
from builder.matrix.files import load_variants, variant_files
from builder.matrix.parse import MAX_KEYS
from builder.model.rendering import Platforms
from builder.model.variant import VariantValue
from tests.matrix.fakes import LINUX

CBC = "conda_build_config.yaml"
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


def test_selectors_of_the_legacy_file_see_the_host_and_the_environment(tmp_path: Path) -> None:
    text = "k:\n  - a\n  - b  # [os.environ.get('CUDA', 'no') == 'yes' and aarch64]\n"
    file = written(tmp_path, CBC, text)
    config = load_variants([file], {}, ARM, {"CUDA": "yes", "HOME": "/root"})
    assert values(config) == {"k": ("a", "b")}
    assert config.asked == {"CUDA"}
    assert values(load_variants([file], {}, ARM)) == {"k": ("a",)}
    assert values(load_variants([file], {}, LINUX, {"CUDA": "yes"})) == {"k": ("a",)}


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
    assert refused(tmp_path, many) == ["variant.too-many-keys"]
    halves = [written(tmp_path, f"{part}.yaml", many.replace("k", part)) for part in "ab"]
    for half in halves:
        half.write_text(half.read_text().rpartition("\n")[0].rpartition("\n")[0])
    with pytest.raises(UsageError, match="keys, at most"):
        load_variants(halves, {}, LINUX)
    assert len(load_variants(halves[:1], {}, LINUX).values) == MAX_KEYS + 2
    with pytest.raises(BakehouseError, match="more than 1048576 bytes"):
        loaded(tmp_path, f"k: [{'x' * (1 << 20)}]\n")


@pytest.mark.parametrize("data", [b"\xff\xfek: [1]\n", b"k: [\xe9]\n", b"k: [\x00]\n"])
def test_files_that_are_no_text(tmp_path: Path, data: bytes) -> None:
    for name in ("variants.yaml", CBC):
        file = tmp_path / name
        file.write_bytes(data)
        with pytest.raises(RecipeError) as caught:
            load_variants([file], {}, LINUX)
        assert caught.value.problems[0].code == "yaml.encoding"


def test_variant_files_are_read_for_the_target_where_the_host_is_another(tmp_path: Path) -> None:
    (tmp_path / "variants.yaml").write_text("system:\n  - if: win\n    then: windows\n    else: other\n")
    (tmp_path / "conda_build_config.yaml").write_text("shell:\n  - cmd   # [win]\n  - bash  # [unix]\n")
    files = [tmp_path / "variants.yaml", tmp_path / "conda_build_config.yaml"]
    config = load_variants(files, {}, Platforms(target="win-64", host="linux-64", build="linux-64"))
    assert (config.values["system"].values, config.values["shell"].values) == (("windows",), ("cmd",))
