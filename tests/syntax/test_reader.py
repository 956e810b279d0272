"""Reading YAML: what it gives, and every refusal with its place (ids A1 to A6 and A8)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import Problem, RecipeError
from builder.syntax.node import Mapping, Node, Scalar, Sequence
from builder.syntax.reader import MAX_BYTES, MAX_DEPTH, MAX_NODES, read_yaml


def plain(node: Node) -> object:
    match node:
        case Scalar():
            return node.text
        case Sequence():
            return [plain(item) for item in node.items]
        case Mapping():
            return {key.text: plain(value) for key, value in node.entries}


def refused(data: bytes | str) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        read_yaml(data if isinstance(data, bytes) else data.encode(), "recipe.yaml")
    assert len(caught.value.problems) == 1
    return caught.value


def problems_of(data: bytes) -> tuple[Problem, ...]:
    try:
        read_yaml(data, "f")
    except RecipeError as error:
        return error.problems
    return ()


def test_scalars_stay_text() -> None:
    text = "a: 1.10\nb: no\nc: 0o17\nd: 1e10\ne: 2024-01-01\nf: 22:22\ng: ~\nh: yes\ni: 0x1F\n"
    assert plain(read_yaml(text.encode(), "f")) == {
        "a": "1.10", "b": "no", "c": "0o17", "d": "1e10", "e": "2024-01-01", "f": "22:22", "g": "~", "h": "yes",
        "i": "0x1F",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value", "is_plain"),
    [
        ("a: word", "word", True),
        ("a: two words # and a comment", "two words", True),
        ("a: 'it''s'", "it's", False),
        ('a: "tab\\t\\u00e9"', "tab\té", False),
        ("a: |\n  one\n  two\n", "one\ntwo\n", False),
        ("a: |-\n  one\n", "one", False),
        ("a: >\n  one\n  two\n", "one two\n", False),
        ("a:", "", True),
        ("a: ''", "", False),
        ("a: ${{ name }}", "${{ name }}", True),
        ("a: '${{ name }}'", "${{ name }}", False),
        ("a: pkg >=1.2", "pkg >=1.2", True),
    ],
)
def test_styles(text: str, value: str, is_plain: bool) -> None:
    root = read_yaml(text.encode(), "f")
    assert isinstance(root, Mapping)
    found = root.get("a")
    assert isinstance(found, Scalar)
    assert (found.text, found.plain) == (value, is_plain)


def test_nested_values() -> None:
    text = "a:\n  - b\n  - c: [d, {e: f}]\n    g:\n- h\n"
    assert refused(text).problems[0].code == "yaml.syntax"
    assert plain(read_yaml(b"a:\n  - b\n  - c: [d, {e: f}]\n    g:\n", "f")) == {
        "a": ["b", {"c": ["d", {"e": "f"}], "g": ""}]
    }


def test_positions_cover_a_scalar_with_its_quotes() -> None:
    root = read_yaml(b"a: 'b c'\nd: e\n", "f")
    assert isinstance(root, Mapping)
    value = root.get("a")
    assert isinstance(value, Scalar)
    assert value.document.text[value.start : value.end] == "'b c'"


def test_windows_line_ends() -> None:
    root = read_yaml(b"a:\r\n  - b\r\n", "f")
    assert plain(root) == {"a": ["b"]}


@pytest.mark.parametrize(
    ("text", "what", "place", "offset"),
    [
        ("a: b\n# \u2028key: c\n", "U+2028", "2:3", 7),
        ("a: ö\x85\n", "U+0085", "1:5", 5),
        ("a: 'x\u202ey'\n", "U+202E", "1:6", 5),
        ("a: b\n# see\rkey: c\n", "U+000D", "2:6", 10),
        ("a: b\nc\ufeff: d\n", "U+FEFF", "2:2", 6),
        ("a: \x1b[31m\n", "U+001B", "1:4", 3),
    ],
)
def test_a8_text_is_what_it_looks_like(text: str, what: str, place: str, offset: int) -> None:
    problem = refused(text).problems[0]
    assert problem.code == "yaml.encoding"
    assert what in problem.message
    assert str(problem.place) == f"recipe.yaml:{place}"
    assert f"(byte offset {offset})" in str(problem.remedy)


@pytest.mark.parametrize("text", [r'a: "x\0y"', r'a: "\x00"', r'"\u0000": b', r'a: [x, "\0"]'])
def test_a8_escapes_make_no_nul_either(text: str) -> None:
    assert refused(text).problems[0].code == "yaml.text"


@pytest.mark.parametrize("text", [r'a: "\ud800"', r'a: {b: "\ud800", c: https://x}'])
def test_a8_escapes_make_no_half_characters(text: str) -> None:
    assert refused(text).problems[0].code in {"yaml.text", "yaml.syntax"}


def test_other_escapes_are_text() -> None:
    assert plain(read_yaml(rb'a: "\e[0m\b\u202e"', "f")) == {"a": "\x1b[0m\b\u202e"}


@pytest.mark.parametrize("item", ["a,", "[],", "{},"])
def test_values_are_counted(item: str) -> None:
    error = refused(f"a: [{item * (MAX_NODES + 1)}]")
    assert error.problems[0].code == "yaml.too-many"


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 10)}]\n" for i in range(9)
)


def test_a1_billion_laughs_stop_at_the_first_anchor() -> None:
    error = refused(LAUGHS)
    assert error.problems[0].code == "yaml.anchor"
    assert str(error) == "recipe.yaml:1:4: the anchor &a is not allowed"
    assert error.problems[0].remedy == "write the value out where it is used"


def test_a1_an_alias_without_its_anchor_is_refused() -> None:
    assert "alias *b" in str(refused("a: *b\n"))


def test_a2_merge_keys_stop_at_their_anchor() -> None:
    error = refused("a: &a {x: 1}\nb:\n  <<: [*a, *a, *a]\n")
    assert error.problems[0].code == "yaml.anchor"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: " + "[" * 20_000, 1),
        ("- " * 20_000, 1),
        ("{a: " * 20_000, 1),
        ("a:\n" + "".join(" " * i + "- \n" for i in range(1, 3)), 0),
    ],
)
def test_a3_depth_is_capped(text: str, line: int) -> None:
    if not line:
        read_yaml(text.encode(), "f")
        return
    error = refused(text)
    assert error.problems[0].code == "yaml.too-deep"
    assert error.problems[0].place is not None
    assert error.problems[0].place.line == line


def test_a3_the_cap_itself_is_allowed() -> None:
    read_yaml(("[" * MAX_DEPTH + "x" + "]" * MAX_DEPTH).encode(), "f")
    refused("[" * (MAX_DEPTH + 1) + "x" + "]" * (MAX_DEPTH + 1))


def test_a4_size_is_capped_before_anything_is_read() -> None:
    error = refused(b"\xff not even text: [" * (50 << 16))
    assert error.problems[0].code == "yaml.too-large"


def test_a4_the_cap_itself_is_allowed() -> None:
    read_yaml(b"a: " + b"x" * (MAX_BYTES - 3), "f")
    refused(b"a: " + b"x" * (MAX_BYTES - 2))


@pytest.mark.parametrize(
    "text",
    [
        "a: !!python/object/apply:os.system ['id']",
        "a: !!str 1",
        "!!map {a: b}",
        "a: !custom x",
        "a: !!binary aGk=",
        "!!str a: b",
    ],
)
def test_a5_any_tag_is_refused(text: str) -> None:
    error = refused(text)
    assert error.problems[0].code == "yaml.tag"
    assert "remove it" in (error.problems[0].remedy or "")


@pytest.mark.parametrize(
    ("text", "lines", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "1 and 3", 1),
        ("x:\n  - a: 1\n    b: 1\n    a: 1\n", "2 and 4", 5),
        ("a: 1\n'a': 2\n", "1 and 2", 1),
    ],
)
def test_a6_duplicate_keys_show_both_lines(text: str, lines: str, column: int) -> None:
    error = refused(text)
    assert error.problems[0].code == "yaml.duplicate-key"
    assert f"lines {lines}" in str(error)
    assert error.problems[0].place is not None
    assert error.problems[0].place.column == column


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"a: b\0c\n", 4),
        (b"a: \x07\n", 3),
        (b"\xef\xbb\xbfa: b\n", 0),
        ("a: b".encode("utf-16"), 0),
        ("a: b".encode("utf-16-be"), 0),
        (b"a: \xff\n", 3),
        (b"a: \xc3\xa9\xff\n", 5),
        ("\u00e9: \x1b".encode(), 4),
        (b"a: \xed\xa0\x80", 3),
    ],
)
def test_a8_bytes_that_are_no_clean_utf8_are_refused_with_their_offset(data: bytes, offset: int) -> None:
    error = refused(data)
    assert error.problems[0].code == "yaml.encoding"
    assert f"byte {offset}" in str(error)
    assert f"byte offset {offset}" in (error.problems[0].remedy or "")


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("a: [", 2, 1),
        ("a: b: c", 1, 5),
        ("\ta: 1", 1, 1),
        ("a: 'b", 1, 4),
        ("a:\n  b: 1\n c: 2\n", 3, 2),
        ("a: ${{ x }}, b: {q: ${{ x }}}\n", 1, 15),
    ],
)
def test_broken_yaml_has_a_place(text: str, line: int, column: int) -> None:
    error = refused(text)
    problem = error.problems[0]
    assert problem.code == "yaml.syntax"
    assert problem.place is not None
    assert problem.place.line is not None
    assert abs(problem.place.line - line) <= 1
    assert problem.place.frame is not None
    assert column >= 1


@pytest.mark.parametrize(
    ("text", "code"), [("", "yaml.empty"), ("# only\n", "yaml.empty"), ("a: 1\n---\nb: 2\n", "yaml.documents")]
)
def test_one_document(text: str, code: str) -> None:
    assert refused(text).problems[0].code == code


@pytest.mark.parametrize("text", ["[a, b]: c\n", "? {a: b}\n: c\n"])
def test_keys_are_text(text: str) -> None:
    assert refused(text).problems[0].code == "yaml.key"


@given(st.binary(max_size=200))
@settings(max_examples=300, deadline=None)
def test_whatever_comes_it_is_read_or_refused(data: bytes) -> None:
    places = [problem.place for problem in problems_of(data)]
    assert None not in places


@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@` \n", max_size=60))
@settings(max_examples=500, deadline=None)
def test_whatever_punctuation_comes_it_is_read_or_refused(text: str) -> None:
    codes = [problem.code for problem in problems_of(text.encode())]
    assert all(code.startswith("yaml.") for code in codes)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: {url: https://example.org/x}\n", {"a": {"url": "https://example.org/x"}}),
        ("a: [https://example.org/x, b::c, 'd']\n", {"a": ["https://example.org/x", "b::c", "d"]}),
        ("a: {b: c:d}\ne: ${{ f }}\n", {"a": {"b": "c:d"}, "e": "${{ f }}"}),
    ],
)
def test_colons_inside_brackets_are_text_as_in_yaml_1_2(text: str, value: object) -> None:
    root = read_yaml(text.encode(), "f")
    assert plain(root) == value
    assert isinstance(root, Mapping)
    found = root.get("a")
    assert found is not None
    assert str(found.place) == "f:1:4"


def test_what_comes_after_such_a_colon_is_refused_all_the_same() -> None:
    for text in (
        "a: [b:c, &x d]\n",
        "a: [b:c, *x]\n",
        "a: [b:c, !!str d]\n",
        "a: {b: c:d}\na: 1\n",
        "a: [b:c, " + "[" * 100,
        "a: [b:c\n",
        "a: [b:c]\n---\nb: 1\n",
    ):
        assert refused(text).problems[0].place is not None


def test_in_a_large_file_such_a_colon_is_an_error() -> None:
    error = refused("a: [b:c]\n" + "# filler\n" * 10_000)
    assert error.problems[0].code == "yaml.syntax"
    assert "unexpected ':'" in str(error)
