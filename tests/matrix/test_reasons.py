"""Every way by which a key gets into a hash, each told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.model.explanation import Through
from tests.matrix.asking import at, explained, place, used

HEAD = "package: {name: a, version: '1'}\n"

WAYS: list[tuple[str, Through, str, str]] = [
    ("about:\n  summary: 'key x ${{ key }}'\n", "expression", "key }}", "about.summary"),
    ("about:\n  summary: >\n    folded key\n    ${{ other }} ${{ key }}\n", "expression", "key }}", "about.summary"),
    ("requirements:\n  host:\n    - if: key == '1'\n      then: b\n", "expression", "key ==", "requirements.host[0]"),
    ("requirements:\n  host:\n    - key\n", "requirement", "key\n", "requirements.host"),
    ("requirements:\n  build:\n    - if: linux\n      then:\n        - b\n        - key\n", "requirement", "key\n", "requirements.build"),
    ("requirements:\n  build: ['${{ \"k\" }}ey']\n", "requirement", "'${{ \"k", "requirements.build"),
    ("build:\n  variant:\n    use_keys:\n      - other\n      - key\n", "use_keys", "key\n", "build.variant.use_keys"),
    ("build:\n  script:\n    - make\n    - make ${{ key if win }}\n", "script", "key if", "build.script"),
    ("build:\n  script: |\n    make\n    make -j ${{ key }}\n", "expression", "key }}", "build.script"),
    ("build:\n  skip: key == '3'\n", "expression", "key ==", "build.skip"),
    ("build:\n  skip:\n    - win\n    - match(key, '<1')\n", "expression", "match(key", "build.skip[1]"),
    ("build:\n  number: ${{ 1 if key == '1' else 2 }}\n", "expression", "1 if", "build.number"),
    ("build:\n  string: x${{ key }}\n", "expression", "key }}", "build.string"),
    ("context:\n  a: ${{ key }}\n", "context", "key }}", "context.a"),
    ("tests:\n  - script:\n      - test ${{ key }}\n", "expression", "key }}", "tests[0].script[0]"),
]  # fmt: skip


@pytest.mark.parametrize(("recipe", "through", "fragment", "path"), WAYS, ids=[way[3] for way in WAYS])
def test_a_key_in_the_hash(recipe: str, through: Through, fragment: str, path: str, tmp_path: Path) -> None:
    one, *_ = explained(tmp_path, HEAD + recipe, "key: ['1', '2']\nother: ['x']\n")
    first = used(one, "key").reasons[0]
    assert (first.through, first.path, place(first)) == (through, path, at(HEAD + recipe, fragment))


@pytest.mark.parametrize(("call", "keys"), [
    ('compiler("cxx")', ["cxx_compiler", "cxx_compiler_version"]),
    ('stdlib("c")', ["c_stdlib", "c_stdlib_version"]),
    ("compiler(lang)", ["cxx_compiler", "cxx_compiler_version"]),
])  # fmt: skip
def test_keys_behind_calls(call: str, keys: list[str], tmp_path: Path) -> None:
    recipe = f"context:\n  lang: cxx\n{HEAD}requirements:\n  build:\n    - ${{{{ {call} }}}}\n"
    (one,) = explained(
        tmp_path, recipe, "cxx_compiler: [gxx]\ncxx_compiler_version: [12]\nc_stdlib: [s]\nc_stdlib_version: [1]\n"
    )
    for key in keys:
        (reason,) = used(one, key).reasons
        assert (reason.through, reason.text, place(reason)) == ("expression", call, at(recipe, call))


def test_one_expression_is_one_reason_and_two_are_two(tmp_path: Path) -> None:
    recipe = HEAD + "about:\n  summary: ${{ key ~ key }} ${{ key }}\n  description: ${{ key }}\n"
    (one,) = explained(tmp_path, recipe, "key: [x]\n")
    assert [place(reason) for reason in used(one, "key").reasons] == [at(recipe, "key ~"), at(recipe, "key }}\n", 2)]


def test_a_virtual_package(tmp_path: Path) -> None:
    recipe = HEAD + "requirements:\n  run:\n    - if: linux\n      then: __glibc >=2.17\n"
    (one,) = explained(tmp_path, recipe)
    (reason,) = used(one, "__glibc").reasons
    assert (reason.through, place(reason)) == ("virtual package", at(recipe, "__glibc"))


def test_what_always_counts(tmp_path: Path) -> None:
    one, *_ = explained(tmp_path, HEAD, "channel_targets: [main]\nCPU_COUNT: [2]\n")
    assert [reason.through for reason in used(one, "target_platform").reasons] == ["always"]
    assert [reason.through for reason in used(one, "channel_targets").reasons] == ["always"]
    assert [reason.through for reason in used(one, "CPU_COUNT").reasons] == ["environment"]


def test_statements_of_the_top_level_count_for_each_output(tmp_path: Path) -> None:
    recipe = (
        "recipe: {version: '1'}\nbuild:\n  variant:\n    use_keys: [key]\nabout:\n  summary: ${{ other }}\noutputs:\n"
        "  - package: {name: a}\n  - package: {name: b}\n    build:\n      variant:\n        use_keys: [other]\n"
    )
    a, b = explained(tmp_path, recipe, "key: [x]\nother: [y]\n")
    assert place(used(a, "key").reasons[0]) == at(recipe, "key]")
    assert place(used(a, "other").reasons[0]) == at(recipe, "other }}")
    assert "key" not in b.rendering.variant
    assert [place(reason) for reason in used(b, "other").reasons] == [at(recipe, "other }}"), at(recipe, "other]")]
    assert used(b, "other").reasons[1].path == "outputs[1].build.variant.use_keys"


@pytest.mark.parametrize("section", ["run_constraints", "run_exports", "run_exports.strong"])
def test_an_exact_pin_in_any_section(section: str, tmp_path: Path) -> None:
    first, _, second = section.partition(".")
    pin = '${{ pin_subpackage("a", exact=True) }}'
    written = f"{first}:\n        {second}:\n          - {pin}\n" if second else f"{first}:\n        - {pin}\n"
    recipe = (
        "recipe: {version: '1'}\noutputs:\n  - package: {name: a}\n  - package: {name: b}\n    requirements:\n"
        f"      {written}"
    )
    _, b = explained(tmp_path, recipe)
    (reason,) = used(b, "a").reasons
    assert (reason.through, reason.path) == ("pin", f"outputs[1].requirements.{section}")
    assert place(reason) == at(recipe, pin)


def test_python_of_a_noarch_output_counts_only_through_its_staging_output(tmp_path: Path) -> None:
    recipe = (
        "recipe: {version: '1'}\noutputs:\n  - staging: {name: s}\n    requirements:\n      host: [python]\n"
        "  - package: {name: a}\n    inherit: s\n    build: {noarch: python}\n    requirements:\n      host: [python]\n"
    )
    _, a = explained(tmp_path, recipe, "python: ['3.12']\n")
    assert [reason.through for reason in used(a, "python").reasons] == ["staging"]


def test_an_inherited_output_may_be_named_in_a_mapping(tmp_path: Path) -> None:
    recipe = (
        "recipe: {version: '1'}\noutputs:\n  - staging: {name: s}\n    requirements:\n      host: [key]\n"
        "  - package: {name: a}\n    inherit:\n      run_exports: false\n      from: s\n"
    )
    _, a = explained(tmp_path, recipe, "key: ['3.12']\n")
    assert place(used(a, "key").reasons[0]) == at(recipe, "s\n", recipe.count("s\n"))
