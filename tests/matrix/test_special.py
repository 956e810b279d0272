from __future__ import annotations

from pathlib import Path

import pytest

from builder.matrix import load_variants
from builder.matrix.keys import ALWAYS_USED, check_key
from builder.matrix.special import COUNTED, FROM_OUTSIDE, STATEMENTS
from builder.model.rendering import Platforms

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
SAID = {
    "zip_keys": "[[grain, water]]",
    "extend_keys": "[grain]",
    "pin_run_as_build": "{grain: x.x}",
    "ignore_version": "[grain]",
}


def read(folder: Path, text: str) -> set[str]:
    (folder / "variants.yaml").write_text(text, encoding="utf-8")
    return set(load_variants([folder / "variants.yaml"], {}, LINUX).values)


@pytest.mark.parametrize("name", [key.name for key in STATEMENTS])
def test_a_statement_is_no_key(tmp_path: Path, name: str) -> None:
    keys = read(tmp_path, f"{name}: {SAID[name]}\ngrain: [rye]\nwater: [cold]\n")
    assert keys == {"grain", "water", *FROM_OUTSIDE}


@pytest.mark.parametrize("name", [key.name for key in COUNTED])
def test_what_always_counts_is_a_key_with_values(tmp_path: Path, name: str) -> None:
    assert check_key(name) is None
    assert name in ALWAYS_USED
    assert name in read(tmp_path, f"{name}: [a]\n")


@pytest.mark.parametrize("name", FROM_OUTSIDE)
def test_what_comes_from_the_command_line_cannot_be_set(tmp_path: Path, name: str) -> None:
    (tmp_path / "variants.yaml").write_text(f"{name}: [win-64]\n", encoding="utf-8")
    found = load_variants([tmp_path / "variants.yaml"], {}, LINUX).values[name]
    assert found.values == ("linux-64",)
    assert [origin.source for origin in found.origins] == [f"--{name.replace('_', '-')}"]


def test_every_one_says_what_it_is() -> None:
    for key in (*STATEMENTS, *COUNTED):
        assert key.holds
        assert key.doc.endswith(".")
    assert len({key.name for key in (*STATEMENTS, *COUNTED)}) == len(STATEMENTS) + len(COUNTED)
