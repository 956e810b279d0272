"""What templates may call: requirements by language, data of the recipe's files, nothing that runs code."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import RecipeError
from builder.model.rendering import Platforms
from builder.recipe.v0 import Metadata, Scope
from builder.recipe.v0.asked import AskedSources
from builder.recipe.v0.functions import template_names, with_star
from builder.recipe.v0.scope import LegacyVariant
from builder.recipe.v0.windows import as_cmd
from builder.syntax.legacy.template import Templates

PINNED: LegacyVariant = {
    "c_compiler": "gcc", "c_compiler_version": "14", "c_stdlib": "sysroot", "c_stdlib_version": "2.17", "cdt_name": "conda",
    "python": "3.12.* *_cpython", "mpi": "nompi", "pin_run_as_build": {"a": "x"},
}  # fmt: skip
BEFORE = Metadata(
    sections={"package": {"name": "a", "version": "2"}, "requirements": {"host": ["python"]}, "build": {"number": "5"}}
)


def rendered(
    template: str,
    variant: LegacyVariant = PINNED,
    host: str = "linux-64",
    *,
    folder: Path | None = None,
    lenient: bool = False,
) -> str:
    scope = Scope(variant, Platforms(target=host, host=host, build="linux-64"), {"ALLOWED": "1"})

    def read(path: str) -> bytes:
        if folder is None:
            raise RecipeError(f"{path} cannot be read here", code="recipe.refused")
        return (folder / path).read_bytes()

    return (
        Templates("meta.yaml")
        .render(
            template,
            template_names(scope, BEFORE, read, AskedSources(None, BEFORE, template), lenient=lenient),
            lenient=lenient,
        )
        .text
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ compiler('c') }}", "gcc_linux-64 14.*"),
        ("{{ compiler('cxx') }}", "gxx_linux-64"),
        ("{{ compiler('rust') }}", "rust_linux-64"),
        ("{{ stdlib('c') }}", "sysroot_linux-64 2.17.*"),
        ("{{ cdt('libx11') }}", "libx11-conda-x86_64"),
        ("{{ cdt('libx11 1.2') }}", "libx11-conda-x86_64 1.2"),
        ("{{ pin_compatible('numpy', max_pin='x') }}", "numpy"),
        ("{{ pin_subpackage('a', exact=True) }}", "a"),
        ("{{ ccache('symlinks') }}{{ resolved_packages('host') }}", "ccache[]"),
        ("{{ mpi }} {{ py }} {{ PY_VER }} {{ CONDA_PY }}", "nompi 312 3.12 312"),
        ("{{ PKG_NAME }}-{{ PKG_VERSION }}-{{ PKG_BUILDNUM }}-{{ PKG_HASH }}", "a-2-5-1234567"),
        ("{{ PYTHON }} {{ PREFIX }} {{ SHLIB_EXT }}", "$PYTHON $PREFIX .so"),
        ("{{ environ.get('ALLOWED') }} {{ environ.get('HOME', 'none') }} {{ environ['PKG_NAME'] }}", "1 none a"),
        (
            "{{ os.environ.get('ALLOWED') }} {{ os.getenv('PKG_NAME', 'none') }} {{ os.environ.get('mpi') }}",
            "1 none None",
        ),
        ("{{ environ.get('mpi') }} {{ environ['c_compiler_version'] }} {{ environ.PY_VER }}", "nompi 14 3.12"),
        ("{{ environ.get('python', 'no key of a language') }}", "no key of a language"),
        ("{{ load_str_data('{\"a\": [1, true]}', 'json').a }}", "[1, True]"),
        ("{{ load_str_data('a = 1', 'toml')['a'] }}", "1"),
        ("{{ '{:%Y.%m.%d}'.format(datetime.datetime.strptime('29Aug2024', '%d%b%Y')) }}", "2024.08.29"),
    ],
)
def test_names_and_functions(template: str, expected: str) -> None:
    assert rendered(template) == expected


def test_other_systems_have_other_names() -> None:
    assert rendered("{{ compiler('c') }} {{ SHLIB_EXT }} {{ OSX_ARCH }}", {}, "osx-64") == "clang_osx-64 .dylib x86_64"
    assert (
        as_cmd(rendered("{{ PYTHON }} {{ LIBRARY_BIN }} {{ SHLIB_EXT }}", {}, "win-64"))
        == "%PYTHON% %LIBRARY_BIN% .dll"
    )
    assert rendered("{{ MACOSX_DEPLOYMENT_TARGET }}", {}, "osx-arm64") == "11.0"
    assert rendered("{{ cdt('x') }}", {}, "linux-aarch64") == "x-cos7-aarch64"


def test_files_of_the_recipe_are_data(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("version: 1.5\n")
    assert rendered("{{ load_file_data('a.yaml', from_recipe_dir=True).version }}", folder=tmp_path) == "1.5"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ load_file_data('a.yaml') }}", "in the sources"),
        ("{{ load_file_data('a.yaml', from_recipe_dir=True) }}", "cannot be read here"),
        ("{{ load_str_data('{', 'json') }}", "cannot be read"),
        ("{{ load_setup_py_data() }}", "setup.py is in the sources"),
        ("{{ datetime.datetime.now() }}", "asks for the time needs SOURCE_DATE_EPOCH"),
        ("{{ datetime.datetime.strptime('1', '%d').now() }}", "unsafe"),
        ("{{ load_file_regex('a.txt', 'a') }}", "in the sources"),
    ],
)
def test_what_cannot_be_had_is_told(template: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        rendered(template)


def test_files_of_the_recipe_are_searched_in_linear_time(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("version = 1.5\n" + "a" * 50_000)
    search = "{{ load_file_regex('a.txt', PATTERN, from_recipe_dir=True).group(1) }}"
    assert rendered(search.replace("PATTERN", "'version = (.*)'"), folder=tmp_path) == "1.5"
    with pytest.raises(RecipeError, match="cannot be searched for"):
        rendered(search.replace("PATTERN", "'('"), folder=tmp_path)
    with pytest.raises(RecipeError, match="None"):
        rendered(search.replace("PATTERN", "'(a*)*b'"), folder=tmp_path)


@pytest.mark.parametrize("function", ["load_setup_py_data()", "load_file_data('a.json')", "load_setuptools()"])
def test_at_first_sources_may_be_missing(function: str) -> None:
    assert rendered(f"{{{{ {function} }}}}", lenient=True) == "{}"


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("zlib 1.2", "zlib 1.2.*"),
        ("zlib 1.2.*", "zlib 1.2.*"),
        ("zlib >=1.2", "zlib >=1.2"),
        ("zlib 1.2 h123_0", "zlib 1.2 h123_0"),
        ("python 3.12.* *_cpython", "python 3.12.* *_cpython"),
        ("numpy x.x", "numpy x.x"),
        ("zlib", "zlib"),
    ],
)
def test_a_plain_version_gets_a_star(spec: str, expected: str) -> None:
    assert with_star(spec) == expected
