"""`build --render-only` beside rattler-build's own command line on the same files: the same JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, write_recipe
from tests.cli.peer import PeerRefusesError, build, comparable, render_only

SINGLE = """
context:
  version: "1.10"
  major: ${{ version | split(".") | first }}
  build_tests: true
package:
  name: single.package
  version: ${{ version }}
source:
  - url: https://EXAMPLE.org/single-${{ version }}.tar.gz
    sha256: 0000000000000000000000000000000000000000000000000000000000000000
    patches: [a.patch]
  - url: [https://example.org/y.tar.gz, https://example.com/y.tar.gz]
    md5: 00000000000000000000000000000000
    target_directory: inner
    filter: {include: [a], exclude: [b]}
  - git: https://example.org
    tag: v${{ version }}
    depth: 1
  - git: ../beside
    branch: main
  - path: ../folder
    use_gitignore: false
build:
  number: 3
  script: {file: build.py, env: {A: "${{ major }}"}, secrets: [TOKEN]}
  files: [bin/*, lib]
  always_include_files: [share/x]
  python: {entry_points: ["a = b:c"]}
  dynamic_linking: {overlinking_behavior: ignore, overdepending_behavior: error, binary_relocation: true, rpaths: [lib/]}
  prefix_detection: {force_file_type: {text: [b]}, ignore: [a]}
  post_process: [{files: [x], regex: a, replacement: b}]
requirements:
  build: [cmake >=3]
  host: [zlib, python]
  run:
    - ${{ pin_compatible("zlib", upper_bound="x.x") }}
    - python>=3.8,<4
    - if: unix
      then: sh
  run_constraints: [other <2]
  run_exports: ["${{ pin_subpackage('single.package') }}"]
  ignore_run_exports: {by_name: [z], from_package: [y]}
tests:
  - script: [a, b]
    requirements: {run: [c]}
    files: {recipe: [d], source: [e]}
  - script: {file: test.sh}
  - python: {imports: [a], pip_check: true, python_version: ["3.11", "3.12"]}
  - python: {imports: [a], pip_check: false}
  - package_contents: {files: {exists: [a], not_exists: [b]}, include: {not_exists: [c]}, bin: [d], strict: true}
  - downstream: other
about:
  homepage: https://example.org
  repository: https://example.org/x?a#b
  license: MIT OR Apache-2.0
  license_file: LICENSE
  description: |
    Long.
extra: {maintainers: [x], more: {a: [1, true, null, "x"]}}
"""
VARIANTS = "python: ['3.11', '3.12']\nzlib: ['1.2']\n"

SEVERAL = """
context: {v: "2"}
recipe: {name: several, version: "${{ v }}"}
source: {path: .}
build: {number: 4}
about: {license: MIT}
outputs:
  - package: {name: wrapper}
    requirements:
      host: ["${{ pin_subpackage('library', exact=True) }}"]
      run: ["${{ pin_subpackage('library', exact=True) }}", tool]
  - package: {name: library}
    build: {script: make, dynamic_linking: {rpaths: [x]}}
    requirements:
      build: ["${{ compiler('c') }}", "${{ stdlib('c') }}"]
      run_exports: {strong: ["${{ pin_subpackage('library', upper_bound='x.x') }}"], noarch: [x]}
  - package: {name: tool, version: "3"}
    build: {noarch: generic, script: [a, b]}
    requirements: {run: [__unix, "${{ pin_subpackage('library') }}"]}
    tests: [{script: x}]
"""
COMPILERS = "c_compiler: [gcc, gcc]\nc_compiler_version: ['13', '14']\nc_stdlib: [sysroot]\nc_stdlib_version: ['2.17']\nzip_keys: [[c_compiler, c_compiler_version]]\n"

STAGING = """
recipe: {name: staged, version: "1"}
source: {path: .}
build: {number: 1}
outputs:
  - staging: {name: made}
    source: {path: more}
    build: {script: make}
    requirements: {build: [gcc], host: [zlib]}
  - package: {name: staged-lib}
    inherit: made
    build: {files: [lib/*]}
    requirements: {run_exports: {weak: ["${{ pin_subpackage('staged-lib') }}"]}}
  - package: {name: staged-bin}
    inherit: {from: made, run_exports: false}
    requirements: {host: [python], run: ["${{ pin_subpackage('staged-lib', exact=True) }}", python]}
"""

NOARCH = """
package: {name: pure, version: 1!2.0}
build:
  noarch: python
  script: pip install .
  skip: [win]
  variant: {use_keys: [flavour], down_prioritize_variant: 1}
requirements:
  host: [python, pip]
  run: [python, __unix]
"""
STRING = """
package: {name: named, version: "1"}
build: {number: 2, string: "my_${{ hash }}_${{ build_number }}", merge_build_and_host_envs: true}
requirements: {host: [mpi], run: ["x[version='>=1']", "A-B 1.*", "y 1.0.* h*"]}
"""
CROSS = """
package: {name: cross, version: "1"}
requirements:
  build: ["${{ compiler('c') }}"]
  run:
    - if: win
      then: windows
      else: elsewhere
    - if: build_platform == target_platform
      then: native
    - if: host_platform == "osx-arm64"
      then: apple
"""
SKIPPED = "package: {name: skipped, version: '1'}\nbuild: {skip: [linux]}\n"

CASES: dict[str, tuple[str, str | None, dict[str, Any]]] = {
    "one output, every section": (SINGLE, VARIANTS, {}),
    "several outputs": (SEVERAL, COMPILERS, {}),
    "staging": (STAGING, "zlib: ['1.2', '1.3']\npython: ['3.12']\n", {}),
    "noarch python": (NOARCH, "python: ['3.11', '3.12']\nflavour: [a, b]\n", {}),
    "noarch for another host": (NOARCH.replace("[win]", "[osx]"), None, {"host_platform": "win-64"}),
    "own build string": (STRING, "mpi: [openmpi, mpich]\n", {}),
    "for another target": (CROSS, "c_compiler: [clang]\n", {"target_platform": "osx-arm64"}),
    "host and target differ": (CROSS, "c_compiler: [{if: win, then: vs, else: gcc}]\n", {"host_platform": "osx-arm64", "target_platform": "win-64"}),
    "on another machine": (CROSS, None, {"build_platform": "linux-aarch64"}),
    "skipped": (SKIPPED, None, {}),
    "build number": (SEVERAL, COMPILERS, {"build_num": 42}),
    "prefix": (STAGING, "zlib: ['1.2']\npython: ['3.12']\n", {"build_string_prefix": "mine"}),
    "number and prefix of an own string": (STRING, None, {"build_num": 7, "build_string_prefix": "x.y"}),
    "values of an option": (SINGLE, VARIANTS, {"variant_overrides": {"python": ["3.13"], "zlib": ["1.3", "1.4"]}}),
    "no variants of the recipe": (SINGLE, VARIANTS, {"ignore_recipe_variants": True}),
    "tar.bz2, no priority": (STRING, None, {"package_format": "tar-bz2", "channel_priority": "disabled"}),
}  # fmt: skip


def words(options: dict[str, Any]) -> list[str]:
    """Return options of the peer's function as words of its command line."""
    found: list[str] = []
    for name, value in options.items():
        if name == "variant_overrides":
            found += [f"--variant={key}={','.join(values)}" for key, values in value.items()]
        elif value is True:
            found.append(f"--{name.replace('_', '-')}")
        else:
            found += [f"--{name.replace('_', '-')}", str(value)]
    return found


def by_name(documents: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    found = {(one["recipe"]["package"]["name"], one["recipe"]["build"]["string"]): one for one in documents}
    assert len(found) == len(documents)
    return found


@pytest.mark.parametrize("case", CASES)
def test_it_prints_what_rattler_build_prints(case: str, command: Command, tmp_path: Path) -> None:
    text, variants, options = CASES[case]
    recipe = write_recipe(tmp_path / "recipe", text)
    if variants is not None:
        (recipe / "variants.yaml").write_text(variants)
    theirs = render_only(recipe / "recipe.yaml", output=tmp_path / "theirs", channel=["file:///somewhere"], **options)

    said = command("build", "-r", recipe, "--render-only", "--output-dir", tmp_path / "ours", "-c", "file:///somewhere", *words(options))  # fmt: skip
    assert (said.code, said.err) == (0, ""), said.err
    ours = json.loads(said.out)
    assert comparable(ours) == comparable(theirs)
    assert len(by_name(ours)) == len(ours)
    assert not (tmp_path / "ours").exists()
    if case == "skipped":
        assert ours == []


def test_packages_come_after_those_that_they_need_in_its_order(command: Command, tmp_path: Path) -> None:
    """Names of three recipes that need each other, in an order that neither names nor folders have."""
    for name, needed in (("a-last", "m-mid"), ("m-mid", "z-first"), ("z-first", None)):
        host = f"requirements: {{host: [{needed}, python]}}\n" if needed else "requirements: {host: [python]}\n"
        folder = write_recipe(tmp_path / "tree" / name, f"package: {{name: {name}, version: '1'}}\n{host}")
        (folder / "variants.yaml").write_text("python: ['3.11', '3.12']\n")
    files = sorted((tmp_path / "tree").glob("*/recipe.yaml"))
    theirs = render_only(*files, output=tmp_path / "theirs", channel=[])
    ours = command("build", "--recipe-dir", tmp_path / "tree", "--render-only", "--out", tmp_path / "ours").document
    assert isinstance(ours, list)
    names = [one["recipe"]["package"]["name"] for one in theirs]
    assert names == ["z-first"] * 2 + ["m-mid"] * 2 + ["a-last"] * 2
    assert [one["recipe"]["package"]["name"] for one in ours] == names


def several(folder: Path, text: str) -> Path:
    recipe = write_recipe(folder, text)
    (recipe / "variants.yaml").write_text(COMPILERS)
    return recipe


@pytest.mark.parametrize("name", ["library", "wrapper"])
def test_up_to_an_output(name: str, command: Command, tmp_path: Path) -> None:
    recipe = several(tmp_path / "recipe", SEVERAL.replace(", tool]", "]"))
    theirs = render_only(recipe / "recipe.yaml", output=tmp_path, up_to=name, channel=[])
    ours = command("build", recipe, "--render-only", "--up-to", name).document
    assert isinstance(ours, list)
    assert by_name(comparable(ours)).keys() == by_name(comparable(theirs)).keys()


def test_what_is_needed_only_to_run_is_there_too_for_tests_need_it(command: Command, tmp_path: Path) -> None:
    recipe = several(tmp_path / "recipe", SEVERAL)
    ours = command("build", recipe, "--render-only", "--up-to", "wrapper").document
    assert isinstance(ours, list)
    assert {one["recipe"]["package"]["name"] for one in ours} == {"library", "tool", "wrapper"}


def test_outputs_that_need_each_other_are_refused_by_both(command: Command, tmp_path: Path) -> None:
    text = "recipe: {name: r, version: '1'}\noutputs:\n" + "".join(
        f"  - package: {{name: {name}}}\n    requirements: {{host: [{other}]}}\n"
        for name, other in (("a", "b"), ("b", "a"))
    )
    recipe = write_recipe(tmp_path / "recipe", text)
    with pytest.raises(PeerRefusesError):
        render_only(recipe / "recipe.yaml", output=tmp_path, channel=[])
    said = command("build", recipe, "--render-only")
    assert (said.code, said.out) == (2, "")
    assert "need each other" in said.err
    assert "a, b" in said.err


def test_a_recipe_from_standard_input(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = tmp_path / "given"
    given.write_text("package: {name: piped, version: '1'}\nbuild: {number: 5}\n")
    with given.open() as stream:
        monkeypatch.setattr("sys.stdin", stream)
        said = command("build", "--recipe", "-", "--render-only")
    document = said.document
    assert isinstance(document, list)
    [one] = document
    assert (one["recipe"]["package"]["name"], one["recipe"]["build"]["number"]) == ("piped", 5)


def test_the_clock_is_the_callers(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = write_recipe(tmp_path / "recipe", SKIPPED.replace("linux", "win"))
    twice = [command("build", recipe, "--render-only", "--extra-meta", "a=b=c").out for _ in range(2)]
    assert twice[0] == twice[1]
    [document] = json.loads(twice[0])
    assert document["build_configuration"]["timestamp"] == "2000-01-01T00:00:00Z"
    assert document["extra_meta"] == {"a": "b=c"}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    [document] = json.loads(command("build", recipe, "--render-only").out)
    assert document["build_configuration"]["timestamp"] == "2023-11-14T22:13:20Z"


def test_variants_may_name_their_channels(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe", SKIPPED.replace("linux", "win"))
    sources = "file:///one/label/x,file:///two"
    (recipe / "variants.yaml").write_text(f"channel_sources: ['{sources}', 'file:///three']\n")
    theirs = render_only(recipe / "recipe.yaml", output=tmp_path)
    ours = json.loads(command("build", recipe, "--render-only").out)
    assert by_name(comparable(ours)) == by_name(comparable(theirs))
    assert sorted(one["build_configuration"]["channels"] for one in ours) == [
        ["file:///one/label/x", "file:///two"], ["file:///three"],
    ]  # fmt: skip


def test_solving_needs_it(command: Command, tmp_path: Path) -> None:
    said = command("build", write_recipe(tmp_path / "recipe", SKIPPED), "--with-solve")
    assert (said.code, said.out) == (2, "")
    assert "--with-solve needs --render-only" in said.err


OFFERED = {
    "libz": ("1.2.3", "run_exports: [\"${{ pin_subpackage('libz', upper_bound='x.x') }}\"]"),
    "libgcc": ("13.1", ""),
    "gcc": ("13.1", "run: [libz]\n  run_exports: {strong: [libgcc >=13], strong_constraints: [oldgcc <0]}"),
    "python": ("3.12.1", "run_exports: {noarch: [python], weak: [python_abi 3.12.*]}"),
}
NEEDY = """
package: {name: needy, version: "1"}
build: {number: 4, script: "true"}
requirements:
  build: [gcc]
  host: [libz, "python 3.*"]
  run: [libz >=1, "${{ pin_compatible('libz', upper_bound='x') }}", python]
  run_constraints: ["foo <2"]
  run_exports: {strong: ["${{ pin_subpackage('needy') }}"], weak: [x]}
"""
INHERITING = """
recipe: {name: r, version: "1"}
outputs:
  - staging: {name: made}
    build: {script: make}
    requirements: {build: [gcc]}
  - package: {name: lib}
    inherit: made
    requirements: {host: [libz], run: ["${{ pin_subpackage('bin', exact=True) }}"]}
  - package: {name: bin}
    build: {noarch: generic, script: x}
    requirements: {host: [python]}
"""


@pytest.fixture(scope="module")
def offering(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A channel of four packages with run exports of all kinds."""
    folder = tmp_path_factory.mktemp("offering")
    recipes = []
    for name, (version, requirements) in OFFERED.items():
        text = f"package: {{name: {name}, version: '{version}'}}\nbuild: {{script: 'echo > $PREFIX/{name}'}}\n"
        more = f"requirements:\n  {requirements}\n" if requirements else ""
        recipes.append(write_recipe(folder / name, text + more) / "recipe.yaml")
    build(*recipes, channel=folder / "channel")
    return folder / "channel"


def test_solved_environments_are_those_of_rattler_build(command: Command, offering: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe", NEEDY)
    (recipe / "variants.yaml").write_text("libz: ['1.2']\n")
    theirs = render_only(recipe / "recipe.yaml", output=tmp_path / "theirs", channel=[str(offering)], with_solve=True)
    said = command("build", recipe, "--render-only", "--with-solve", "-c", offering, "--out", tmp_path / "ours")
    assert (said.code, said.err) == (0, "")
    assert comparable(json.loads(said.out)) == comparable(theirs)
    assert not (tmp_path / "ours").exists()


def test_an_output_that_inherits_has_the_run_exports_of_the_staging_output(
    command: Command, offering: Path, tmp_path: Path
) -> None:
    recipe = write_recipe(tmp_path / "recipe", INHERITING)
    said = command("build", recipe, "--render-only", "--with-solve", "-c", offering, "--out", tmp_path / "ours")
    assert (said.code, said.err) == (0, "")
    found = {one["recipe"]["package"]["name"]: one["finalized_dependencies"] for one in json.loads(said.out)}
    assert {"source": "libgcc >=13"} in found["lib"]["run"]["depends"]
    assert {"run_export": "libz", "from": "host", "spec": "libz >=1.2.3,<1.3.0a0"} in found["lib"]["run"]["depends"]
    assert found["bin"]["run"] == {
        "depends": [{"run_export": "python", "from": "host", "spec": "python"}], "constraints": [],
    }  # fmt: skip
    assert (found["lib"]["build"], found["bin"]["build"]) == (None, None)


def test_what_cannot_be_solved_is_an_error_and_no_document(command: Command, offering: Path, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "recipe", NEEDY.replace("python 3.*", "python 2.*"))
    said = command("build", recipe, "--render-only", "--with-solve", "-c", offering)
    assert (said.code, said.out) == (2, "")
    assert "no package satisfies python 2.*" in said.err


def test_each_variant_has_the_channels_that_it_names(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", "package: {name: x, version: '1'}\n")
    variants = tmp_path / "v.yaml"
    variants.write_text("channel_sources: ['https://example.org/a, https://example.org/b', 'https://example.org/c']\n")
    build = ("build", recipe, "-m", variants, "--render-only")
    found = [one["build_configuration"]["channels"] for one in json.loads(command(*build).out)]
    assert sorted(found) == [["https://example.org/a", "https://example.org/b"], ["https://example.org/c"]]
    found = [one["build_configuration"]["channels"] for one in json.loads(command(*build, "-c", "file:///d").out)]
    assert found == [["file:///d"], ["file:///d"]]


def test_recipes_of_the_collection_come_with_who_needs_them(command: Command, tmp_path: Path) -> None:
    (tmp_path / "bakehouse.yaml").write_text("recipes: [recipes]\n")
    write_recipe(tmp_path / "recipes" / "tool", "package: {name: tool, version: '1'}\n")
    write_recipe(tmp_path / "recipes" / "broken", "package: {nam: x}\n")
    asked = write_recipe(tmp_path / "recipes" / "a", "package: {name: a, version: '1'}\nrequirements: {host: [tool]}\n")
    alone, together = (command("build", asked, "--render-only", *more) for more in ((), ("--with-deps",)))
    assert [one["recipe"]["package"]["name"] for one in json.loads(alone.out)] == ["a"]
    assert [one["recipe"]["package"]["name"] for one in json.loads(together.out)] == ["tool", "a"]
    assert together.err.startswith("warning: left out: ")


def test_a_meta_yaml_has_no_json_of_rattler_build(command: Command, tmp_path: Path) -> None:
    (tmp_path / "meta.yaml").write_text("package: {name: rye, version: '1'}\nsource: {path: .}\n")
    said = command("build", tmp_path, "--render-only", "--out", tmp_path / "c")
    assert (said.code, said.out) == (2, "")
    assert f"{tmp_path / 'meta.yaml'}: error: --render-only prints rattler-build's JSON" in said.err
    assert "bakehouse render" in said.err
    assert not (tmp_path / "c").exists()
