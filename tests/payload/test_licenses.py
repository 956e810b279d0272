"""Finding licence texts, and refusing those that lie elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from builder.model.finding import Severity
from builder.payload.licenses import find_licenses
from tests.payload.prefix import Link, write_tree


def names(patterns: list[str], *roots: Path) -> list[str]:
    found, findings = find_licenses(patterns, roots)
    assert findings == ()
    return [license_file.name for license_file in found]


def refused(pattern: str, *roots: Path) -> str:
    found, findings = find_licenses([pattern], roots)
    assert found == ()
    assert [finding.severity for finding in findings] == [Severity.ERROR]
    assert findings[0].remedy is not None
    return findings[0].message


def test_plain_names_globs_and_folders(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {"COPYING": "c", "LICENSE.md": "l", "LICENSES/MIT.txt": "m", "LICENSES/old/BSD": "b", "src/COPYING": "s"},
    )
    assert names(["COPYING"], tmp_path) == ["COPYING"]
    assert names(["./COPYING"], tmp_path) == ["COPYING"]
    assert names(["LICENSES"], tmp_path) == ["LICENSES/MIT.txt", "LICENSES/old/BSD"]
    assert names(["LICENSES/"], tmp_path) == ["LICENSES/MIT.txt", "LICENSES/old/BSD"]
    assert names(["LICENSE*"], tmp_path) == ["LICENSE.md", "LICENSES/MIT.txt", "LICENSES/old/BSD"]
    assert names(["**/COPYING"], tmp_path) == ["COPYING", "src/COPYING"]
    assert names(["COPYING", "**/COPYING"], tmp_path) == ["COPYING", "src/COPYING"]


def test_the_recipes_own_text_comes_before_that_of_the_sources(tmp_path: Path) -> None:
    recipe = write_tree(tmp_path / "recipe", {"LICENSE": "recipe"})
    work = write_tree(tmp_path / "work", {"LICENSE": "upstream", "NOTICE": "n"})
    found, findings = find_licenses(["LICENSE", "NOTICE"], (recipe, work))
    assert findings == ()
    assert {license_file.name: license_file.content.read_text() for license_file in found} == {
        "LICENSE": "recipe",
        "NOTICE": "n",
    }


def test_the_upper_layer_of_the_work_folder_wins(tmp_path: Path) -> None:
    upper = write_tree(tmp_path / "upper", {"COPYING": "changed by the script"})
    lower = write_tree(tmp_path / "lower", {"COPYING": "fetched", "AUTHORS": "a"})
    found, _ = find_licenses(["COPYING", "AUTHORS"], (upper, lower))
    assert [license_file.content.parent for license_file in found] == [lower, upper]


def test_a_missing_licence_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    assert "'COPYING' was not found" in refused("COPYING", tmp_path)
    assert "was not found" in refused("LICENSES/*.txt", tmp_path)
    assert "was not found" in refused("COPYING", tmp_path / "no such folder")
    assert "was not found" in refused("*", tmp_path / "no such folder")


@pytest.mark.parametrize(
    "pattern", ["../../../../etc/hostname", "/etc/hostname", "a/../../b", "..", "", "/", "../*", "a/**/../../x"]
)
def test_trust_a23_paths_that_lead_out_are_refused_by_name(tmp_path: Path, pattern: str) -> None:
    write_tree(tmp_path, {"a/x": "x"})
    assert repr(pattern) in refused(pattern, tmp_path / "a")


def test_trust_g12_a_symlink_out_of_the_sources_is_not_read(tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret": "s"})
    work = write_tree(
        tmp_path / "work",
        {"LICENSE": Link("/etc/passwd"), "NOTICE": Link("../secret"), "docs": Link(str(tmp_path)), "loop": Link("loop"),
         "gone": Link("nowhere")},
    )  # fmt: skip
    for pattern in ("LICENSE", "NOTICE", "loop", "gone", "LICEN*"):
        assert "no regular file inside" in refused(pattern, work)
    assert "was not found" in refused("docs/secret*", work)
    assert "no regular file inside" in refused("docs/secret", work)
    found, findings = find_licenses(["*"], (work,))
    assert found == ()
    assert len(findings) == 1


def test_a_symlink_inside_the_sources_is_followed(tmp_path: Path) -> None:
    write_tree(tmp_path, {"LICENSE": Link("docs/COPYING"), "docs/COPYING": "text", "d": Link("docs")})
    found, findings = find_licenses(["LICENSE", "d/COPYING"], (tmp_path,))
    assert findings == ()
    assert [(license_file.name, license_file.content.read_text()) for license_file in found] == [
        ("LICENSE", "text"),
        ("d/COPYING", "text"),
    ]
    assert not any(license_file.content.is_symlink() for license_file in found)


def test_peer_d8_a_fifo_is_no_licence_and_nobody_waits(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "LICENSE")
    refused("LICENSE", tmp_path)
    assert "no regular file" in refused("LICEN*", tmp_path)


def test_no_patterns_find_nothing(tmp_path: Path) -> None:
    assert find_licenses([], (tmp_path,)) == ((), ())


def test_every_pattern_is_judged_for_itself(tmp_path: Path) -> None:
    write_tree(tmp_path, {"COPYING": "c"})
    found, findings = find_licenses(["COPYING", "NOTICE", "../x"], (tmp_path,))
    assert [license_file.name for license_file in found] == ["COPYING"]
    assert len(findings) == 2


def in_place(pattern: str, places: Mapping[str, tuple[Path, ...]]) -> dict[str, str]:
    """Return the texts by name that a pattern with a place finds, beside a folder that has others."""
    found, findings = find_licenses([pattern], [], places)
    assert findings == ()
    return {text.name: text.content.read_text() for text in found}


def test_a_text_that_the_script_installed_is_named_from_the_first_wildcard_on(tmp_path: Path) -> None:
    prefix = write_tree(
        tmp_path / "prefix",
        {"share/licenses/one/LICENSE": "1", "share/licenses/two/LICENSE": "2", "share/licenses/two/NOTICE": "n"},
    )
    places = {"PREFIX": (prefix,)}
    assert in_place("${{ PREFIX }}/share/licenses/one/LICENSE", places) == {"LICENSE": "1"}
    assert in_place("${{ PREFIX }}/share/licenses/*/LICENSE", places) == {"one/LICENSE": "1", "two/LICENSE": "2"}
    assert in_place("${{ PREFIX }}/share/licenses/two", places) == {"two/LICENSE": "2", "two/NOTICE": "n"}
    assert in_place("${{ PREFIX }}/*/licenses/one/*", places) == {"share/licenses/one/LICENSE": "1"}


def test_a_place_has_layers_and_the_upper_one_wins(tmp_path: Path) -> None:
    upper = write_tree(tmp_path / "upper", {"COPYING": "changed"})
    lower = write_tree(tmp_path / "lower", {"COPYING": "of a package", "AUTHORS": "a"})
    places = {"PREFIX": (upper, lower), "SRC_DIR": (lower,)}
    assert in_place("${{ PREFIX }}/COPYING", places) == {"COPYING": "changed"}
    assert in_place("${{ PREFIX }}/AUTHORS", places) == {"AUTHORS": "a"}
    assert in_place("${{ SRC_DIR }}/COPYING", places) == {"COPYING": "of a package"}


def test_a_place_is_looked_into_alone(tmp_path: Path) -> None:
    recipe = write_tree(tmp_path / "recipe", {"share/LICENSE": "beside the recipe"})
    prefix = write_tree(tmp_path / "prefix", {"bin/tool": ""})
    _, findings = find_licenses(["${{ PREFIX }}/share/LICENSE"], [recipe], {"PREFIX": (prefix,)})
    assert ["was not found" in finding.message for finding in findings] == [True]
    found, findings = find_licenses(["share/LICENSE"], [recipe], {"PREFIX": (prefix,)})
    assert ([text.name for text in found], findings) == (["share/LICENSE"], ())


@pytest.mark.parametrize(
    "pattern",
    ["${{ PREFIX }}/../secret", "${{ PREFIX }}", "${{ PREFIX }}/", "${{ PREFIX }}/link", "${{ BUILD_DIR }}/secret",
     "${{ PREFIX }}/a/../../secret"],
)  # fmt: skip
def test_trust_a23_no_place_is_a_way_out(tmp_path: Path, pattern: str) -> None:
    write_tree(tmp_path, {"secret": "s"})
    prefix = write_tree(tmp_path / "prefix", {"a/x": "x", "link": Link("../secret")})
    found, findings = find_licenses([pattern], [], {"PREFIX": (prefix,)})
    assert found == ()
    assert [finding.severity for finding in findings] == [Severity.ERROR]
    assert pattern in findings[0].message
