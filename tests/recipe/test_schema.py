"""The table of keys: complete, consistent, documented."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from builder.recipe.schema import KEYS, RULES, SECTIONS, sections
from builder.recipe.shape import Cases, Either, Many, Script, Section, Shape, Switched, Table

CEP_14_AND_LATER = {
    "recipe": {"$schema", "schema_version", "context", "package", "recipe", "outputs", "source", "build", "requirements", "tests", "about", "extra"},
    "package": {"name", "version"},
    "url source": {"url", "sha256", "md5", "file_name", "target_directory", "patches", "filter", "attestation"},
    "path source": {"path", "use_gitignore", "sha256", "md5", "file_name", "target_directory", "patches", "filter"},
    "git source": {"git", "branch", "tag", "rev", "depth", "lfs", "submodules", "expected_commit", "target_directory", "patches", "filter"},
    "build": {
        "number", "string", "script", "steps", "noarch", "skip", "files", "always_include_files", "always_copy_files", "merge_build_and_host_envs",
        "python", "variant", "prefix_detection", "dynamic_linking", "post_process", "flags",
    },
    "step": {"run", "if", "interpreter", "env", "cwd"},
    "attestation": {"publishers", "bundle_url"},
    "script": {"content", "file", "interpreter", "env", "secrets", "cwd"},
    "python": {"entry_points", "skip_pyc_compilation", "use_python_app_entrypoint", "version_independent", "site_packages_path"},
    "variant": {"use_keys", "ignore_keys", "down_prioritize_variant"},
    "prefix_detection": {"ignore", "ignore_binary_files", "force_file_type"},
    "dynamic_linking": {
        "rpaths", "binary_relocation", "missing_dso_allowlist", "rpath_allowlist", "overdepending_behavior", "overlinking_behavior",
    },
    "requirements": {"build", "host", "run", "run_constraints", "run_exports", "ignore_run_exports", "extras"},
    "run_exports": {"weak", "strong", "weak_constraints", "strong_constraints", "noarch"},
    "ignore_run_exports": {"by_name", "from_package"},
    "output": {"package", "inherit", "source", "build", "requirements", "tests", "about"},
    "staging output": {"staging", "source", "build", "requirements"},
    "inherit": {"from", "run_exports"},
    "python test": {"imports", "pip_check", "python_version"},
    "package_contents": {"files", "bin", "lib", "include", "site_packages", "strict"},
    "about": {"homepage", "repository", "documentation", "license", "license_file", "license_family", "summary", "description"},
}  # fmt: skip


@pytest.mark.parametrize("section", sorted(CEP_14_AND_LATER))
def test_sections_have_the_keys_of_the_standard(section: str) -> None:
    assert set(SECTIONS[section]) == CEP_14_AND_LATER[section]


def inner(shape: Shape) -> Iterator[Shape]:
    yield shape
    match shape:
        case Many():
            yield from inner(shape.item)
        case Table() | Script():
            yield from inner(shape.value)
        case Switched():
            yield from inner(shape.shape)
        case Either():
            for part in (shape.scalar, shape.sequence, shape.mapping):
                if part is not None:
                    yield from inner(part)
        case _:
            pass


def mentioned() -> set[str]:
    shapes = [part for key in KEYS for part in inner(key.shape)]
    named = {shape.name for shape in shapes if isinstance(shape, Section)}
    return named | {case.section for shape in shapes if isinstance(shape, Cases) for case in shape.cases}


def test_every_section_that_a_shape_names_has_keys_and_the_other_way() -> None:
    assert mentioned() | {"recipe"} == set(SECTIONS)


def test_every_case_is_told_by_a_key_of_its_section() -> None:
    cases = [case for key in KEYS for shape in inner(key.shape) if isinstance(shape, Cases) for case in shape.cases]
    assert cases
    assert all(case.key in SECTIONS[case.section] for case in cases)


def test_no_key_stands_twice() -> None:
    assert len({(key.section, key.name) for key in KEYS}) == len(KEYS)
    assert sum(len(keys) for keys in sections().values()) == len(KEYS)


def test_rules_are_about_keys_that_exist() -> None:
    assert all(name in SECTIONS[rule.section] for rule in RULES for name in rule.keys)
    assert all(rule.least <= rule.most <= len(rule.keys) for rule in RULES)


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key.section}.{key.name}")
def test_every_key_says_what_it_is_for_in_a_sentence(key: object) -> None:
    doc = getattr(key, "doc", "")
    assert doc[0].isupper()
    assert doc.endswith(".")
    assert len(doc) <= 80
