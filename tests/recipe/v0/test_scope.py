"""Names of selectors, as conda-build gives them."""

from __future__ import annotations

import pytest

from builder.model.rendering import Platforms
from builder.recipe.v0.scope import LegacyVariant, Scope

VARIANT: LegacyVariant = {
    "python": "3.12.* *_cpython", "numpy": "2.1", "number": "7", "flag": "True", "text": "x", "many": ("1", "b"), "linux": "no",
}  # fmt: skip


def scope(host: str, variant: LegacyVariant = VARIANT, environment: dict[str, str] | None = None) -> Scope:
    return Scope(variant, Platforms(target=host, host=host, build="linux-64"), environment or {})


@pytest.mark.parametrize(
    ("host", "true", "false"),
    [
        ("linux-64", "linux linux64 unix x86 x86_64", "win osx aarch64 arm win64 arm64"),
        ("linux-aarch64", "linux aarch64 unix", "x86 x86_64 linux64 arm arm64"),
        ("linux-armv7l", "linux armv7l arm unix", "aarch64"),
        ("osx-arm64", "osx arm64 unix", "x86 linux aarch64"),
        ("win-64", "win win64 x86 x86_64", "unix linux win32"),
        ("win-32", "win win32 x86", "x86_64 win64"),
        ("emscripten-wasm32", "emscripten wasm32 unix", "linux"),
    ],
)
def test_platforms(host: str, true: str, false: str) -> None:
    names = scope(host).names
    assert [name for name in true.split() if names[name] is not True] == []
    assert [name for name in false.split() if names[name] is not False] == []
    assert names["build_platform"] == "linux-64"


def test_versions_are_short_numbers() -> None:
    names = scope("linux-64").names
    assert (names["py"], names["py3k"], names["py2k"], names["py36"], names["np"]) == (312, True, False, False, 21)
    old = scope("linux-64", {"python": "2.7.*", "lua": "2.0"}).names
    assert (old["py"], old["py2k"], old["py27"], old["luajit"], old["np"]) == (27, True, True, True, 123)


def test_variant_keys_are_numbers_and_truth_values_where_they_look_so() -> None:
    names = scope("linux-64").names
    assert (names["number"], names["flag"], names["text"], names["many"]) == (7, True, "x", (1, "b"))


def test_a_key_does_not_hide_a_platform_and_a_variable_hides_a_key() -> None:
    found = scope("linux-64", environment={"text": "from outside"})
    assert found.names["linux"] is True
    assert found.holds("text == 'from outside'")


def test_selectors_are_evaluated_once() -> None:
    found = scope("linux-64")
    assert found.holds("linux and py >= 312")
    assert found.holds("linux and py >= 312")
    assert not found.holds("win")


def test_values_as_text() -> None:
    found = scope("linux-64")
    assert (found.text("text"), found.text("many", "none"), found.texts("many"), found.texts("text")) == (
        "x",
        "none",
        ("1", "b"),
        ("x",),
    )
    assert found.target_platform == "linux-64"
    assert scope("linux-64", {"target_platform": "linux-aarch64"}).target_platform == "linux-aarch64"


def test_templates_see_lists_as_lists_and_all_else_as_text() -> None:
    found = scope("linux-64", {"number": "7", "nested": {"a": ("1", ("2",))}, "many": ("x",)})
    assert found.plain == {"number": "7", "nested": {"a": ["1", ["2"]]}, "many": ["x"]}
    assert found.keys == ("number", "nested", "many")
    assert "number" not in found.own_names
