"""``build`` of a ``meta.yaml``, key by key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from builder.model.globs import Globs
from builder.model.recipe import Build, DynamicLinking, GlobList, PrefixDetection
from builder.recipe.v0.build import KNOWN, WITHOUT_EFFECT, WITHOUT_NEED
from tests.recipe.v0.test_output import mapped, output_of

HEAD = "package: {name: it, version: '1'}\n"


def build_of(folder: Path, *lines: str) -> Build:
    return output_of(folder, _recipe(lines)).build


def _recipe(lines: tuple[str, ...]) -> str:
    return HEAD + "build:\n" + "".join(f"  {line}\n" for line in lines)


CASES: list[tuple[str, Callable[[Build], object], object]] = [
    ("number: 7", lambda build: build.number, 7),
    ("string: own_0", lambda build: build.string, None),
    ("noarch: python", lambda build: build.noarch, "python"),
    ("noarch: generic", lambda build: build.noarch, "generic"),
    ("noarch: true", lambda build: build.noarch, "generic"),
    ("noarch_python: true", lambda build: build.noarch, "python"),
    ("noarch: ''", lambda build: build.noarch, None),
    ("entry_points: {it: x}", lambda build: build.python.entry_points, ()),
    ("skip_compile_pyc: ['*/tests/*', lib/a.py]  #", lambda build: build.python.skip_pyc_compilation, ("*/tests/*", "lib/a.py")),
    ("osx_is_app: yes", lambda build: build.python.use_python_app_entrypoint, True),
    ("python_version_independent: true", lambda build: build.for_every_python, True),
    ("python_site_packages_path: lib/p", lambda build: build.python.site_packages_path, "lib/p"),
    ("features: f g", lambda build: build.features, ("f g",)),
    ("track_features: it_debug", lambda build: build.track_features, ("it_debug",)),
    ("no_link: bin/*", lambda build: build.always_copy_files, GlobList(include=("bin/*",))),
    ("always_include_files: etc/x", lambda build: build.always_include_files, GlobList(include=("etc/x",), by_folder=True)),
    ("merge_build_host: True", lambda build: build.merge_build_and_host_envs, True),
    ("force_use_keys: python", lambda build: build.variant.use_keys, ("python",)),
    ("force_ignore_keys: python", lambda build: build.variant.ignore_keys, ("python",)),
    ("include_recipe: false", lambda build: build.recipe_included, False),
    ("detect_binary_files_with_prefix: false", lambda build: build.prefix_detection, PrefixDetection(ignore_binary_files=True)),
    ("detect_binary_files_with_prefix: true", lambda build: build.prefix_detection, PrefixDetection()),
    ("ignore_prefix_files: true", lambda build: build.prefix_detection.ignore, True),
    ("ignore_prefix_files: lib/*", lambda build: build.prefix_detection.ignore, GlobList(include=("lib/*",), by_folder=True)),
    ("has_prefix_files: bin/x", lambda build: build.prefix_detection.force_text, GlobList(include=("bin/x",), by_folder=True)),
    (
        "binary_has_prefix_files: bin/x",
        lambda build: build.prefix_detection.force_binary,
        GlobList(include=("bin/x",), by_folder=True),
    ),
    ("binary_relocation: false", lambda build: build.dynamic_linking.binary_relocation, False),
    (
        "binary_relocation: lib/a.so",
        lambda build: build.dynamic_linking.binary_relocation,
        GlobList(include=("lib/a.so",), by_folder=True),
    ),
    ("rpaths: lib/R/lib", lambda build: build.dynamic_linking.rpaths, ("lib/R/lib",)),
    ("missing_dso_whitelist: '*/libc.so*'", lambda build: build.dynamic_linking.missing_dso_allowlist, GlobList(include=("*/libc.so*", "libc.so*"))),
    ("missing_dso_allowlist: /usr/lib", lambda build: build.dynamic_linking.missing_dso_allowlist, GlobList(include=("/usr/lib",))),
    ("runpath_whitelist: a", lambda build: build.dynamic_linking.rpath_allowlist, GlobList(include=("a",))),
    ("runpath_allowlist: a", lambda build: build.dynamic_linking.rpath_allowlist, GlobList(include=("a",))),
    ("error_overlinking: true", lambda build: build.dynamic_linking.overlinking_behavior, "error"),
    ("error_overdepending: true", lambda build: build.dynamic_linking.overdepending_behavior, "error"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "look", "expected"), CASES, ids=[line for line, _, _ in CASES])
def test_each_key_has_its_place(tmp_path: Path, line: str, look: Callable[[Build], object], expected: object) -> None:
    found, _ = mapped(tmp_path, _recipe((line,)))
    assert look(found.build) == expected


def test_without_a_word_linking_is_checked_as_by_conda_build(tmp_path: Path) -> None:
    found = build_of(tmp_path, "number: 1")
    assert found.dynamic_linking == DynamicLinking(overlinking_behavior="ignore")
    assert found.prefix_detection == PrefixDetection()
    assert found.recipe_included


def test_both_names_of_an_allowlist_count(tmp_path: Path) -> None:
    found = build_of(tmp_path, "missing_dso_allowlist: a", "missing_dso_whitelist:", "  - b", "  - c")
    assert found.dynamic_linking.missing_dso_allowlist.include == ("a", "b", "c")


@pytest.mark.parametrize(
    ("pattern", "matching", "other"),
    [
        ("*/libcuda.*", "libcuda.so.1", "libcudart.so"),
        ("$RPATH/libcuda.so.1", "libcuda.so.1", "libcuda.so"),
        ("**/*", "liba.so", None),
        ("/usr/lib/*", "/usr/lib/liba.so", "liba.so"),
        ("libcuda*", "libcudart.so.1", "libz.so"),
    ],
)
def test_allowed_libraries_may_be_written_with_a_folder(
    tmp_path: Path, pattern: str, matching: str, other: str | None
) -> None:
    globs = Globs(
        build_of(tmp_path, "missing_dso_whitelist:", f"  - '{pattern}'").dynamic_linking.missing_dso_allowlist
    )
    assert globs.matches(matching)
    assert other is None or not globs.matches(other)


def test_entry_points_are_checked_where_they_stand(tmp_path: Path) -> None:
    assert build_of(tmp_path, "entry_points:", "  - it=it.main:run", "  - 'b = c:d.e'").python.entry_points == (
        "it = it.main:run",
        "b = c:d.e",
    )
    _, remarks = mapped(tmp_path, _recipe(("entry_points:", "  - it = nonsense")))
    (problem,) = remarks.problems
    assert problem.place is not None
    assert (problem.code, problem.place.line) == ("recipe.value", 3)
    assert "it = nonsense" in problem.message


def test_another_noarch_is_a_problem(tmp_path: Path) -> None:
    _, remarks = mapped(tmp_path, _recipe(("noarch: perl",)))
    assert [problem.message for problem in remarks.problems] == ["build.noarch is 'perl', expected python or generic"]


@pytest.mark.parametrize("key", sorted(WITHOUT_EFFECT))
def test_what_has_no_effect_is_said_at_its_line(tmp_path: Path, key: str) -> None:
    _, remarks = mapped(tmp_path, _recipe(("number: 1", f"{key}: value")))
    (warning,) = remarks.warnings
    assert (warning.code, warning.place and warning.place.line) == ("recipe.ignored", 4)
    assert warning.message.startswith(f"build.{key} has no effect here: ")


def test_what_changes_nothing_anyway_is_not_worth_a_word(tmp_path: Path) -> None:
    build_of(tmp_path, *(f"{key}: true" for key in WITHOUT_NEED))


def test_a_key_that_nobody_knows_is_a_warning(tmp_path: Path) -> None:
    _, remarks = mapped(tmp_path, _recipe(("numbre: 1",)))
    assert [warning.code for warning in remarks.warnings] == ["recipe.unknown-key"]
    assert "numbre" not in KNOWN


def test_link_scripts_lie_beside_the_recipe(tmp_path: Path) -> None:
    for name in ("post-link.sh", "pre-unlink.sh", "pre-link.bat"):
        (tmp_path / name).write_text("echo\n")
    assert build_of(tmp_path, "number: 1").link_scripts == (
        ("post-link.sh", "bin/.it-post-link.sh"),
        ("pre-unlink.sh", "bin/.it-pre-unlink.sh"),
    )


def test_link_scripts_of_an_output_have_its_name_or_are_named(tmp_path: Path) -> None:
    for name in ("post-link.sh", "sub-post-link.sh", "own.sh"):
        (tmp_path / name).write_text("echo\n")
    text = f"{HEAD}outputs:\n  - name: sub\n  - name: other\n    build:\n      pre-link: own\n"
    assert output_of(tmp_path, text, name="sub").build.link_scripts == (("sub-post-link.sh", "bin/.sub-post-link.sh"),)
    assert output_of(tmp_path, text, name="other").build.link_scripts == (("own.sh", "bin/.other-pre-link.sh"),)
