"""Recipes asked of rattler-build itself: the same outputs, requirements and used keys come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from builder.model.rendering import Platforms
from builder.recipe import Evaluated, evaluate
from tests.recipe import peer
from tests.recipe.given import platforms as on
from tests.recipe.given import problems, recipe, request

VARIANTS = {
    "python": "3.12.* *_cpython", "numpy": "2", "c_compiler": "gcc", "c_compiler_version": "13", "cxx_compiler_version": "13.*", "c_stdlib": "sysroot",
    "c_stdlib_version": "2.28", "mpi": "openmpi", "cuda": "None", "r_base": "4.4", "openssl": "3", "libblas": "3.9 *netlib", "cdt_name": "conda",
}  # fmt: skip
ALWAYS = {"target_platform", "channel_targets", "channel_sources"}

RECIPES = {
    "compiled": "requirements: {build: ['${{ compiler(\"c\") }}', '${{ compiler(\"cxx\") }}', '${{ stdlib(\"c\") }}', cmake], host: [openssl, zlib], run: [zlib]}",
    "python": "requirements: {host: [python, pip, numpy], run: [python, '${{ pin_compatible(\"numpy\") }}']}",
    "noarch": "build: {noarch: python}\nrequirements: {host: [python >=3.9, pip], run: [python >=3.9]}",
    "noarch chosen": "build: {noarch: '${{ \"generic\" if linux else none }}'}",
    "virtual": "build: {noarch: generic}\nrequirements: {run: [{if: unix, then: __unix, else: __win}, '__glibc >=2.17']}",
    "match": "build: {skip: \"match(python, '<3.9')\"}\nrequirements: {run: [{if: \"match(python, '>=3.12')\", then: new, else: old}]}",
    "nested": "requirements: {run: [{if: linux, then: [a, {if: x86_64, then: b, else: c}]}, {if: not unix, then: d}]}",
    "ternary": "requirements: {run: ['${{ \"a\" if linux else \"b\" }}', '${{ \"c\" if win }}', 'd ${{ \">=1\" if osx else \">=2\" }}']}",
    "variant": "requirements: {run: ['mpich', {if: \"mpi != 'nompi'\", then: '${{ mpi }}'}]}\nbuild: {string: 'mpi_${{ mpi }}_h${{ hash }}_${{ build_number }}'}",
    "cuda": "requirements: {build: [{if: \"cuda != 'None'\", then: '${{ compiler(\"cuda\") }}'}], run: [\"${{ 'cpu' if cuda == 'None' else 'gpu' }}\"]}",
    "cdt": "requirements: {build: ['${{ cdt(\"mesa-libgl-devel\") }}']}",
    "exports": "requirements: {run_exports: {strong: [a], weak: ['${{ pin_subpackage(\"demo\", upper_bound=\"x.x\") }}'], noarch: [b]}, ignore_run_exports: {by_name: [c], from_package: ['${{ compiler(\"c\") }}']}}",
    "constraints": "requirements: {run_constraints: ['a <2', 'b !=1.0', {if: win, then: c}]}",
    "keys": "build: {variant: {use_keys: [mpi], ignore_keys: [python], down_prioritize_variant: 2}}\nrequirements: {host: [python]}",
    "script names": "build: {script: ['echo ${{ mpi }}', {if: win, then: 'echo ${{ cuda }}'}]}",
    "script text": "build: {script: 'pip install . ${{ mpi }}'}\nrequirements: {host: [python]}",
    "test names": "tests: [{script: ['echo ${{ mpi }}']}]",
    "list filters": "requirements: {run: ['${{ \"a,b\" | split(\",\") | first }}', '${{ [\"z\", \"y\"] | sort | join(\"-\") }}']}",
    "versions": "requirements: {host: ['python 3.12.*', 'numpy >=1.26,<3', 'zlib !=1.2.12', 'a =1.2', 'b ==1.2', 'c >=1|<0.5', 'd ~=1.4', 'e 1.2.* *_cpu']}",
    "brackets": "requirements: {run: ['a[version=\">=1\"]', 'conda-forge::b >=1', 'Upper-Case']}",
    "extra": "extra: {name: '${{ target_platform }}', n: 1}",
    "about": "about: {summary: 'for ${{ python }}', license: Apache-2.0 OR MIT}",
    "source": "source: [{url: 'https://example.org/${{ mpi }}.tar.gz'}, {if: win, then: {path: win}}]",
    "numbers": "build: {number: '${{ 100 if cuda == \"None\" else 200 }}'}",
    "merge": "build: {merge_build_and_host_envs: '${{ win }}'}\nrequirements: {host: [libblas]}",
    "default filter": "requirements: {run: ['${{ undefined_key | default(\"fallback\") }}']}",
    "version filter": "build: {string: \"py${{ python | version_to_buildstring }}_${{ hash }}\"}\nrequirements: {host: [python]}",
    "platform questions": "requirements: {run: [{if: is_unix(target_platform), then: a}, {if: target_platform == build_platform, then: native}]}",
}  # fmt: skip
CONTEXTS = {
    "context": 'context: {name: demo, major: \'${{ "1.2.3" | split(".") | first }}\', old: "${{ match(python, \'<3.9\') }}"}\n',
    "typed": "context: {count: 3, flag: true, text: '4', items: [a, b]}\n",
    "shadow": 'context:\n  mpi: ${{ mpi ~ "_x" }}\n',
}
USES = {
    "context": "requirements: {run: ['a >=${{ major }}', {if: old, then: backport}, '${{ name }}-data']}",
    "typed": "build: {number: '${{ count + 1 }}', skip: not flag}\nrequirements: {run: ['a >=${{ text }}', '${{ items[1] }}', {if: count > 2, then: many}]}",
    "shadow": "requirements: {run: ['${{ mpi }}']}",
}
SEVERAL = {
    "outputs": "  - package: {name: liba}\n    requirements: {build: ['${{ compiler(\"c\") }}']}\n  - package: {name: b, version: '2'}\n"
    '    build: {noarch: python}\n    requirements: {host: [python], run: [python, \'${{ pin_subpackage("liba", upper_bound="x") }}\']}',
    "named by context": '  - package: {name: \'${{ "lib" ~ "x" }}\'}\n    requirements: {host: [numpy]}',
    "skipped": "  - package: {name: a}\n    build: {skip: linux}\n    requirements: {run: ['${{ stdlib(\"nothing\") }}']}\n  - package: {name: b}",
    "top keys": "  - package: {name: a}\n    about: {summary: '${{ cuda }}'}\n  - package: {name: b}",
}


def text_of(body: str, context: str = "") -> str:
    return f"{context}package: {{name: demo, version: '1.2.3'}}\n{body}\n"


CASES = {
    **{name: text_of(body) for name, body in RECIPES.items()},
    **{name: text_of(USES[name], context) for name, context in CONTEXTS.items()},
    **{
        name: f"recipe: {{version: '1'}}\nabout: {{homepage: 'https://example.org/${{{{ mpi }}}}'}}\noutputs:\n{body}\n"
        for name, body in SEVERAL.items()
    },
}


def comparable(found: Mapping[str, Any]) -> dict[str, Any]:
    build = found["build"]
    return {
        "package": found["package"],
        "number": build.get("number", 0),
        "noarch": build.get("noarch"),
        "requirements": found.get("requirements", {}),
        "about": found.get("about", {}),
        "source": found.get("source", []),
        "extra": found.get("extra", {}),
    }


def used(found: Evaluated) -> set[str]:
    """The keys that were read and have a value, but for those that do not count in a noarch Python package."""
    keys = {key for key in found.read if key in VARIANTS}
    return keys - ({"python"} if found.output.build.noarch == "python" else set())


@pytest.mark.parametrize("target", ["linux-64", "osx-arm64", "win-64"])
@pytest.mark.parametrize("name", sorted(CASES))
def test_the_peer_renders_the_same(name: str, target: str) -> None:
    import json

    where: Platforms = on(target)
    try:
        theirs = peer.answers(CASES[name], {key: [value] for key, value in VARIANTS.items()}, where)
    except peer.PeerRefusesError:
        assert problems(CASES[name], request(VARIANTS, where=where))
        return
    ours = [evaluate(output, request(VARIANTS, where=where)) for output in recipe(CASES[name]).outputs]
    kept = {found.output.name: found for found in ours if not found.output.skip}
    expected = {found["package"]["name"]: (found, keys) for found, keys in theirs}
    if not kept:
        # The peer's interface gives skipped outputs of a recipe with one output too.
        assert len(ours) == len(expected) == 1
        return
    assert set(kept) == set(expected)
    for package, (rendered, keys) in expected.items():
        assert comparable(json.loads(kept[package].output.rendered)) == comparable(rendered)
        virtual = {key for key in keys if key.startswith("__")}
        assert used(kept[package]) == set(keys) - ALWAYS - virtual - {"build_platform"} - {
            one.replace("-", "_") for one in expected
        }


REFUSED = [
    "package: {name: 'a b', version: '1'}\n",
    text_of("about: {summary: '${{ nowhere }}'}"),
    text_of("requirements: {run: [{if: nowhere == 1, then: a}]}"),
    text_of("requirements: {run: ['python 3.12']}"),
    text_of("requirements: {run: python}"),
    text_of("build: {scrpt: a}"),
    text_of("build: {noarch: perl}"),
    text_of("about: {license: Nothing}"),
    text_of("source: {sha256: abc}"),
    text_of("tests: [{requirements: {}}]"),
    text_of("source: {git: a, tag: b, branch: c}"),
    text_of("requirements: {build: ['${{ stdlib(\"x\") }}']}"),
    text_of('requirements: {run: [\'${{ pin_subpackage("demo", max_pin="x") }}\']}'),
    text_of("build: {skip: [{if: linux}]}"),
    text_of("schema_version: 3"),
    text_of("context: {a-b: 1}"),
    text_of("recipe: {name: x}"),
    "recipe: {version: '1'}\nrequirements: {run: [a]}\noutputs: [{package: {name: a}}]\n",
    "recipe: {version: '1'}\noutputs: [{package: {name: a}, inherit: nothing}]\n",
    "recipe: {version: '1'}\noutputs: [{staging: {name: a}, about: {}}]\n",
    "package: {name: a}\n",
    "package: {name: &x a, version: *x}\n",
    "package: {name: a, name: b, version: '1'}\n",
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_the_peer_refuses_is_refused_with_a_place(text: str) -> None:
    with pytest.raises(peer.PeerRefusesError):
        peer.rendered(text)
    found = problems(text)
    assert found
    assert all(problem.place is not None and problem.place.line is not None for problem in found)
