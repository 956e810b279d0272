"""Pins in templates: names to whoever looks at them, pins to whoever builds."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.model.legacy_pin import LegacyPin
from builder.model.recipe import PinCompatible, PinSubpackage, Requirement, ScriptTest
from builder.recipe.v0 import Metadata
from builder.recipe.v0.outputs import with_versions
from builder.recipe.v0.pins import MOST, PinnedName, Pins, like
from tests.recipe.v0.test_output import mapped, output_of

HEAD = "package: {name: it, version: '1'}\n"


def run_of(folder: Path, *lines: str, head: str = "") -> tuple[Requirement, ...]:
    """Return the run requirements that lines of a template come to."""
    listed = "".join(f"    - {line}\n" for line in lines)
    return output_of(folder, f"{head}{HEAD}requirements:\n  run:\n{listed}").requirements.run


def test_a_pin_of_another_output(tmp_path: Path) -> None:
    assert run_of(tmp_path, "{{ pin_subpackage('libit', exact=True) }}") == (
        PinSubpackage(name="libit", pin=LegacyPin(exact=True)),
    )


def test_a_pin_to_the_environment_with_all_arguments(tmp_path: Path) -> None:
    found = run_of(
        tmp_path,
        "{{ pin_compatible('numpy', lower_bound='1.19', upper_bound=2, min_pin='x.x', max_pin=None) }}",
        "{{ pin_compatible('numpy', '1.19', '2', 'x', 'x.x') }}",
        "{{ pin_compatible('numpy', exact=True) }}",
    )
    assert found == (
        PinCompatible(
            name="numpy",
            pin=LegacyPin(lower_bound="1.19", upper_bound="2", min_pin="x.x", max_pin=None),
        ),
        PinCompatible(name="numpy", pin=LegacyPin(lower_bound="1.19", upper_bound="2", min_pin="x", max_pin="x.x")),
        PinCompatible(name="numpy", pin=LegacyPin(exact=True)),
    )


def test_a_build_string_may_stand_behind_a_pin(tmp_path: Path) -> None:
    found = run_of(
        tmp_path,
        "{{ pin_subpackage('libit', max_pin='x.x') }} {{ mpi }}_*",
        "{{ pin_subpackage('libit') ~ ' *_cpu' }}",
        "{{ pin_compatible('zlib') }}   ",
        head="{% set mpi = 'nompi' %}\n",
    )
    assert found == (
        PinSubpackage(name="libit", pin=LegacyPin(max_pin="x.x", build="nompi_*")),
        PinSubpackage(name="libit", pin=LegacyPin(build="*_cpu")),
        PinCompatible(name="zlib", pin=LegacyPin()),
    )


@pytest.mark.parametrize(
    "line",
    [
        "{{ pinned }}",
        "{{ pinned | string }}",
        "{{ '%s' | format(pinned) }}",
        "{{ macroed() }}",
        "{% for one in [pinned] %}{{ one }}{% endfor %}",
        "{{ pinned }}  # [linux]",
        '"{{ pinned }}"',
        "{{ pin_compatible(pinned) }}",
    ],
)
def test_a_pin_may_go_through_variables_and_macros(tmp_path: Path, line: str) -> None:
    head = "{% set pinned = pin_compatible('zlib') %}{% macro macroed() %}{{ pinned }}{% endmacro %}\n"
    assert run_of(tmp_path, line, head=head) == (PinCompatible(name="zlib", pin=LegacyPin()),)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{{ pinned.upper() | lower }}", "zlib"),
        ("{{ pinned.split()[0] }}", "zlib"),
        ("{{ pinned + ' 1.2.*' }}", "zlib 1.2.*"),
        ("{{ 'same' if pinned == 'zlib' else 'other' }}", "same"),
        ("{{ pinned | length }}zip", "4zip"),
    ],
)
def test_whoever_looks_into_a_pin_sees_the_bare_name(tmp_path: Path, line: str, text: str) -> None:
    assert run_of(tmp_path, line, head="{% set pinned = pin_compatible('zlib') %}\n") == (text,)


@pytest.mark.parametrize(
    "line",
    [
        "{{ pin_compatible('zlib') }} <2",
        "x-{{ pin_compatible('zlib') }}",
        "{{ pin_compatible('a') }} 1 {{ pin_compatible('b') }}",
    ],
)
def test_a_pin_amid_other_text_cannot_be_built_and_has_a_name_all_the_same(tmp_path: Path, line: str) -> None:
    found, remarks = mapped(tmp_path, f"{HEAD}requirements:\n  run:\n    - {line}\n")
    (problem,) = remarks.problems
    assert problem.code == "recipe.pin"
    assert problem.place is not None
    assert problem.place.line == 3
    assert all(isinstance(one, str) and one.isascii() for one in found.requirements.run)


def test_pins_elsewhere_are_bare_names(tmp_path: Path) -> None:
    found = output_of(
        tmp_path,
        HEAD + "about:\n  summary: made for {{ pin_compatible('zlib') }}\n"
        "extra: {'{{ pin_compatible('zlib') }}': {nested: ['{{ pin_compatible('zlib') }}']}}\n",
    )
    assert found.about.summary == "made for zlib"
    assert found.extra == (("zlib", (("nested", ("zlib",)),)),)
    assert "\\u" not in found.rendered
    assert found.rendered.isascii()


def test_run_exports_and_constraints_may_be_pins(tmp_path: Path) -> None:
    found = output_of(
        tmp_path,
        f"""{HEAD}
build:
  run_exports:
    strong:
      - {{{{ pin_subpackage("it", max_pin="x.x") }}}}
requirements:
  host:
    - {{{{ pin_compatible("zlib") }}}}
  run_constrained:
    - {{{{ pin_subpackage("other") }}}}
""",
        variant={"zlib": "1.3"},
    ).requirements
    assert found.run_exports.strong == (PinSubpackage(name="it", pin=LegacyPin(max_pin="x.x")),)
    assert found.run_constraints == (PinSubpackage(name="other", pin=LegacyPin()),)
    assert found.host == (PinCompatible(name="zlib", pin=LegacyPin()),)


def test_a_pin_of_something_undefined_is_an_error_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        run_of(tmp_path, "{{ pin_compatible(nothing) }}")
    assert caught.value.problems[0].code == "recipe.undefined"


def test_a_template_cannot_pin_without_end(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=f"more than {MOST:,} times"):
        run_of(
            tmp_path,
            "{% for n in range(200) %}{% for m in range(200) %}{{ pin_compatible('a') }}{% endfor %}{% endfor %}",
        )


def test_nothing_but_texts_and_pins_is_in_an_output(tmp_path: Path) -> None:
    pinned = "{{ pin_compatible('zlib') }}"
    found = output_of(
        tmp_path,
        f"{HEAD}requirements:\n  run:\n    - {pinned}\ntest:\n  requires:\n    - {pinned}\n  commands:\n    - echo {pinned}\n",
    )
    (test,) = found.tests
    assert isinstance(test, ScriptTest)
    assert test.run == ("zlib",)
    texts = [
        *test.run,
        *(test.script.content or ()),
        *(text for _, many in found.requirements.shown or () for text in many),
    ]
    assert {type(text) for text in texts} == {str}
    assert pickle.loads(pickle.dumps(found)) == found


def test_marks_that_nobody_issued_are_text() -> None:
    pins = Pins()
    forged = "\ue0b05\ue0b1"
    pins.pin_compatible("zlib")
    found = pins.restored([f"zlib{forged}", {"a": f"b{forged}"}])
    assert found == ["zlib", {"a": "b"}]


@given(st.lists(st.tuples(st.sampled_from(["a", "lib-b", "c.d_1"]), st.booleans()), min_size=1, max_size=20))
def test_every_pin_comes_back_as_itself(wanted: list[tuple[str, bool]]) -> None:
    pins = Pins()
    written = [
        str(pins.pin_subpackage(name, exact=True) if is_sibling else pins.pin_compatible(name, max_pin="x.x"))
        for name, is_sibling in wanted
    ]
    restored = pins.restored(list(written))
    assert restored == [name for name, _ in wanted]
    assert isinstance(restored, list)
    for one, (name, is_sibling) in zip(restored, wanted, strict=True):
        assert isinstance(one, PinnedName)
        kind = PinSubpackage if is_sibling else PinCompatible
        assert isinstance(one.pinned, kind)
        assert one.pinned.name == name


def test_what_identity_sees_keeps_its_pin_through_lists_and_versions() -> None:
    pinned = PinnedName.of("zlib", PinCompatible(name="zlib", pin=LegacyPin()))
    listed = Metadata(sections={"requirements": {"host": [pinned, "b"]}}).requirements("host")
    assert listed == ["zlib", "b"]
    versioned = with_versions({"host": listed}, {"zlib": "1.3"})
    assert versioned == {"host": ["zlib 1.3.*", "b"]}
    assert isinstance(versioned["host"][0], PinnedName)
    assert str(pinned) is pinned
    assert like("plain", "other") == "other"
