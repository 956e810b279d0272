"""Selectors of ``meta.yaml``: conda-build's language without ``eval``."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.syntax.legacy.language import OF_RECIPES
from builder.syntax.legacy.selector import SelectorError, Selectors, Value

NAMES: dict[str, Value] = {
    "linux": True, "win": False, "osx": False, "py": 312, "np": 126, "python": "3.12.* *_cpython", "cuda_compiler_version": "12.6",
    "mpi": "nompi", "target_platform": "linux-64", "build_platform": "linux-64", "flag": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("linux", True),
        ("not linux", False),
        ("linux and py >= 39", True),
        ("win or py<39", False),
        (" linux", True),
        ('mpi == "nompi"', True),
        ("mpi != 'nompi' and linux", False),
        ('cuda_compiler_version in ("11.8", "12.6")', True),
        ("cuda_compiler_version not in ['11.8']", True),
        ("(cuda_compiler_version or '').startswith('12')", True),
        ("python.split('.')[1] == '12'", True),
        ("int(cuda_compiler_version.split('.')[0]) > 11", True),
        ("build_platform == target_platform", True),
        ("30 < py < 400", True),
        ("py - 300 == 12", True),
        ("-py < 0", True),
        ("py % 2", False),
        ("1 if linux else 0", True),
        ("flag is True", True),
        ("{'a': 1}.get('b', linux)", True),
        ("len('abc') == 3", True),
        ("'-'.join(['a', 'b']) == 'a-b'", True),
        ("'aXb'.replace('X', '.') == 'a.b'", True),
        ("os.environ.get('CF_CUDA_ENABLED', 'False') == 'True'", True),
        ("environ.get('NO_SUCH', 'x') == 'x'", True),
        ("os.environ['CF_CUDA_ENABLED'] == 'True'", True),
        ("os.getenv('NO_SUCH')", False),
        ("CF_CUDA_ENABLED == 'True'", True),
        ("os.sep == '/'", True),
        ("nobody_knows", False),
        ("nobody_knows or linux", True),
        ("linux or nobody_knows", True),
        ("not nobody_knows", True),
        ("nobody_knows == False", True),
    ],
)
def test_a_selector_is_evaluated_as_by_conda_build(selector: str, expected: bool) -> None:
    assert Selectors(NAMES, {"CF_CUDA_ENABLED": "True"}).holds(selector) is expected


def test_false_is_written_over_a_missing_name_wherever_it_stands() -> None:
    assert not Selectors({"vcx": True}).holds("vc and vcx")  # which becomes `False and Falsex`, as for conda-build
    assert not Selectors({"vcx": True}).holds("(vc or vcx) and not vc")


@pytest.mark.parametrize(
    "selector",
    [
        "__import__('os').system('id')",
        "().__class__",
        "linux.__class__",
        "open('/etc/passwd')",
        "[one for one in (1, 2)]",
        "lambda: 1",
        "'%1000000000d' % 1",
        "2 ** 100",
        "'a' * 10",
        "linux :=",
        "f'{linux}'",
        "'{}'.format(1)",
        "(yield)",
        "os.environ.clear()",
        "linux; win",
        "",
        "(" * 3000,
        "'a'.center(100)",
        "{}.setdefault(1, 2)",
    ],
)
def test_what_is_not_of_the_language_is_refused(selector: str) -> None:
    with pytest.raises(SelectorError):
        Selectors(NAMES).holds(selector)


@pytest.mark.parametrize(
    "selector", ["py < 'a'", "1 / 0", "'a'.index('b')", "int('x')", "linux.lower()", "os.environ['NO_SUCH']"]
)
def test_what_fails_is_told(selector: str) -> None:
    with pytest.raises(SelectorError):
        Selectors(NAMES).holds(selector)


def test_names_that_are_missing_one_after_the_other_do_not_make_a_selector_grow_for_ever() -> None:
    with pytest.raises(SelectorError, match="characters"):
        Selectors({}).holds("a" * (OF_RECIPES.max_length + 1))
    assert not Selectors({}).holds(" or ".join(f"n{number}" for number in range(150)))


def test_a_text_cannot_be_blown_up() -> None:
    with pytest.raises(SelectorError, match="characters"):
        Selectors({"x": "a" * 1000}).holds("x" + ".replace('a', 'aaaaaaaaaa')" * 8)
    with pytest.raises(SelectorError, match="characters"):
        Selectors({"x": "a" * 60_000}).holds("x.join(list(x))")


def test_variables_that_were_asked_for_are_remembered() -> None:
    selectors = Selectors({"linux": True}, {"A": "1"})
    selectors.holds("linux and A and os.environ.get('B') or environ['A'] or os.getenv('C')")
    assert selectors.asked == {"A", "B"}  # the rest is not looked at once the answer is known


def test_a_letter_that_python_spells_otherwise_does_not_turn_for_ever() -> None:
    with pytest.raises(SelectorError, match="nothing is named"):
        Selectors(NAMES).holds("\N{MICRO SIGN}")


@given(st.text(max_size=60))
def test_any_text_gives_an_answer_or_an_error(text: str) -> None:
    with contextlib.suppress(SelectorError):
        assert Selectors(NAMES).holds(text) in (True, False)
