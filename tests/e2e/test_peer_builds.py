"""py-rattler-build builds our recipes with our compilers; what differs is in a table with reasons."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.matrix import load_variants, render
from builder.model.inside import SEALED
from builder.model.recipe import UrlSource
from builder.model.rendering import Platforms, Rendering
from builder.recipe import load
from builder.store import Store
from tests.conformance.members import Difference, differences, extracted
from tests.e2e.command import CHECKOUT, Built
from tests.e2e.peer import commands

pytestmark = pytest.mark.sandbox

PAGE = CHECKOUT / "docs" / "differences.md"
LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
RECIPES = (
    "base/libzstd",  # a package, by make; for gcc and clang, as the next two
    "base/zlib",  # two packages of a staging output, by configure and make
    "base/libbase64",  # three packages of a staging output, by cmake and ninja
    "python/packaging",  # a package for every Python
    "python/markupsafe",  # an extension in C, for one Python
)
VARIANTS = {
    "base": (CHECKOUT / "variants" / "linux.yaml",),
    "python": (CHECKOUT / "variants" / "linux.yaml", CHECKOUT / "variants" / "python.yaml"),
}
"""The variant files of both collections."""

PEER_BUILD = """
import os, sys, warnings
warnings.simplefilter("ignore")
from rattler_build.cli_api import build_recipes
recipe, channel, out, *variants = sys.argv[1:]
build_recipes([recipe], variant_config=variants, channel=[channel], output_dir=out, test="skip")
os._exit(0)  # its threads now and then abort an interpreter that takes itself apart
"""


# -- what differs, and why ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Differences that have their row in docs/differences.md: patterns of the member and of what differs, the row.

    Those that are not ``certain`` need not be there: what `make demo-python` left may have been reused.
    """

    member: str
    what: str
    row: str
    package: str
    certain: bool

    def covers(self, package: str, difference: Difference) -> bool:
        pairs = ((package, self.package), (difference.member, self.member), (difference.what, self.what))
        return all(fnmatchcase(text, pattern) for text, pattern in pairs)


def known(member: str, what: str, row: str, *, package: str = "*", certain: bool = True) -> Known:
    return Known(member=member, what=what, row=row, package=package, certain=certain)


RENDERED = "info/recipe/rendered_recipe.yaml"
PINNING = "libbase64-devel-0.5.2-*"
PYTHON = "*-py*h*_*.conda"
REUSED = "a package that a dependency's rebuild cannot have changed"
DIFFERENCES = (
    # files
    known("*", "placeholder", "the placeholder"),
    known("lib/*.so.*", "run path with a slash at its end", "a run path to the file's own folder"),
    known("*", "build ID", "build IDs"),
    known("bin/base64", "room of the build's run path", "room that CMake leaves for run paths"),
    known("etc/conda/test-files/*", "only theirs", "`info/tests/N/`"),
    known("*/RECORD", "list of files", "`RECORD`"),
    known("*/direct_url.json", "only theirs", "`direct_url.json` of `pip install .`"),
    known("*.pyc", "place of the module", "what bytecode says of its module's place"),
    # metadata
    known("info/about.json", "channels only theirs", "`about.json`, `channels`"),
    known("info/about.json", "home", "addresses in `about`"),
    known("info/index.json", "constrains only ours", "`index.json`"),
    known("info/index.json", "schema_version only ours", "`index.json`"),
    known("info/index.json", "timestamp", "two builds of one recipe"),
    known("info/index.json", "depends order", "run exports of a staging output"),
    known("info/paths.json", "* (softlink) sha256", "`paths.json`, symlinks"),
    known("info/paths.json", "* (softlink) size_in_bytes", "`paths.json`, symlinks"),
    known("info/paths.json", "* prefix_placeholder", "the placeholder"),
    known("info/paths.json", "etc/conda/test-files/* only theirs", "`info/tests/N/`"),
    known("info/paths.json", "*/direct_url.json only theirs", "`direct_url.json` of `pip install .`"),
    known("info/used_build_tool.json", "only ours", "`info/used_build_tool.json`"),
    known("info/bakehouse/*", "only ours", "`info/bakehouse/`"),
    # one package of a matrix, of which their `depends` contradict their own `hash_input.json`
    known("info/index.json", "depends/[0-9]", "exact pins of siblings in a matrix", package=PINNING),
    known(RENDERED, "build_configuration/subpackages/*/build_string", "exact pins of siblings in a matrix", package=PINNING),
    # recipe
    known("info/recipe/tests/*", "only theirs", "`info/recipe/`"),
    known("info/recipe/recipe.yaml", "*source/url", "addresses"),
    known(RENDERED, "*source*/0/url", "addresses"),
    known(RENDERED, "recipe/about/homepage", "addresses in `about`"),
    known(RENDERED, "recipe/tests/*/script/*", "tests in `rendered_recipe.yaml`"),
    known(RENDERED, "recipe/staging_caches/*/build/string only theirs", "`rendered_recipe.yaml`, what is in it"),
    known(RENDERED, "finalized_cache_dependencies/run/run_exports*", "`rendered_recipe.yaml`, what is in it"),
    known(RENDERED, "build_configuration/subpackages/* only theirs", "`rendered_recipe.yaml`, what is in it"),
    known(RENDERED, "build_configuration/hash/prefix only theirs", "`rendered_recipe.yaml`, what is in it"),
    known(RENDERED, "extra_meta only theirs", "`rendered_recipe.yaml`, what is in it"),
    known(RENDERED, "staging_library_name_map only theirs", "`rendered_recipe.yaml`, what is in it"),
    known(RENDERED, "rendered_recipe_version only ours", "`rendered_recipe.yaml`"),
    known(RENDERED, "system_tools/*", "`rendered_recipe.yaml`"),
    known(RENDERED, "build_configuration/directories only theirs", "`rendered_recipe.yaml`"),
    known(RENDERED, "build_configuration/*_platform/virtual_packages length", "`rendered_recipe.yaml`"),
    known(RENDERED, "build_configuration/timestamp", "`rendered_recipe.yaml`"),
    known(RENDERED, "build_configuration/channels length", "`about.json`, `channels`"),
    known(RENDERED, "finalized_*dependencies/*/resolved/*/channel", "`about.json`, `channels`"),
    known(RENDERED, "finalized_*dependencies/*/resolved/*/url", "`about.json`, `channels`"),
    known(RENDERED, "build_configuration/packaging_settings/compression_level", "compression"),
    *(
        known(RENDERED, f"finalized_*dependencies/*/resolved/*/{key}", REUSED, package=PYTHON, certain=False)
        for key in ("md5", "sha256", "size")
    ),
    known(RENDERED, "finalized_*dependencies/*/resolved order", "`rendered_recipe.yaml`, order"),
    known(RENDERED, "finalized_*dependencies/*/specs order", "`rendered_recipe.yaml`, order"),
    known(RENDERED, "finalized_*dependencies/run/depends order", "`rendered_recipe.yaml`, order"),
    known(RENDERED, "finalized_*dependencies/host/specs/*", "`rendered_recipe.yaml`, origins"),
    known(RENDERED, "finalized_*dependencies/run/depends/*", "`rendered_recipe.yaml`, origins"),
    # tests
    known("info/tests/[0-9]*", "only ours", "`info/tests/N/`"),
    known("info/tests/tests.yaml", "*/script/cwd", "`info/tests/N/`"),
    known("info/tests/tests.yaml", " length", "`package_contents` tests"),
)  # fmt: skip
"""Every difference, beside those of the sources' addresses, which this test itself makes."""


def rows() -> set[str]:
    """The first cells of the tables of the page."""
    return set(re.findall(r"^\| (.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE))


# -- building with the peer --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source of a recipe: its address as written, with expressions, and as rendered."""

    written: str
    address: str
    sha256: str


def sources(recipe: Path) -> Iterator[Source]:
    """Yield the sources of a recipe, which all have an address and, on the next line, a digest."""
    text = recipe.read_text(encoding="utf-8")
    outputs = {rendering.output.rendered: rendering.output for rendering in rendered(recipe)}
    for source in dict.fromkeys(source for output in outputs.values() for source in output.source):
        assert isinstance(source, UrlSource)
        assert source.sha256 is not None
        (written,) = set(re.findall(rf"url: (.+)\n\s+sha256: {source.sha256}", text))
        yield Source(written=written, address=source.urls[0], sha256=source.sha256)


def rendered(recipe: Path) -> tuple[Rendering, ...]:
    files = VARIANTS[recipe.parents[1].name]
    return render(load(recipe), load_variants(files, {}, LINUX), LINUX)


def for_the_peer(recipe: Path, into: Path, store: Store) -> Path:
    """Copy a recipe's folder; its sources are the fetched files, under their names, and nothing else is changed."""
    shutil.copytree(recipe, into / recipe.name)
    copy = into / recipe.name / "recipe.yaml"
    text = copy.read_text(encoding="utf-8")
    for source in sources(recipe / "recipe.yaml"):
        fetched = store.file(source.sha256)
        assert fetched is not None
        file = into / "sources" / source.address.rpartition("/")[2]
        file.parent.mkdir(exist_ok=True)
        shutil.copy(fetched, file)
        assert f"url: {source.written}\n" in text
        text = text.replace(f"url: {source.written}\n", f"url: {file.as_uri()}\n")
    copy.write_text(text, encoding="utf-8")
    return copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Our package and theirs."""

    ours: Path
    theirs: Path


@pytest.fixture(scope="module")
def pairs(
    built: Built, collection: Built, tmp_path_factory: pytest.TempPathFactory, machine_store: Store, rootfs: Path
) -> dict[str, Pair]:
    """The packages of `RECIPES` by file name; the peer had the compilers and the Python of our channels, and no more."""
    folder = Path(os.path.realpath(tmp_path_factory.mktemp("peer")))
    environment = {"PATH": str(commands(rootfs, folder / "bin")), "HOME": str(folder), "LANG": "C.UTF-8"}
    channels = {"base": built.channel, "python": collection.channel}
    found = {}
    for name in RECIPES:
        kind, out = name.partition("/")[0], folder / "out" / name
        recipe = for_the_peer(CHECKOUT / "recipes" / name, folder, machine_store)
        command = [sys.executable, "-c", PEER_BUILD, recipe, channels[kind].as_uri(), out, *VARIANTS[kind]]
        done = subprocess.run(
            list(map(str, command)), env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        for theirs in out.glob("*/*.conda"):
            ours = channels[kind] / theirs.relative_to(out)
            found[theirs.name] = Pair(ours=ours, theirs=theirs)
    return found


# -- the comparison ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def found(pairs: dict[str, Pair], tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Difference]]:
    """All differences, by package."""
    folder, differing = tmp_path_factory.mktemp("compared"), {}
    for name, pair in pairs.items():
        ours = extracted(pair.ours, folder / name / "ours", str(SEALED.prefix))
        differing[name] = set(differences(ours, extracted(pair.theirs, folder / name / "theirs")))
    return differing


def test_the_peer_builds_the_same_set_of_packages(pairs: dict[str, Pair]) -> None:
    recipes = [CHECKOUT / "recipes" / name / "recipe.yaml" for name in RECIPES]
    ours = [one for recipe in recipes for one in rendered(recipe) if one.output.kind == "package"]
    assert sorted(pairs) == sorted(f"{one.output.name}-{one.output.version}-{one.build_string}.conda" for one in ours)
    assert all(pair.ours.is_file() for pair in pairs.values())


def test_whatever_differs_is_known(found: dict[str, set[Difference]]) -> None:
    unknown = {
        name: sorted(str(one) for one in differing if not any(entry.covers(name, one) for entry in DIFFERENCES))
        for name, differing in found.items()
    }
    assert {name: differing for name, differing in unknown.items() if differing} == {}


def test_whatever_is_known_differs(found: dict[str, set[Difference]]) -> None:
    pairs = [(name, one) for name, differing in found.items() for one in differing]
    certain = [entry for entry in DIFFERENCES if entry.certain]
    assert [entry for entry in certain if not any(entry.covers(*pair) for pair in pairs)] == []


def test_whatever_is_known_has_its_row_in_the_documentation() -> None:
    assert {entry.row for entry in DIFFERENCES} <= rows()


def test_no_file_differs_but_for_where_it_was_built(found: dict[str, set[Difference]]) -> None:
    payload = {one for differing in found.values() for one in differing if not one.member.startswith("info/")}
    carried = {one for one in payload if one.member.startswith("etc/conda/test-files/")}
    named = {one for one in payload if one.member.endswith("/direct_url.json")}
    assert {one.what for one in payload - carried - named} == {
        "placeholder", "build ID", "run path with a slash at its end", "room of the build's run path",
        "place of the module", "list of files",
    }  # fmt: skip
    assert {one.what for one in carried | named} == {"only theirs"}


def test_our_exact_pins_are_those_that_the_build_hash_was_made_of(pairs: dict[str, Pair]) -> None:
    """Theirs are not always: that is one of the rows."""
    pinned = Counter[str]()
    for pair in pairs.values():
        package = read_package(pair.ours)
        for spec in package.index()["depends"]:
            if found := re.fullmatch(r"(\S+) ==(\S+ \S+)", spec):
                pinned[found[1]] += 1
                assert json.loads(package.read_info("hash_input.json"))[found[1]] == found[2]
    assert pinned.keys() == {"libzlib", "libbase64", "base64"}
