"""Data files beside a recipe, as expression values."""

from __future__ import annotations

import pytest

from builder.syntax.data import read_data
from builder.syntax.reader import MAX_BYTES
from builder.syntax.value import ExpressionError, Value


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("a.yaml", "name: zlib\nn: 1\nf: 1.5\nb: true\ns: '1'\nz:\nl: [1, x]\n",
         {"b": True, "f": 1.5, "l": (1, "x"), "n": 1, "name": "zlib", "s": "1", "z": None}),
        ("a.yml", "- a\n- {b: c}\n", ("a", {"b": "c"})),
        ("dir/a.JSON", '{"b": [1, 2.5, null, true], "a": {"c": "d"}}', {"a": {"c": "d"}, "b": (1, 2.5, None, True)}),
        ("a.toml", 'name = "x"\n[tool.y]\nv = "1"\nwhen = 2024-01-01\n', {"name": "x", "tool": {"y": {"v": "1", "when": "2024-01-01"}}}),
        ("VERSION", "1.2.3\n", "1.2.3\n"),
        ("a.txt", "é", "é"),
    ],
)  # fmt: skip
def test_what_files_hold(path: str, text: str, value: Value) -> None:
    assert read_data(text.encode(), path) == value


def test_mappings_are_in_the_order_of_their_keys() -> None:
    for path, text in (("a.json", '{"b": 1, "a": 2}'), ("a.yaml", "b: 1\na: 2\n"), ("a.toml", "b = 1\na = 2\n")):
        found = read_data(text.encode(), path)
        assert isinstance(found, dict)
        assert list(found) == ["a", "b"]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.json", b"{"), ("a.toml", b"a = "), ("a.yaml", b"a: ["), ("a.yaml", b"a: &x 1"), ("a.txt", b"\xff"), ("a.toml", b"\xff"),
        ("a.json", b"[" * 100_000), ("a.json", b"[" + b"1," * 100_000 + b"1]"), ("a.txt", b"x" * (MAX_BYTES + 1)),
    ],
)  # fmt: skip
def test_broken_or_huge_files_are_refused(path: str, data: bytes) -> None:
    with pytest.raises(ExpressionError):
        read_data(data, path)


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("a.json", rb'{"a": ["\u0000"]}'),
        ("a.json", rb'{"\ud800": 1}'),
        ("a.json", rb'"\udfff"'),
        ("a.txt", b"a\0b"),
        ("a.yaml", rb'a: "\0"'),
    ],
)
def test_what_no_file_can_hold_is_no_value(path: str, data: bytes) -> None:
    with pytest.raises(ExpressionError, match="which no file can hold"):
        read_data(data, path)
