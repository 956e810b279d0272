"""The C library's version as a variant axis: what is built with the older one runs on older systems, and says so."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.archive import read_package
from builder.binary import read_facts
from builder.model.version import Version
from builder.store import Store
from tests.e2e.command import CHECKOUT, Bakehouse, Built

pytestmark = pytest.mark.sandbox

VARIANTS = CHECKOUT / "variants" / "linux.yaml"
SYSROOT = CHECKOUT / "recipes" / "base" / "sysroot"

RECIPE = """
package: {name: answer, version: "1.0"}
source: {path: answer.c}
build:
  script:
    - mkdir -p "$PREFIX/bin"
    - $CC $CPPFLAGS $CFLAGS $LDFLAGS answer.c -lm -lpthread -o "$PREFIX/bin/answer"
  variant:
    down_prioritize_variant: ${{ 1 if c_compiler == "clang" else 0 }}
requirements:
  build: ['${{ compiler("c") }}', '${{ stdlib("c") }}']
  ignore_run_exports: {by_name: [libgcc]}
tests:
  - script: test "$(answer 4)" = 16
"""

PROGRAM = r"""
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static void *square(void *number) {
    *(double *)number = pow(*(double *)number, 2);
    return NULL;
}

int main(int count, char **words) {
    double number = count > 1 ? atof(words[1]) : 0;
    pthread_t thread;
    if (pthread_create(&thread, NULL, square, &number) || pthread_join(thread, NULL)) return 1;
    printf("%g\n", number);
    return 0;
}
"""


@pytest.fixture(scope="module")
def channel(built: Built, machine_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The program for both C libraries, by both compilers; these come from the channel of the collection."""
    folder = tmp_path_factory.mktemp("older")
    (folder / "answer").mkdir()
    (folder / "answer" / "recipe.yaml").write_text(RECIPE)
    (folder / "answer" / "answer.c").write_text(PROGRAM)
    store = Path(tempfile.mkdtemp(prefix="older-", dir=machine_store.root.parent))
    shutil.copytree(machine_store.root / "files", store / "files", copy_function=os.link)
    try:
        Bakehouse(store=store).good(
            "build", SYSROOT, folder / "answer", "-m", VARIANTS, "--variant", "c_stdlib_version=2.31,2.36",
            "-c", built.channel.as_uri(), "--out", folder / "channel", "--offline", "-q",
        )  # fmt: skip
        yield folder / "channel"
    finally:
        shutil.rmtree(store)


def newest_symbol(program: Path) -> Version:
    """The newest version of the C library that a program asks for symbols of."""
    facts = read_facts(program)
    assert facts is not None
    return Version.parse(dict(facts.versions)["GLIBC"])


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("floor", ["2.31", "2.36"])
def test_a_program_needs_what_its_package_says_and_no_more(
    channel: Path, tmp_path: Path, compiler: str, floor: str
) -> None:
    packages = {}
    for path in channel.glob("linux-64/answer-*.conda"):
        keys = json.loads(read_package(path).read_info("hash_input.json"))
        packages[keys["c_compiler"], keys["c_stdlib_version"]] = path
    assert len(packages) == 4
    package = read_package(packages[compiler, floor])
    assert package.index()["depends"] == [f"__glibc >={floor},<3.0.a0"]
    package.extract(tmp_path / "answer")
    newest = newest_symbol(tmp_path / "answer" / "bin" / "answer")
    assert newest <= Version.parse(floor)
    assert (newest <= Version.parse("2.31")) == (floor == "2.31")
