"""``setup.py`` read as text: what stands there counts, what is computed is refused, nothing runs."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.recipe.v0.setup_data import setup_data


def test_plain_arguments_are_told() -> None:
    found = setup_data("import setuptools\nsetuptools.setup(name='a', version='1.0', install_requires=['b>=1'])", None)
    assert found == {"name": "a", "version": "1.0", "install_requires": ["b>=1"]}
    assert found.get("nothing") is None
    assert found.get("nothing", "else") == "else"


@pytest.mark.parametrize(
    "before",
    ["V = '1.0'", "V = '1.' '0'", "'''About.'''\nV = '1.0'\nif True:\n    import os\n"],
)
def test_a_name_of_the_module_stands_for_its_value(before: str) -> None:
    assert setup_data(f"{before}\nsetup(version=V)", None)["version"] == "1.0"


@pytest.mark.parametrize(
    "before",
    [
        "V = '1.0'\nV = '2.0'",
        "if x:\n    V = '1.0'",
        "V = '1.0'\nV += 'x'",
        "V = '1.0'\nfrom a import V",
        "from a import b as V\nV = '1.0'",
        "V = '1.0'\nimport V.c",
        "V = '1.0'\nfor V in a: pass",
        "V = '1.0'\ndef V(): pass",
        "V = '1.0'\ndef f(V): setup(version=V)",
        "V = '1.0'\n[V := 2]",
        "V = '1.0'\nwith a as V: pass",
        "V = '1.0'\ntry: pass\nexcept E as V: pass",
        "V = '1.0'\ndel V",
        "V, W = '1.0', 2",
        "V = open('VERSION').read()",
    ],
)
def test_a_name_with_more_than_one_value_is_computed(before: str) -> None:
    found = setup_data(f"{before}\nsetup(version=V)", None)
    with pytest.raises(ValueError, match=r"setup\.py computes version, and nothing of the sources runs"):
        found["version"]
    with pytest.raises(ValueError, match="load_file_regex"):
        found.get("version")


def test_arguments_that_come_from_elsewhere_make_every_missing_one_unknown() -> None:
    found = setup_data("setup(name='a', **more)", None)
    assert found["name"] == "a"
    with pytest.raises(ValueError, match="computes version"):
        found.get("version")


def test_setup_cfg_counts_more() -> None:
    config = (
        "[metadata]\nname = of-config\nversion = attr: a.__version__\nlong-description = file: README\nlicense = %MIT\n"
        "[options]\nzip_safe = False\ninstall_requires =\n  b >=1\n  c\npackages = x, y\n[bdist_wheel]\nuniversal = 1\n"
    )
    found = setup_data("setup(name='a', version='1.0', packages=find_packages(), url='u')", config)
    assert {key: found[key] for key in ("name", "license", "zip_safe", "install_requires", "packages", "url")} == {
        "name": "of-config", "license": "%MIT", "zip_safe": False, "install_requires": ["b >=1", "c"],
        "packages": ["x", "y"], "url": "u",
    }  # fmt: skip
    for computed in ("version", "long_description"):
        with pytest.raises(ValueError, match="computes"):
            found[computed]


@pytest.mark.parametrize(
    ("setup", "config", "message"),
    [
        ("print 'Python 2'", None, "no Python that can be read"),
        ("(" * 5000, None, "no Python that can be read"),
        ("x = 1\0", None, "no Python that can be read"),
        ("import distutils", None, "calls no setup"),
        ("setup()", "no section", r"setup\.cfg cannot be read"),
        ("setup()", "[a]\n[a]\n", r"setup\.cfg cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told(setup: str, config: str | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        setup_data(setup, config)


def test_nothing_of_it_runs(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    setup_data(
        f"open({str(mark)!r}, 'w')\nsetup(name=open({str(mark)!r}, 'w').name)", "[metadata]\nversion=attr: os.x\n"
    )
    assert not mark.exists()


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        setup_data(f"setup({text})", text)
