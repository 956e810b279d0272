"""Keys that a text mentions: vectors that conda-build 26.7 gave."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builder.syntax.legacy.usage import Mentions

KEYS = [
    "python", "python_min", "python_impl", "numpy", "r_base", "zlib", "mpi", "c_compiler", "c_compiler_version",
    "cxx_compiler", "c_stdlib", "c_stdlib_version", "cdt_name", "cdt_arch", "CONDA_BUILD_SYSROOT", "cuda_compiler_version",
]  # fmt: skip


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("    - python", {"python"}),
        ("    - python  # a note", {"python"}),
        ("    - python 3.10", set()),
        ("    - python {{ python_min }}", {"python_min"}),
        ("    - {{ pin_compatible('numpy') }}", {"numpy"}),
        ('    - {{ pin_compatible("numpy", max_pin="x.x") }}', {"numpy"}),
        ("    - r-base", {"r_base"}),
        ("    - r_base", {"r_base"}),
        ("- python", set()),
        ("    - zlib >=1", set()),
        ("    - {{ compiler('c') }}", {"c_compiler", "c_compiler_version", "CONDA_BUILD_SYSROOT"}),
        ('    - {{ compiler("cxx") }}', {"cxx_compiler", "CONDA_BUILD_SYSROOT"}),
        ("    - {{ stdlib('c') }}", {"c_stdlib", "c_stdlib_version", "CONDA_BUILD_SYSROOT"}),
        ("    - {{ cdt('libx11') }}", {"cdt_name", "cdt_arch"}),
        ("{% if mpi != 'nompi' %}", {"mpi"}),
        ("{% elif mpi %}", {"mpi"}),
        ("{% set name = 'a' + mpi %}", {"mpi"}),
        ("{% set mpi = 'a' %}", set()),
        ("{% for one in mpi %}", {"mpi"}),
        ("  string: mpi_{{ mpi }}_h{{ PKG_HASH }}", {"mpi"}),
        ("  skip: true {{ cuda_compiler_version }}", {"cuda_compiler_version"}),
        ("  # {{ mpi }}", {"mpi"}),
    ],
)
def test_text(line: str, expected: set[str]) -> None:
    assert Mentions(KEYS).in_text(f"requirements:\n{line}\n") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("  - a  # [mpi == 'nompi']", {"mpi"}),
        ("  # [python_impl]", {"python_impl"}),
        ("  - a [mpi!='x']", {"mpi"}),
        ("  - a  # [not (mpi or zlib)]", {"mpi"}),
        ("  - a  # [xmpi]", set()),
        ("  - python  # [mpi and zlib]", {"mpi", "zlib"}),
        ("  - python", set()),
        ("  - a  # [cuda_compiler_version != 'None']", {"cuda_compiler_version"}),
        ("  - a  # [c_compiler == 'vs2022']", {"c_compiler"}),
    ],
)
def test_selectors(line: str, expected: set[str]) -> None:
    assert Mentions(KEYS).in_selectors(f"a:\n{line}\n") == expected


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("echo $mpi\n", {"mpi"}),
        ("echo ${mpi}\n", {"mpi"}),
        ('echo "${mpi}"\n', {"mpi"}),
        ('if [[ $mpi == "a" ]]; then\n', {"mpi"}),
        ("# $mpi\n", {"mpi"}),
        ('echo "$mpi"\n', set()),
        ("echo $mpi;\n", set()),
        ("echo ${mpi:-x}\n", set()),
        ("echo mpi\n", set()),
    ],
)
def test_shell_scripts(script: str, expected: set[str]) -> None:
    assert Mentions(KEYS).in_script(script) == expected


def test_of_two_variables_in_a_line_only_the_first_is_seen() -> None:
    assert Mentions(KEYS).in_script("echo $A $mpi\n") == set()
    assert Mentions(KEYS).in_script("echo $A\necho $mpi\n") == {"mpi"}


def test_batch_scripts() -> None:
    assert Mentions(KEYS).in_batch("echo %mpi% %python%\n") == {"mpi", "python"}
    assert Mentions(KEYS).in_batch("echo mpi % python\n") == set()


@given(st.text(st.sampled_from("mpi-_ {}%$[]#'\"=in()\n"), max_size=80))
def test_a_key_that_a_text_does_not_hold_is_never_used(text: str) -> None:
    found = Mentions(["mpi"]).in_text(text) | Mentions(["mpi"]).in_selectors(text) | Mentions(["mpi"]).in_script(text)
    assert not found or "mpi" in text.replace("-", "_")


def peers_text_pattern(key: str) -> str:
    """What conda-build 26.7 looks for in a line: the forms of its ``variants.py``, a fact to compare with."""
    name, requirement = re.escape(key), "[-_]".join(map(re.escape, key.split("_")))
    statement, end = r"(?:^|[^\{])\{%\s*", r"(?:[^%]*?)?%\}"
    return "|".join(
        [
            rf"\{{\s*(?:pin_[a-z]+\(\s*?['\"])?{name}(?:[^_0-9a-zA-Z].*?)?\}}\}}",
            rf"^\s+\-\s+{requirement}\s*(?:\s[\[#]|$)",
            rf"{statement}(?:el)?if\s*.*{name}\s*{end}",
            rf"{statement}for\s*.*\s*in\s*{name}(?![a-zA-Z_0-9]){end}",
            rf"{statement}set\s*.*\s*=\s*.*(?<![a-zA-Z_0-9]){name}(?![a-zA-Z_0-9]){end}",
        ]
    )


_PIECES = st.lists(
    st.sampled_from(
        ["mp", "mp_i", "mp-i", "{", "{{", "}}", "}", "{%", "%}", "%", "if", "elif", "for", "set", "in", "=", " ", "  ", "- ", "x",
         "_", "pin_a('", "pin_b(\"", ",", "#", "[", "é"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(_PIECES)
@example("{% for x in mp_i %}")
@example("{%for{%if mp_i%{%set x=xmp_i mp_i%}")
@example("  - mp-i #")
@example("{pin_a('mp_i}}")
def test_every_line_mentions_what_it_mentions_for_the_peer(line: str) -> None:
    """Its own patterns take time with the cube of a line's length; ours come to the same."""
    expected = "mp_i" in line.replace("-", "_") and re.search(peers_text_pattern("mp_i"), line) is not None
    assert Mentions(["mp_i"]).in_text(line) == ({"mp_i"} if expected else set())


@given(st.lists(st.sampled_from(["$", "{", "}", "mpi", " ", "\n", "|", "x", '"', "\r\n"]), max_size=12).map("".join))
@example("x\n$mpi ")
@example("$x $mpi ")
@example("$x\n${ mpi }")
def test_every_script_mentions_what_it_mentions_for_the_peer(text: str) -> None:
    expected = re.search(r"(^[^$]*?\$\{?\s*mpi\s*[\s|\}])", text, re.MULTILINE | re.DOTALL) is not None
    assert Mentions(["mpi"]).in_script(text) == ({"mpi"} if expected else set())


@pytest.mark.parametrize(
    "line",
    [
        "{% for " * 40_000 + " " * 200_000 + "in mpi",
        "{%for" + "in " * 100_000 + "mpi",
        "{% set " + "= " * 200_000 + "mpi",
        "{% if " + "mpi " * 100_000,
        "{{mpi " * 100_000,
        "{ " * 100_000 + "mpi",
        "{pin_" + "a" * 300_000 + "mpi",
        " " * 200_000 + "- mpi" + " " * 200_000 + "x",
        "[" * 200_000 + "mpi",
        "# [" + "mpi-" * 100_000,
    ],
)
def test_a_long_line_is_looked_at_a_few_times(line: str) -> None:
    """With the peer's patterns each of these would take hours."""
    keys = Mentions(["mpi"])
    assert keys.in_text(line) == keys.in_selectors(line) == set()
    assert keys.in_script(f"mpi{line}\n" * 2) == keys.in_script("\n" * 500_000 + "mpi") == set()
