from __future__ import annotations

import json
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

from cyclonedx.model.bom import Bom
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

from builder.model.environment import Environment, Environments
from builder.model.recipe import About
from builder.model.source import SourceDigest
from builder.pack import PackRequest
from builder.pack.sbom import sbom
from tests.pack.greeting import LOCKED, request
from tests.pack.test_recipe import inheriting


def made(found: PackRequest) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(sbom(found)))
    return document


def parsed(document: dict[str, Any]) -> Bom:
    """The document as the reference library understands it."""
    bom = Bom.from_json(document)  # type: ignore[attr-defined]
    assert isinstance(bom, Bom)
    assert bom.validate()
    return bom


def test_the_reference_library_reads_it_and_loses_nothing(tmp_path: Path) -> None:
    document = made(request(tmp_path))
    bom = parsed(document)
    again = json.loads(make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string())
    by_reference = {component["bom-ref"]: component for component in again["components"]}
    assert by_reference == {component["bom-ref"]: component for component in document["components"]}
    assert again["metadata"]["component"] == {
        **document["metadata"]["component"],
        "externalReferences": again["metadata"]["component"]["externalReferences"],
    }
    assert again["serialNumber"] == document["serialNumber"]
    edges = {edge["ref"]: sorted(edge.get("dependsOn", ())) for edge in document["dependencies"]}
    assert edges.items() <= {edge["ref"]: sorted(edge.get("dependsOn", ())) for edge in again["dependencies"]}.items()


def test_the_package_itself(tmp_path: Path) -> None:
    component = made(request(tmp_path))["metadata"]["component"]
    assert component["purl"].startswith("pkg:conda/greeting@1.2.3?build=h")
    assert component["licenses"] == [{"expression": "MIT"}]
    assert [(r["type"], r["url"]) for r in component["externalReferences"]] == [
        ("website", "https://example.org"), ("vcs", "https://example.org/repo"), ("documentation", "https://example.org/doc"),
    ]  # fmt: skip


def test_components(tmp_path: Path) -> None:
    found = {component["name"]: component for component in made(request(tmp_path))["components"]}
    assert list(found) == ["g.tar.gz", "src", "libthing", "tool"]
    assert found["libthing"]["scope"] == "required"
    assert found["libthing"]["hashes"] == [{"alg": "SHA-256", "content": "1" * 64}]
    assert "channel=https://example.org/stable" in found["libthing"]["purl"]
    assert found["tool"]["scope"] == "excluded"
    assert "channel" not in found["tool"]["purl"]


def test_a_package_of_both_environments_is_linked_against(tmp_path: Path) -> None:
    both = Environment(packages=(LOCKED,))
    found = made(replace(request(tmp_path), environments=Environments(build=both, host=both)))
    assert [c["scope"] for c in found["components"] if c["name"] == "libthing"] == ["required"]
    parsed(found)


def test_what_a_staging_output_was_built_with_and_of_counts_too(tmp_path: Path) -> None:
    found = made(inheriting(tmp_path))
    assert {c["name"]: c.get("scope") for c in found["components"]} == {
        "g.tar.gz": None, "libthing": "required", "tool": "excluded",
    }  # fmt: skip
    parsed(found)


def test_the_serial_number_is_that_of_the_content(tmp_path: Path) -> None:
    first, again = made(request(tmp_path / "a")), made(request(tmp_path / "b"))
    assert first == again
    assert uuid.UUID(first["serialNumber"]).version == 5
    other = made(replace(request(tmp_path), sources=()))
    assert other["serialNumber"] != first["serialNumber"]


def test_a_bare_package(tmp_path: Path) -> None:
    bare = request(tmp_path)
    output = replace(bare.rendering.output, about=About())
    bare = replace(
        bare,
        rendering=replace(bare.rendering, output=output),
        environments=Environments(build=Environment(), host=Environment()),
        sources=(),
    )
    document = made(bare)
    assert document["components"] == []
    assert document["dependencies"] == [{"ref": document["metadata"]["component"]["bom-ref"], "dependsOn": []}]
    parsed(document)


def test_a_license_in_words_of_its_own_is_no_expression(tmp_path: Path) -> None:
    bare = request(tmp_path)
    output = replace(bare.rendering.output, about=About(license="BSD 3-Clause", license_is_spdx=False))
    document = made(replace(bare, rendering=replace(bare.rendering, output=output)))
    assert document["metadata"]["component"]["licenses"] == [{"license": {"name": "BSD 3-Clause"}}]
    parsed(document)


def test_versions_and_names_are_quoted(tmp_path: Path) -> None:
    odd = replace(LOCKED, version="1!2.0+local", name="c++-compiler")
    environments = Environments(build=Environment(), host=Environment(packages=(odd,)))
    document = made(replace(request(tmp_path), environments=environments))
    (component,) = [c for c in document["components"] if c["name"] == "c++-compiler"]
    assert component["purl"].startswith("pkg:conda/c%2B%2B-compiler@1%212.0%2Blocal?")
    parsed(document)


def test_nothing_of_the_building_machine(tmp_path: Path) -> None:
    text = json.dumps(made(request(tmp_path)))
    for word in ("/home/me", "secret", "tk-123", ":pw@", str(tmp_path)):
        assert word not in text


def test_a_git_source_is_told_by_its_commit(tmp_path: Path) -> None:
    source = SourceDigest(url="https://u:p@example.org/a/x.git", sha256="0" * 64, kind="git", commit="a" * 40)
    document = made(replace(request(tmp_path), sources=(source,)))
    assert "x.git" in {component.name for component in parsed(document).components}
    assert document["components"][0] == {
        "type": "file",
        "bom-ref": "source-0",
        "name": "x.git",
        "version": "a" * 40,
        "externalReferences": [{"type": "vcs", "url": "https://example.org/a/x.git"}],
    }


def test_a_source_that_nobody_vouches_for_says_so(tmp_path: Path) -> None:
    source = SourceDigest(url="https://example.org/a.tar.gz", sha256="9" * 64, kind="url", unhashed=True)
    document = made(replace(request(tmp_path), sources=(source,)))
    assert document["components"][0]["properties"] == [{"name": "bakehouse:unhashed", "value": "true"}]
    assert "a.tar.gz" in {component.name for component in parsed(document).components}
    assert all("properties" not in one for one in made(request(tmp_path))["components"])
