"""``about`` of a ``meta.yaml``."""

from __future__ import annotations

import pytest

from builder.model.recipe import About
from builder.recipe.v0.about import about_of
from builder.recipe.v0.keys import Keys
from builder.recipe.v0.remarks import Remarks
from builder.syntax.legacy.data import Plain


def read(**data: Plain) -> tuple[About, Remarks]:
    remarks = Remarks(file="meta.yaml", text="about:\n" + "".join(f"  {key}: x\n" for key in data))
    return about_of(Keys(data=data, path="about", remarks=remarks)), remarks


def test_what_everybody_says_of_software() -> None:
    found, remarks = read(
        home="https://example.org",
        dev_url="https://example.org/dev",
        doc_url="https://example.org/doc",
        license="MIT AND Apache-2.0",
        license_family="MIT",
        license_file=["LICENSE", "", "licenses/"],
        summary="It",
        description="It is\nit",
    )
    assert found == About(
        homepage="https://example.org",
        repository="https://example.org/dev",
        documentation="https://example.org/doc",
        license="MIT AND Apache-2.0",
        license_family="MIT",
        license_file=("LICENSE", "licenses/"),
        summary="It",
        description="It is\nit",
        further=(("license_file", ("LICENSE", "licenses/")),),
    )
    assert not remarks.warnings


def test_what_only_conda_build_writes_into_about_json() -> None:
    found, remarks = read(
        home=["https://example.org", "https://example.com"],
        doc_source_url="https://example.org/s",
        license_url="https://example.org/l",
        tags=["a", "b"],
        keywords="c",
        identifiers=[],
    )
    assert found.homepage == "https://example.org"
    assert found.further == (
        ("home", ("https://example.org", "https://example.com")),
        ("doc_source_url", "https://example.org/s"),
        ("license_url", "https://example.org/l"),
        ("tags", ("a", "b")),
        ("keywords", ("c",)),
    )
    assert not remarks.warnings


@pytest.mark.parametrize(
    "text", ["MIT", "GPL-3.0-or-later OR (MIT AND BSD-3-Clause)", "Apache-2.0 and MIT", "LicenseRef-Own", "GPL-2+"]
)
def test_what_looks_like_an_expression_is_taken_for_one(text: str) -> None:
    found, remarks = read(license=text)
    assert found.license == text
    assert not remarks.warnings


@pytest.mark.parametrize("text", ["BSD 3-Clause", "MIT License", "Own (Version 2)", "MIT / Apache", "see file"])
def test_any_other_text_is_a_warning_at_its_line_and_is_kept(text: str) -> None:
    found, remarks = read(license=text)
    assert (found.license, found.license_is_spdx) == (text, False)
    (warning,) = remarks.warnings
    assert (warning.code, warning.place and warning.place.line) == ("recipe.license", 2)
    assert warning.remedy


@pytest.mark.parametrize(("text", "spdx"), [("MIT", True), (None, True), ("GPL-3", False), ("LicenseRef-Own", False)])
def test_only_well_known_licenses_are_passed_on_as_spdx(text: str | None, spdx: bool) -> None:
    assert read(license=text)[0].license_is_spdx is spdx


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("${PREFIX}/lib/R/share/licenses/GPL-3", "${{ PREFIX }}/lib/R/share/licenses/GPL-3"),
        ("$SRC_DIR/LICENSE", "${{ SRC_DIR }}/LICENSE"),
        ("%RECIPE_DIR%\\LICENSE", "${{ RECIPE_DIR }}/LICENSE"),
        ("LICENSES/$x", "LICENSES/$x"),
    ],
)
def test_license_files_may_lie_in_folders_of_the_build(path: str, expected: str) -> None:
    assert read(license_file=path)[0].license_file == (expected,)


@pytest.mark.parametrize("key", ["readme", "prelink_message", "recipe_log_file"])
def test_what_has_no_effect_is_said(key: str) -> None:
    _, remarks = read(**{key: "FILE"})
    assert [warning.code for warning in remarks.warnings] == ["recipe.ignored"]


def test_an_unknown_key_is_a_warning() -> None:
    assert [warning.code for warning in read(licence="MIT")[1].warnings] == ["recipe.unknown-key"]
