"""Values of the variant that scripts read although their keys are not used."""

from __future__ import annotations

from pathlib import Path

from builder.matrix.v0 import read_config, render_meta
from builder.matrix.v0.rendering import LegacyQuestion, render_legacy
from builder.matrix.v0.variables import variables_of
from builder.model.recipe import ScriptTest
from builder.model.rendering import Platforms
from builder.recipe.v0 import load_meta
from builder.recipe.v0.words import words_beside

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
VARIANTS = """\
mpi:
  - openmpi
flavour:
  - rye
python:
  - 3.13.* *_cp313
zlib:
  - '1.3'
unread:
  - '1'
"""


def variables(folder: Path, recipe: str, **files: str) -> dict[str, dict[str, str]]:
    """Return the variables of each output by its name."""
    (folder / "meta.yaml").write_text(recipe)
    (folder / "conda_build_config.yaml").write_text(VARIANTS)
    for name, content in files.items():
        (folder / f"{name}.sh").write_text(content)
    text = load_meta(folder / "meta.yaml", lambda path: (folder / path).read_bytes())
    config = read_config([folder / "conda_build_config.yaml"], {}, LINUX, {})
    found = render_meta(text, config, LINUX, {})
    return {one.metadata.name: dict(variables_of(one, words_beside(folder))) for one in found}


RECIPE = "package: {name: it, version: '1.5'}\n"


def test_a_script_sees_what_it_names(tmp_path: Path) -> None:
    """conda-build's patterns do not find a name before a closing quote, and so it is in no hash."""
    assert variables(tmp_path, RECIPE, build='echo "$mpi"\n') == {"it": {"mpi": "openmpi"}}
    assert variables(tmp_path, RECIPE, build="echo nothing\n") == {"it": {}}


def test_what_is_used_is_told_already(tmp_path: Path) -> None:
    assert variables(tmp_path, RECIPE, build="echo $mpi here\n") == {"it": {}}


def test_lines_of_the_recipe_and_of_its_tests_count(tmp_path: Path) -> None:
    more = "build:\n  script: 'echo \"$flavour\"'\ntest:\n  commands:\n    - 'echo \"$zlib\"'\n"
    assert variables(tmp_path, RECIPE + more) == {"it": {"flavour": "rye", "zlib": "1.3"}}


def test_other_files_beside_the_recipe_count(tmp_path: Path) -> None:
    assert variables(tmp_path, RECIPE, helper='cmake -DFLAVOUR="$flavour"') == {"it": {"flavour": "rye"}}


def test_languages_are_told_in_their_own_words(tmp_path: Path) -> None:
    found = variables(tmp_path, RECIPE, build='"$python" "$PY_VER" "$CONDA_PY" "$PY3K" "$PERL_VER" "$R_VER" "$LUA_VER"')
    assert found == {
        "it": {
            "CONDA_PY": "313", "PY3K": "1", "PY_VER": "3.13", "PERL_VER": "5.26", "R_VER": "3.5", "LUA_VER": "5",
        }
    }  # fmt: skip


def test_each_output_has_its_own_lines(tmp_path: Path) -> None:
    outputs = """\
outputs:
  - name: one
    build:
      script: 'echo "$flavour"'
  - name: two
    version: '7'
    build:
      script: 'echo "$TOP_PKG_NAME" "$TOP_PKG_VERSION"'
"""
    assert variables(tmp_path, RECIPE + outputs) == {
        "one": {"flavour": "rye"},
        "two": {"TOP_PKG_NAME": "two", "TOP_PKG_VERSION": "7"},
    }


def test_tests_carry_the_values_that_they_name(tmp_path: Path) -> None:
    """A package may be tested when nobody knows its variant files any more."""
    (tmp_path / "meta.yaml").write_text(
        RECIPE + 'test:\n  imports:\n    - it\n  commands:\n    - \'test "$mpi" = "$zlib_or_not"\'\n'
    )
    (tmp_path / "run_test.py").write_text("import os\nprint(os.environ['flavour'], 'python')\n")
    (tmp_path / "conda_build_config.yaml").write_text(VARIANTS)
    text = load_meta(tmp_path / "meta.yaml", lambda path: (tmp_path / path).read_bytes())
    config = read_config([tmp_path / "conda_build_config.yaml"], {}, LINUX, {})
    (rendering,) = render_legacy(LegacyQuestion(text=text, config=config, platforms=LINUX))
    assert [test.script.env for test in rendering.output.tests if isinstance(test, ScriptTest)] == [
        (("flavour", "rye"),),
        (),
        (("mpi", "openmpi"),),
    ]
