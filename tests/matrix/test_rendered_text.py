"""What ``conda render`` prints, of recipes of both formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from builder.matrix import load_variants, render
from builder.matrix.rendered_text import rendered_text
from builder.matrix.v0 import read_config
from builder.matrix.v0.rendering import LegacyQuestion, render_legacy
from builder.model.rendering import Override, Platforms
from builder.recipe import load
from builder.recipe.v0 import load_meta

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")

BREAD = """\
{% set version = "1.20" %}
package:
  name: bread
  version: {{ version }}
source:
  - url: https://example.org/bread-{{ version }}.tar.gz
    sha256: 0000000000000000000000000000000000000000000000000000000000000000
build:
  number: 2
  skip: true  # [win]
  script: make
requirements:
  build:
    - {{ compiler('c') }}
  run:
    - python >=3.8
extra:
  recipe-maintainers:
    - baker
about:
  home: https://example.org
  summary: 'a: b'
outputs:
  - name: libbread
    build:
      run_exports:
        - {{ pin_subpackage('libbread', max_pin='x.x') }}
    requirements:
      run:
        - {{ pin_compatible('zlib') }}
  - name: bread
"""


def documents(text: str) -> list[tuple[str, Any]]:
    """The hash contents and the recipe of each output."""
    parts = text.split("--------------\nHash contents:\n--------------\n")[1:]
    found = []
    for part in parts:
        hashed, _, recipe = part.partition("----------\nmeta.yaml:\n----------\n")
        found.append((hashed, YAML(typ="safe").load(recipe)))
    return found


@pytest.fixture
def bread(tmp_path: Path) -> str:
    (tmp_path / "meta.yaml").write_text(BREAD)
    question = LegacyQuestion(
        text=load_meta(tmp_path / "meta.yaml"), config=read_config([], {}, LINUX, {}), platforms=LINUX
    )
    return rendered_text(render_legacy(question))


def test_outputs_of_a_template_are_those_that_conda_render_prints(bread: str) -> None:
    """Recorded from conda-build 26.7, `conda_build.api.output_yaml` before a solve; what `extra` says of it is left."""
    (hashed_bread, own), (hashed_lib, lib) = sorted(documents(bread), key=lambda one: str(one[1]["package"]["name"]))
    assert hashed_bread == "{'c_compiler': 'gcc', 'target_platform': 'linux-64'}\n"
    assert hashed_lib == "{}\n"
    source = [{"url": "https://example.org/bread-1.20.tar.gz", "sha256": "0" * 64}]
    about = {"home": "https://example.org", "summary": "a: b"}
    extra = {"recipe-maintainers": ["baker"]}
    assert lib == {
        "package": {"name": "libbread", "version": "1.20"},
        "source": source,
        "build": {"run_exports": ["libbread"], "number": "2"},
        "requirements": {"run": ["zlib"]},
        "about": about,
        "extra": extra,
    }
    assert own["package"] == {"name": "bread", "version": "1.20"}
    assert own["build"] == {"number": "2", "script": "make"}
    assert own["requirements"] == {"build": ["gcc_linux-64"], "run": ["python >=3.8"]}
    assert [one["name"] for one in own["outputs"]] == ["libbread", "bread"]


def test_sections_stand_in_conda_builds_order(bread: str) -> None:
    own = next(recipe for _, recipe in documents(bread) if recipe["package"]["name"] == "bread")
    assert list(own) == ["package", "source", "build", "requirements", "outputs", "about", "extra"]


def test_long_hash_contents_have_a_line_for_each_key(bread: str, tmp_path: Path) -> None:
    config = read_config([], {"c_compiler_version": ("13.99.99999999999999999999999999999999999",)}, LINUX, {})
    question = LegacyQuestion(text=load_meta(tmp_path / "meta.yaml"), config=config, platforms=LINUX)
    hashed = max((one for one, _ in documents(rendered_text(render_legacy(question)))), key=len)
    assert hashed.splitlines()[0] == "{'c_compiler': 'gcc',"
    assert len(hashed.splitlines()) == 3


def test_a_recipe_yaml_has_its_name_and_its_build_string(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text(
        "context: {version: '1.0'}\npackage: {name: cake, version: '${{ version }}'}\nbuild: {number: 1}\n"
        "about: {license: MIT}\nrequirements: {host: [python]}\n"
    )
    config = load_variants([], {"python": ["3.12", "3.13"]}, LINUX)
    renderings = render(load(tmp_path / "recipe.yaml"), config, LINUX, override=Override(build_number=7))
    first, second = rendered_text(renderings).split("------------\nrecipe.yaml:\n------------\n")[1:]
    recipe = YAML(typ="safe").load(first.partition("--------------\n")[0])
    assert list(recipe) == ["schema_version", "context", "package", "build", "requirements", "about"]
    assert recipe["build"]["string"] == renderings[0].build_string
    assert recipe["build"]["number"] == 7
    assert renderings[1].build_string in second


def test_what_is_skipped_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "recipe.yaml").write_text("package: {name: cake, version: '1'}\nbuild: {skip: true}\n")
    assert rendered_text(render(load(tmp_path / "recipe.yaml"), load_variants([], {}, LINUX), LINUX)) == ""
