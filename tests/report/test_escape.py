"""What could steer a terminal, a CI service or a reader's eye, and what must pass as it is."""

from __future__ import annotations

import json
import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.report.escape import escape, escape_json, is_plain

HOSTILE = [
    "##", "[", "vso[", "teamcity[", "::", "error", ":", " ", "\n", "\r", "\x1b", "\x1b[0m", "\x1b]0;", "\x1b\\", "\x9b", "\x9d",
    "\x90", "\x9c", "\x07", "\x08", "\x85", "\u2028", "--- ", "+++ ", "^^^ ", "travis_fold", "\u202e", "\u200b", "\ufe0f", "\ud800", "x",
]  # fmt: skip
texts = st.lists(st.sampled_from(HOSTILE) | st.characters()).map("".join)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain", "plain"),
        ("tab\tand\nline ends\n", "tab\tand\nline ends\n"),
        ("Übersicht – 日本語 ✓", "Übersicht – 日本語 ✓"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[1;38:5:9m\x1b[Kwarning:\x1b[m\x1b[K x", "warning: x"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d52;c;ZXZpbA==\x9ctext", "text"),
        ("\x1bPq#0;2;0\x1b\\text", "text"),
        ("\x1b_bk;t=1\x07text", "text"),
        ("\x1b^private\x1b\\\x1bXstring\x1b\\text", "text"),
        ("\x1b(B\x1b=\x1bctext", "text"),
        ("never ended \x1b]0;title", "never ended 0;title"),
        ("\x1b", "\\x1b"),
        ("\x1b\x1b[31m[31m", "\\x1b[31m"),
        ("bell \x07 nul \x00 del \x7f", "bell \\x07 nul \\x00 del \\x7f"),
        ("lines of Windows\r\nand a return\rhere\r", "lines of Windows\nand a return\\x0dhere"),
        ("next line \x85 and \u2028", "next line \\x85 and \\u2028"),
        ("user\u202e gnp.exe", "user\\u202e gnp.exe"),
        ("zero\u200bwidth, soft\xadhyphen, \U000e0041", "zero\\u200bwidth, soft\\xadhyphen, \\U000e0041"),
        ("✔\ufe0f 👩\u200d💻", "✔ 👩💻"),
        ("half \ud800 of a sign", "half \\ud800 of a sign"),
        ("::error file=x::y", ": :error file=x::y"),
        ("  \u3000::add-mask::x", "  \u3000: :add-mask::x"),
        ("two\n::error::lines", "two\n: :error::lines"),
        ("::stop-commands::token", ": :stop-commands::token"),
        ("::std::vector<int>", ": :std::vector<int>"),
        ("a ::std::vector", "a ::std::vector"),
        ("std::vector<int>", "std::vector<int>"),
        ("##[group]x", "## [group]x"),
        ("in the middle ##[add-mask]x", "in the middle ## [add-mask]x"),
        ("##vso[task.setvariable variable=a]x", "## vso[task.setvariable variable=a]x"),
        ("##VSO[task.x]", "## VSO[task.x]"),
        ("##teamcity[buildStop]", "## teamcity[buildStop]"),
        ("###[x", "### [x"),
        ("#\u200b#[x", "#\\u200b#[x"),
        ("#\ufe0f#[x", "## [x"),
        ("## a heading", "## a heading"),
        ("--- Hidden\n+++ Open\n^^^ +++\n~~~ less", " --- Hidden\n +++ Open\n ^^^ +++\n ~~~ less"),
        ("--------- a rule", "--------- a rule"),
        ("a --- b", "a --- b"),
        ("section_start:1560896352:name\r\x1b[0KTitle", "section_start:1560896352:name\\x0dTitle"),
        ("travis_fold:start:x\r\x1b[0K", "travis_fold :start:x\\x0d"),
        ("\x1b[8mha:AAAA\x1b[0mshown", "ha:AAAAshown"),
    ],
)
def test_escape(text: str, clean: str) -> None:
    assert escape(text) == clean


def is_forbidden(sign: str) -> bool:
    return (
        unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} or unicodedata.bidirectional(sign) in BIDIRECTIONAL
    ) and sign not in "\t\n"


BIDIRECTIONAL = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI", "BN"}
IGNORABLE = [
    (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F),
    (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip
"""Unicode 15's DerivedCoreProperties.txt: Default_Ignorable_Code_Point."""


def test_no_sign_of_unicode_that_steers_or_hides_survives() -> None:
    ignorable = {chr(code) for first, last in IGNORABLE for code in range(first, last + 1)}
    everything = (chr(code) for code in range(sys.maxunicode + 1))
    wrong = [sign for sign in everything if is_forbidden(sign) or sign in ignorable if sign in escape(f"a{sign}b")]
    assert wrong == []


def commands(text: str) -> list[str]:
    """What a CI service would run, by the rules of their own readers."""
    found = re.findall(r"##(?:[A-Za-z]*)\[|travis_(?:fold|time):", text)
    for line in text.split("\n"):
        found += [line] if line.lstrip().startswith("::") else []
        found += re.findall(r"^(?:---|\+\+\+|~~~|\^\^\^)\s", line)
    return found


@given(texts)
def test_nothing_that_steers_survives(text: str) -> None:
    clean = escape(text)
    assert not [sign for sign in clean if is_forbidden(sign)]
    assert commands(clean) == []
    assert escape(clean) == clean


@given(texts)
def test_what_can_be_seen_stays(text: str) -> None:
    seen = "".join(sign for sign in text if sign.isalnum())
    kept = "".join(sign for sign in escape(text) if sign.isalnum())
    assert len(kept) >= len(seen) or any(sign in text for sign in "\x1b\x9b\x9d\x90\x98\x9e\x9f")


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="#:-+~^_") | st.sampled_from("\t\n"))
)
def test_plain_text_passes_unchanged(text: str) -> None:
    assert is_plain(text)
    assert escape(text) == text


@pytest.mark.parametrize("unit", ["\x1b]", "\x9d", "\x1b[", "\x9b1", "##", " :", "\r", "\x1b(", "\x1b_x", "\n "])
def test_what_begins_and_never_ends_is_read_once(unit: str) -> None:
    clean = escape(unit * 60_000)  # minutes, if each beginning were followed to the end
    assert not [sign for sign in set(clean) if is_forbidden(sign)]


@given(st.dictionaries(texts, texts | st.lists(texts, max_size=2), max_size=2))
def test_a_document_says_the_same_and_steers_nothing(document: object) -> None:
    text = json.dumps(document, indent=2, ensure_ascii=False)
    clean = escape_json(text)
    assert json.loads(clean) == json.loads(text)
    assert not [sign for sign in clean if is_forbidden(sign)]
    assert commands(clean) == []


def test_a_plain_document_is_the_same_text() -> None:
    text = json.dumps({"a # b": ["std::vector", 'é"']}, ensure_ascii=False)
    assert escape_json(text) is text or escape_json(text) == text
