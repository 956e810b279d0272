"""Names of jobs: readable while they fit, and never the same for different values."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.feedstock.naming import job_name, short_job_name

KEYS = st.from_regex(r"[a-z_]{1,12}", fullmatch=True)
VALUES = st.text(alphabet='ab09.*_-+ <>:?,"/|\\', max_size=40)
VARIANTS = st.dictionaries(KEYS, VALUES, max_size=6)


@pytest.mark.parametrize(
    ("subdir", "values", "name"),
    [
        ("linux-64", {}, "linux_64_"),
        ("linux-aarch64", {"target_platform": "linux-aarch64"}, "linux_aarch64_"),
        ("linux-64", {"python": "3.12.* *_cpython", "target_platform": "linux-64"}, "linux_64_python3.12.____cpython"),
        ("osx-arm64", {"python": "3.14.* *_cp314t", "mpi": "mpich"}, "osx_arm64_mpimpichpython3.14.____cp314t"),
        ("win-64", {"a": '<x:y>,"z"/w|v\\u?'}, "win_64_axyzwvu"),
    ],
)
def test_names_of_conda_smithy(subdir: str, values: dict[str, str], name: str) -> None:
    assert job_name(subdir, values, "numpy") == name


def test_short_names_have_at_most_fifty_characters() -> None:
    fits = {"a": "b" * 38}
    assert short_job_name("linux-64", fits) == f"linux_64_a{'b' * 38}"
    longer = {"a": "b" * 39}
    whole = f"linux_64_a{'b' * 39}"
    assert short_job_name("linux-64", longer) == f"{whole[:40]}_h{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def test_the_path_on_windows_decides_what_is_too_long() -> None:
    """259 characters, the feedstock's name in them twice."""
    before = len("C:/Users/runnerx/_work/a-feedstock/a-feedstock/.ci_support/")
    room = 259 - before - len("linux_64_k") - len(".yaml")
    assert job_name("linux-64", {"k": "v" * room}, "a") == f"linux_64_k{'v' * room}"
    cut = job_name("linux-64", {"k": "v" * (room + 1)}, "a")
    assert cut.startswith("linux_64_kvvv")
    assert before + len(f"{cut}.yaml") == 259
    assert cut[-10:-8] == "_h"
    assert job_name("linux-64", {"k": "v" * room}, "ab") != f"linux_64_k{'v' * room}"


@given(values=VARIANTS, package=st.from_regex(r"[a-z]{1,40}", fullmatch=True))
def test_every_name_is_a_file_name_everywhere(values: dict[str, str], package: str) -> None:
    name = job_name("linux-64", values, package)
    repository = f"{package}-feedstock"
    assert not set(name) & set('<>:?*,"/|\\ ')
    assert len(f"C:/Users/runnerx/_work/{repository}/{repository}/.ci_support/{name}.yaml") <= 259
    short = short_job_name("linux-64", values)
    assert len(short) <= 50
    assert short == name or len(short) == 50 or len(name) < len(short) + 250


@given(values=VARIANTS)
def test_the_order_of_keys_does_not_matter(values: dict[str, str]) -> None:
    turned = dict(reversed(values.items()))
    assert job_name("osx-64", values, "a") == job_name("osx-64", turned, "a")


@given(
    value=st.text(alphabet="ab", min_size=300, max_size=400), other=st.text(alphabet="ab", min_size=300, max_size=400)
)
def test_cut_names_differ_where_their_values_do(value: str, other: str) -> None:
    assert (job_name("linux-64", {"k": value}, "a") == job_name("linux-64", {"k": other}, "a")) == (value == other)
