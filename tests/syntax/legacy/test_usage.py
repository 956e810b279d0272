"""Keys that a text mentions: vectors that conda-build 26.7 gave."""

from __future__ import annotations

import pytest
from hypothesis import given
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
