"""The JSON of a rendering."""

from __future__ import annotations

import json

import pytest

from builder.matrix.document import rendering_document, requirement_document, script_document, value_in_a_line
from builder.matrix.texts import RenderingTexts
from builder.model.pin import Pin
from builder.model.recipe import PinCompatible, PinSubpackage, Script
from builder.model.variant import VariantValue
from tests.matrix.fakes import config, rendered
from tests.matrix.test_renderer import Make


def test_the_promised_keys() -> None:
    (one,) = rendered(
        [Make(name="a", reads=("flag", "n"), run=("zlib >=1",), number=3)], config({"flag": [True], "n": [2]})
    )
    document = rendering_document(one)
    assert json.loads(json.dumps(document)) == document
    assert document["name"] == "a"
    assert document["version"] == "1"
    assert document["build_number"] == 3
    assert document["build"] == one.build_string
    assert document["hash"] == one.hash
    assert document["subdir"] == "linux-64"
    assert document["noarch"] is None
    assert document["variant"] == {"flag": True, "n": 2, "target_platform": "linux-64"}
    assert document["used_vars"] == ["flag", "n", "target_platform"]
    assert document["requirements"] == {"build": [], "host": [], "run": ["zlib >=1"], "run_constraints": []}
    assert document["skip"] is False
    assert document["recipe"] == "/recipes/fake/recipe.yaml"
    assert document["kind"] == "package"
    assert document["script"] == {"interpreter": "bash"}
    assert document["why"] == {
        "flag": "a reads flag", "n": "a reads n", "target_platform": "always part of the hash",
    }  # fmt: skip
    assert document["origins"] == {
        "flag": "variants.yaml:1", "n": "variants.yaml:1", "target_platform": "--target_platform",
    }  # fmt: skip


def test_pins_have_the_peers_fields() -> None:
    assert requirement_document(PinSubpackage(name="a", pin=Pin())) == {
        "pin_subpackage": {"name": "a", "lower_bound": "x.x.x.x.x.x", "upper_bound": "x"}
    }
    assert requirement_document(PinSubpackage(name="a", pin=Pin(exact=True))) == {
        "pin_subpackage": {"name": "a", "exact": True}
    }
    loose = Pin(lower_bound=None, upper_bound="2.0", build="*_1")
    assert requirement_document(PinCompatible(name="a", pin=loose)) == {
        "pin_compatible": {"name": "a", "upper_bound": "2.0", "build": "*_1"}
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [("3.12", "key 3.12"), (False, "key false"), (3, "key 3"), ("a\nb", 'key "a\\nb"'), ("é", "key é")],
)
def test_a_value_in_one_line(value: VariantValue, text: str) -> None:
    assert value_in_a_line("key", value) == text


GUARD = "if %errorlevel% neq 0 exit /b %errorlevel%"


@pytest.mark.parametrize(
    ("script", "shell", "document"),
    [
        (Script(), "bash", {"interpreter": "bash"}),
        (Script(content=()), "bash", {"interpreter": "bash", "content": ""}),
        (Script(content=("a", "b")), "bash", {"interpreter": "bash", "content": "a\nb"}),
        (Script(content=("a", "b")), "cmd", {"interpreter": "cmd", "content": f"a\n{GUARD}\nb\n{GUARD}"}),
        (Script(content=("a",), interpreter="nu"), "cmd", {"interpreter": "nushell", "content": "a"}),
        (Script(content=("a", "b"), interpreter="who"), "bash", {"interpreter": "who", "content": "a\nb"}),
        (Script(file="x.ps1"), "bash", {"interpreter": "powershell", "file": "x.ps1"}),
        (Script(file="x"), "cmd", {"interpreter": "cmd", "file": "x"}),
        (Script(file="x.py", interpreter="bash"), "cmd", {"interpreter": "bash", "file": "x.py"}),
        (
            Script(file="x.py", env=(("A", "1"),), secrets=("T",), cwd="sub"),
            "bash",
            {"interpreter": "python", "file": "x.py", "env": {"A": "1"}, "secrets": ["T"], "cwd": "sub"},
        ),
    ],
    ids=str,
)
def test_the_script_is_what_its_interpreter_is_given(script: Script, shell: str, document: dict[str, object]) -> None:
    assert script_document(script, shell) == document


def test_a_value_is_told_in_one_line() -> None:
    values = {"a": ["1\nlinux-64/b-1-0"], "c": ["\x1b[31m"], "d": ["é"]}
    (one,) = rendered([Make(name="a", reads=("a", "c", "d"))], config(values))
    assert RenderingTexts().variant(one) == r'a "1\nlinux-64/b-1-0", c "\u001b[31m", d é'
