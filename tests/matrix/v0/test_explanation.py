"""Why outputs of a ``meta.yaml`` are called what they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from builder.matrix.explained import comparison_document, explanation_document
from builder.matrix.v0 import read_config
from builder.matrix.v0.explanation import explain_legacy
from builder.matrix.v0.rendering import LegacyQuestion, render_legacy
from builder.model.explanation import Explanation
from builder.model.rendering import Override, Platforms
from builder.recipe.v0 import load_meta
from builder.report.explanation import explanation_text, key_text

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")

TEXT = """\
package:
  name: bread
  version: "1.0"
build:
  number: 4
  force_ignore_keys:
    - salt
requirements:
  host:
    - python
    - flour
    - salt
  run:
    - python
    - __glibc >=2.17
"""


@pytest.fixture
def question(tmp_path: Path) -> LegacyQuestion:
    (tmp_path / "meta.yaml").write_text(TEXT)
    (tmp_path / "own.yaml").write_text("flour:\n  - '1'\n  - '3'\n")
    (tmp_path / "all.yaml").write_text(
        "python:\n  - '3.12'\n  - '3.13'\nmill:\n  - a\n  - b\nsalt:\n  - fine\nflour:\n  - '3'  # [yes_please]\n  - '2'\n"
        "zip_keys:\n  -\n    - python\n    - mill\n"
    )
    config = read_config([tmp_path / "own.yaml", tmp_path / "all.yaml"], {}, LINUX, {})
    return LegacyQuestion(text=load_meta(tmp_path / "meta.yaml"), config=config, platforms=LINUX)


@pytest.fixture
def explained(question: LegacyQuestion) -> tuple[Explanation, ...]:
    return explain_legacy(question, lambda _: True)


def test_every_package_is_explained(explained: tuple[Explanation, ...], question: LegacyQuestion) -> None:
    packages = [one for one in render_legacy(question) if one.output.kind == "package"]
    assert [one.rendering for one in explained] == packages
    assert explain_legacy(question, lambda one: "py313" in one.build_string) == explained[1:]


def test_the_hash_input_is_what_is_hashed(explained: tuple[Explanation, ...]) -> None:
    for one in explained:
        assert hashlib.sha1(one.hash_input.encode()).hexdigest()[:7] == one.rendering.hash
        assert [used.key for used in one.used] == sorted(json.loads(one.hash_input))


def test_a_key_of_the_hash(explained: tuple[Explanation, ...], tmp_path: Path) -> None:
    flour = next(used for used in explained[0].used if used.key == "flour")
    assert (flour.value, flour.choices) == ("2", ("2",))
    assert str(flour.origin) == f"{tmp_path}/all.yaml:11"
    assert [(setting.values, str(setting.origin)) for setting in flour.replaced] == [
        (("1", "3"), f"{tmp_path}/own.yaml:2")
    ]
    assert [(reason.through, reason.place.line) for reason in flour.reasons if reason.place] == [("requirement", 11)]


def test_a_virtual_package(explained: tuple[Explanation, ...]) -> None:
    used = next(used for used in explained[0].used if used.key == "__glibc")
    assert (used.value, used.reasons[0].through) == ("__glibc >=2.17", "virtual package")


def test_a_key_that_the_build_string_shows_is_not_hashed(explained: tuple[Explanation, ...]) -> None:
    python = next(unused for unused in explained[0].unused if unused.key == "python")
    assert (python.obstacle, python.choices) == ("ignored", ("3.12", "3.13"))
    assert python.place is not None
    assert python.place.line == 10


def test_a_key_that_the_recipe_ignores(explained: tuple[Explanation, ...]) -> None:
    salt = next(unused for unused in explained[0].unused if unused.key == "salt")
    assert salt.why == "build.force_ignore_keys names it"
    assert salt.place is not None
    assert salt.place.line == 6


def test_what_has_nothing_to_do_with_it(explained: tuple[Explanation, ...]) -> None:
    assert "mill" in explained[0].unmentioned
    assert not {"python", "salt", "flour", "zip_keys", "pin_run_as_build"} & set(explained[0].unmentioned)
    assert explained[0].asked == ("yes_please",)


def test_the_parts_of_the_name(explained: tuple[Explanation, ...]) -> None:
    one = explained[0]
    assert [(part.part, part.text) for part in one.parts] == [
        ("name", "bread"), ("version", "1.0"), ("prefix", "py312"), ("hash", f"h{one.rendering.hash}"), ("number", "_4"),
    ]  # fmt: skip
    assert [part.place.line for part in one.parts if part.place] == [2, 3, 5]
    assert "".join(part.text for part in one.parts[2:]) == one.rendering.build_string


@pytest.mark.parametrize(
    ("changed", "parts"),
    [
        ({"number: 4": "number: 4\n  string: own_{{ PKG_BUILDNUM }}"}, ["name", "version", "build string"]),
        ({"    - flour\n": "", "    - __glibc >=2.17\n": ""}, ["name", "version", "prefix", "number"]),
    ],
)
def test_other_build_strings(changed: dict[str, str], parts: list[str], tmp_path: Path) -> None:
    text = TEXT
    for old, new in changed.items():
        text = text.replace(old, new)
    (tmp_path / "meta.yaml").write_text(text)
    config = read_config([], {"flour": ("1",)}, LINUX, {})
    recipe = load_meta(tmp_path / "meta.yaml")
    (one,) = explain_legacy(LegacyQuestion(text=recipe, config=config, platforms=LINUX), lambda _: True)
    assert [part.part for part in one.parts] == parts
    assert "".join(part.text for part in one.parts[2:]) == one.rendering.build_string


def test_what_the_user_wants_of_the_name(tmp_path: Path) -> None:
    (tmp_path / "meta.yaml").write_text(TEXT)
    question = LegacyQuestion(
        text=load_meta(tmp_path / "meta.yaml"),
        config=read_config([], {}, LINUX, {}),
        platforms=LINUX,
        override=Override(build_number=9, build_string_prefix="fresh"),
    )
    (one,) = explain_legacy(question, lambda _: True)
    assert [(part.text, part.why) for part in one.parts][-1] == ("_9", "--build-num")
    assert one.parts[2].text == "fresh_py311"


def test_it_can_be_told_and_written(explained: tuple[Explanation, ...]) -> None:
    text = explanation_text(explained)
    assert "flour in meta.yaml has no version of its own" in text
    assert "selectors of variant files asked for the environment's yes_please" in text
    assert "salt" in key_text(explained, "salt")
    for one in explained:
        assert json.loads(json.dumps(explanation_document(one))) == explanation_document(one)
    assert comparison_document(*explained)["differs"] == {"python": ["3.12", "3.13"]}


def test_staging_outputs_are_not_explained(tmp_path: Path) -> None:
    text = TEXT + "outputs:\n  - name: crumb\n  - name: crust\n"
    (tmp_path / "meta.yaml").write_text(text)
    (tmp_path / "build.sh").write_text("make\n")
    recipe = load_meta(tmp_path / "meta.yaml", lambda path: (tmp_path / path).read_bytes())
    question = LegacyQuestion(text=recipe, config=read_config([], {}, LINUX, {}), platforms=LINUX)
    assert any(one.output.kind == "staging" for one in render_legacy(question))
    assert {one.rendering.output.name for one in explain_legacy(question, lambda _: True)} == {"crumb", "crust"}
