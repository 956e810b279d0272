"""Names of variant keys."""

from __future__ import annotations

import pytest

from builder.matrix.keys import FORBIDDEN, check_key, environment_keys, variant_key


def test_one_spelling() -> None:
    assert variant_key("r-base") == variant_key("r.base") == variant_key("r_base") == "r_base"
    assert variant_key("MACOSX_DEPLOYMENT_TARGET") == "MACOSX_DEPLOYMENT_TARGET"


@pytest.mark.parametrize("name", ["python", "r-base", "c_compiler_version", "_x", "7zip", "libstdc++"])
def test_names_that_may_be_keys(name: str) -> None:
    assert check_key(name) is None


@pytest.mark.parametrize("name", ["", " ", "a b", "$(id)", "a=b", "-x", "a\n", "ключ", "a" * 129])
def test_names_that_may_not(name: str) -> None:
    assert check_key(name) is not None


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "BASH_ENV", "PYTHONSTARTUP"])
def test_b4_keys_that_decide_what_runs_are_refused(name: str) -> None:
    assert name in FORBIDDEN
    assert "decides what runs" in (check_key(name) or "")


@pytest.mark.parametrize("name", ["LD-PRELOAD", "BASH.ENV", "GIT-SSH.COMMAND", "Path", "path", "PathExt"])
def test_b4_another_spelling_is_the_same_key(name: str) -> None:
    assert "decides what runs" in (check_key(name) or "")


@pytest.mark.parametrize("name", ["ld_preload", "pathlib", "LD_RUN_PATH", "python", "home"])
def test_b4_other_words_are_no_such_variables(name: str) -> None:
    assert check_key(name) is None


def test_b4_every_refused_key_is_in_its_one_spelling() -> None:
    assert {variant_key(name) for name in FORBIDDEN} == FORBIDDEN
    assert not FORBIDDEN & set().union(*map(environment_keys, ("linux-64", "osx-64", "win-64")))


def test_environment_keys_of_platforms() -> None:
    assert "MACOSX_DEPLOYMENT_TARGET" in environment_keys("osx-arm64")
    assert "MACOSX_DEPLOYMENT_TARGET" not in environment_keys("linux-64")
    assert "LD_RUN_PATH" in environment_keys("linux-aarch64")
    assert "LIBRARY_PREFIX" in environment_keys("win-64")
    assert "CMAKE_GENERATOR" not in environment_keys("win-64")
    assert environment_keys("emscripten-wasm32") == environment_keys("freebsd-64")
    assert "CPU_COUNT" in environment_keys("emscripten-wasm32")
