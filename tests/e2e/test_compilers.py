"""Compilers and C libraries as variant axes: programs in C, C++, Fortran and with OpenMP, by each compiler; what is built
with the older C library runs on older systems, and says so."""

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

ANSWER = """
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

ANSWER_C = r"""
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


TRIO = """
package: {name: trio, version: "1.0"}
source: {path: sources}
build:
  script:
    - mkdir -p "$PREFIX/bin"
    - $CC $CPPFLAGS $CFLAGS -fopenmp -c sum.c
    - $FC $FFLAGS -c mean.f90
    - $CXX $CPPFLAGS $CXXFLAGS -fopenmp main.cpp sum.o mean.o $LDFLAGS -lgfortran -o "$PREFIX/bin/trio"
  variant:
    down_prioritize_variant: ${{ 1 if c_compiler == "clang" else 0 }}
requirements:
  build: ['${{ compiler("c") }}', '${{ compiler("cxx") }}', '${{ compiler("fortran") }}', '${{ stdlib("c") }}']
  host: ['${{ "llvm-openmp" if c_compiler == "clang" else "libgomp" }}']
tests:
  - script: test "$(trio)" = "3 threads, sum 500500, mean 2"
"""

TRIO_SOURCES = {
    "sum.c": r"""
#include <omp.h>
long sum(int *threads) {
    long all = 0;
    omp_set_num_threads(3);
#pragma omp parallel for reduction(+ : all)
    for (long number = 1; number <= 1000; number++) all += number;
#pragma omp parallel
#pragma omp single
    *threads = omp_get_num_threads();
    return all;
}
""",
    "mean.f90": """
function mean(values, count) bind(c)
    use, intrinsic :: iso_c_binding, only: c_double, c_int
    integer(c_int), value :: count
    real(c_double), intent(in) :: values(count)
    real(c_double) :: mean
    if (count < 1) error stop "nothing to take the mean of"
    mean = sum(values) / count
end function
""",
    "main.cpp": r"""
#include <iostream>
#include <vector>
extern "C" long sum(int *);
extern "C" double mean(const double *, int);
int main() {
    int threads = 0;
    const std::vector<double> values{1, 2, 3};
    const long all = sum(&threads);
    std::cout << threads << " threads, sum " << all << ", mean " << mean(values.data(), 3) << std::endl;
}
""",
}


@pytest.fixture(scope="module")
def channel(built: Built, machine_store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Both programs for both C libraries, by both compilers; these come from the channel of the collection."""
    folder = tmp_path_factory.mktemp("compilers")
    (folder / "answer").mkdir()
    (folder / "answer" / "recipe.yaml").write_text(ANSWER)
    (folder / "answer" / "answer.c").write_text(ANSWER_C)
    (folder / "trio" / "sources").mkdir(parents=True)
    (folder / "trio" / "recipe.yaml").write_text(TRIO)
    for name, text in TRIO_SOURCES.items():
        (folder / "trio" / "sources" / name).write_text(text)
    store = Path(tempfile.mkdtemp(prefix="compilers-", dir=machine_store.root.parent))
    shutil.copytree(machine_store.root / "files", store / "files", copy_function=os.link)
    try:
        Bakehouse(store=store).good(
            "build", SYSROOT, folder / "answer", folder / "trio", "-m", VARIANTS, "--variant", "c_stdlib_version=2.31,2.36",
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


def of(channel: Path, name: str) -> dict[tuple[str, str], Path]:
    """The builds of one package by compiler and version of the C library."""
    found = {}
    for path in channel.glob(f"linux-64/{name}-*.conda"):
        keys = json.loads(read_package(path).read_info("hash_input.json"))
        found[keys["c_compiler"], keys["c_stdlib_version"]] = path
    return found


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("floor", ["2.31", "2.36"])
def test_a_program_needs_what_its_package_says_and_no_more(
    channel: Path, tmp_path: Path, compiler: str, floor: str
) -> None:
    package = read_package(of(channel, "answer")[compiler, floor])
    assert package.index()["depends"] == [f"__glibc >={floor},<3.0.a0"]
    package.extract(tmp_path / "answer")
    newest = newest_symbol(tmp_path / "answer" / "bin" / "answer")
    assert newest <= Version.parse(floor)
    assert (newest <= Version.parse("2.31")) == (floor == "2.31")


@pytest.mark.parametrize(("compiler", "openmp"), [("gcc", "libgomp"), ("clang", "llvm-openmp")])
def test_run_exports_bring_the_libraries_of_each_language_and_compiler(
    channel: Path, compiler: str, openmp: str
) -> None:
    """The program's own test has run by then; it is in four languages, if OpenMP is one."""
    for floor in ("2.31", "2.36"):
        package = read_package(of(channel, "trio")[compiler, floor])
        names = {str(spec).split()[0] for spec in package.index()["depends"]}
        assert names == {"__glibc", "libgcc", "libstdcxx", "libgfortran", openmp}


def test_everything_was_built_for_each_combination_and_can_be_told_apart(channel: Path) -> None:
    for name in ("answer", "trio"):
        builds = of(channel, name)
        assert len(builds) == 4
        for (compiler, _), path in builds.items():
            assert ("track_features" in read_package(path).index()) == (compiler == "clang")
