"""Outputs of a ``meta.yaml`` as the value that everything after the recipe takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.model.recipe import About, Output, UrlSource
from builder.model.rendering import Platforms, RecipeFile
from builder.recipe.v0 import (
    Metadata,
    MetaText,
    OutputMetadata,
    Remarks,
    Scope,
    about,
    build,
    load_meta,
    output,
    output_metadata,
    outputs_of,
    package_output,
    requirements,
    sources,
    tests,
)
from builder.syntax.legacy.data import Plain

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


def output_of(folder: Path, text: str, *, variant: dict[str, str] | None = None, name: str | None = None) -> Output:
    """Return the output ``name`` (the only one) of a recipe with nothing to be said about it."""
    found, remarks = mapped(folder, text, variant=variant, name=name)
    assert not remarks.problems
    assert not remarks.warnings
    return found


def mapped(
    folder: Path, text: str, *, variant: dict[str, str] | None = None, name: str | None = None
) -> tuple[Output, Remarks]:
    """Return an output and the remarks on it."""
    (folder / "meta.yaml").write_text(text)
    recipe = load_meta(folder / "meta.yaml", lambda path: (folder / path).read_bytes())
    scope = Scope(variant or {}, LINUX, {})
    entries, top = outputs_of(recipe.resolved(scope), mentions_output=False, whole=True)
    (entry,) = entries if name is None else [one for one in entries if one["name"] == name]
    remarks = Remarks(file=str(recipe.file.path), text=recipe.text)
    return package_output(output_metadata(top, entry, scope.variant), recipe, scope, remarks), remarks


def test_a_recipe_of_everything_ordinary(tmp_path: Path) -> None:
    found = output_of(
        tmp_path,
        """
package: {name: it, version: "1.10"}
source: {url: "https://example.org/it.tar.gz", sha256: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, patches: [a.patch]}
build: {number: 3, run_exports: ["it >=1"], ignore_run_exports: [zlib]}
requirements: {build: [cmake], host: [zlib], run: [zlib >=1.2], run_constrained: [other <2]}
about: {home: "https://example.org", license: MIT, license_file: LICENSE, summary: It}
extra: {recipe-maintainers: [somebody]}
""",
    )
    assert (found.kind, found.name, found.version, found.build.number) == ("package", "it", "1.10", 3)
    assert found.source == (UrlSource(urls=("https://example.org/it.tar.gz",), sha256="a" * 64, patches=("a.patch",)),)
    needs = found.requirements
    assert (needs.build, needs.host, needs.run) == (("cmake",), ("zlib",), ("zlib >=1.2",))
    assert (needs.run_constraints, needs.run_exports.weak) == (("other <2",), ("it >=1",))
    assert needs.ignore_run_exports.by_name == ("zlib",)
    assert found.about == About(
        homepage="https://example.org",
        license="MIT",
        license_file=("LICENSE",),
        summary="It",
        further=(("license_file", "LICENSE"),),
    )
    assert found.extra == (("recipe-maintainers", ("somebody",)),)


OUTPUTS = """
package: {name: it, version: '1'}
source: {path: src}
about: {license: MIT}
outputs:
  - name: sub
    version: '2'
    about: {summary: Sub}
    nmae: x
    target: noarch
  - name: wheel-of-it
    type: wheel
"""


def test_an_output_has_the_recipes_source_and_its_own_about(tmp_path: Path) -> None:
    found, remarks = mapped(tmp_path, OUTPUTS, name="sub")
    assert (found.name, found.version, found.about.summary, found.about.license) == ("sub", "2", "Sub", None)
    assert len(found.source) == 1
    assert not remarks.problems
    assert [(warning.code, warning.message.partition(":")[0]) for warning in remarks.warnings] == [
        ("recipe.unknown-key", "outputs[sub].nmae is not a key of recipes"),
        ("recipe.ignored", "outputs[sub].target has no effect here"),
        ("recipe.ignored", "outputs[wheel-of-it].type has no effect here"),
    ]


@pytest.mark.parametrize(("name", "independent"), [("sub", False), ("own", True), ("built", False)])
def test_independence_of_pythons_version_is_never_inherited(tmp_path: Path, name: str, independent: bool) -> None:
    text = """
package: {name: it, version: '1'}
build: {python_version_independent: true}
outputs:
  - name: sub
  - name: own
    python_version_independent: true
  - name: built
    build: {number: 1}
"""
    assert output_of(tmp_path, text, name=name).build.python.version_independent is independent


SECTIONS = {
    "build": build.KNOWN,
    "requirements": requirements.KNOWN,
    "test": tests.KNOWN,
    "about": about.KNOWN,
    "extra": frozenset({"recipe-maintainers"}),
}
WORDS = st.sampled_from(
    ["", "a", "yes", "off", "1", "lib/*", "a >=1", "a = b:c", "../x", "${PREFIX}/x", "x\ny", "\ue0b00\ue0b1", "é"]
)
PLAIN: st.SearchStrategy[Plain] = st.recursive(
    st.none() | st.booleans() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)


def sections(keys: frozenset[str]) -> st.SearchStrategy[dict[str, Plain]]:
    return st.dictionaries(st.sampled_from(sorted(keys)), PLAIN, max_size=4)


@given(
    st.fixed_dictionaries({name: sections(keys) for name, keys in SECTIONS.items()}),
    st.lists(sections(sources.KNOWN), max_size=2),
    sections(frozenset(output.KNOWN)),
)
@settings(max_examples=100, deadline=None)
def test_whatever_stands_under_a_key_is_taken_or_told(
    found: dict[str, Plain], source: list[dict[str, Plain]], entry: dict[str, Plain]
) -> None:
    """Shapes that nobody meant are problems, never exceptions."""
    package: dict[str, Plain] = {"name": "it", "version": "1"}
    entry = {key: value for key, value in entry.items() if key not in {"name", "version", "build", "requirements"}}
    metadata = Metadata(sections={**found, "package": package, "source": list(source), "outputs": [entry]})
    text = MetaText(RecipeFile(path=Path("meta.yaml"), folder=Path()), "", _absent)
    remarks = Remarks(file="meta.yaml")
    made = package_output(OutputMetadata(metadata=metadata, entry=entry), text, Scope({}, LINUX, {}), remarks)
    assert made.name == "it"
    assert json.loads(made.rendered)["package"] == package
    assert all(problem.message and problem.place for problem in (*remarks.problems, *remarks.warnings))


def _absent(path: str) -> bytes:
    raise FileNotFoundError(path)
