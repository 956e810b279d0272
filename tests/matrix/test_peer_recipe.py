"""What rattler-build writes in another way; `tests/cli/test_render_only.py` asks it about whole recipes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.matrix import load_variants, render
from builder.matrix.peer_recipe import peer_recipe
from builder.model.rendering import Platforms, Rendering
from builder.recipe import load

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")


def rendered(folder: Path, recipe: dict[str, Any]) -> tuple[Rendering, ...]:
    (folder / "recipe.yaml").write_text(json.dumps({"package": {"name": "a", "version": "1"}} | recipe))
    return render(load(folder), load_variants([], {}, LINUX), LINUX)


def one(folder: Path, recipe: dict[str, Any]) -> dict[str, Any]:
    [rendering] = rendered(folder, recipe)
    return peer_recipe(rendering)


def test_sections_come_in_its_order_and_there_is_always_a_context(tmp_path: Path) -> None:
    found = one(tmp_path, {"extra": {"b": 1}, "about": {"license": "MIT"}, "build": {"script": "x", "number": 3}})
    assert list(found) == ["schema_version", "context", "package", "build", "requirements", "about", "extra"]
    assert found["context"] == {}
    assert list(found["build"]) == ["number", "string", "script"]
    assert found["build"]["string"] == "hb0f4dca_3"
    assert "number" not in one(tmp_path, {})["build"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("https://example.org", "https://example.org/"),
        ("https://EXAMPLE.org/A", "https://example.org/A"),
        ("https://example.org/x?a#b", "https://example.org/x?a#b"),
        ("https://Me@example.org", "https://Me@example.org/"),
        ("file:///x/y", "file:///x/y"),
        ("pypi:some-thing-1.0.tar.gz", "pypi:some-thing-1.0.tar.gz"),
    ],
)
def test_addresses(written: str, expected: str, tmp_path: Path) -> None:
    source = {"url": written, "sha256": "0" * 64, "file_name": "x"}
    found = one(tmp_path, {"source": [source, {**source, "url": [written, "https://example.com"]}]})
    assert found["source"][0]["url"] == expected
    assert found["source"][1]["url"] == [expected, "https://example.com/"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"git": "https://example.org", "tag": "v1"}, {"git": "https://example.org/", "rev": "refs/tags/v1"}),
        ({"git": "../x", "branch": "main", "lfs": True}, {"git": "../x", "rev": "refs/heads/main", "lfs": True}),
        ({"git": "../x", "rev": "abc", "depth": 1}, {"git": "../x", "rev": "abc", "depth": 1}),
        ({"path": "../x", "use_gitignore": False}, {"path": "../x", "use_gitignore": False}),
    ],
)
def test_sources(written: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    assert one(tmp_path, {"source": [written]})["source"] == [expected]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("x", "x"), (["a", "b"], ["a", "b"]), (["a"], "a"), ("", []), ({"file": "x.py"}, {"interpreter": "python", "file": "x.py"}),
        ({"file": "x.py", "interpreter": "bash"}, {"file": "x.py", "interpreter": "bash"}), ({"file": "x"}, {"file": "x"}),
        ({"content": "a", "env": {"B": "1"}}, {"content": "a", "env": {"B": "1"}}),
    ],
)  # fmt: skip
def test_scripts(script: object, expected: object, tmp_path: Path) -> None:
    assert one(tmp_path, {"build": {"script": script}})["build"]["script"] == expected


def test_linking_says_only_what_is_no_default(tmp_path: Path) -> None:
    def linking(**keys: object) -> object:
        return one(tmp_path, {"build": {"dynamic_linking": keys}})["build"].get("dynamic_linking")

    assert linking(overlinking_behavior="ignore", binary_relocation=True) is None
    assert linking(overdepending_behavior="error") == {"overdepending_behavior": "error"}
    assert linking(binary_relocation=["a"], rpaths=["x"]) == {"binary_relocation": ["a"], "rpaths": ["x"]}
    assert linking(binary_relocation=False) == {"binary_relocation": False}


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ({"python": {"imports": ["a"], "pip_check": True}}, {"python": {"imports": ["a"]}}),
        ({"python": {"imports": ["a"], "pip_check": False}}, {"python": {"imports": ["a"], "pip_check": False}}),
        ({"package_contents": {"files": {"not_exists": ["a"]}, "strict": True}}, {"package_contents": {"files": {"exists": [], "not_exists": ["a"]}, "strict": True}}),
        ({"package_contents": {"bin": {"exists": ["a"]}}}, {"package_contents": {"bin": ["a"]}}),
        ({"script": {"file": "t.py"}}, {"script": {"interpreter": "python", "file": "t.py"}}),
        ({"downstream": "x"}, {"downstream": "x"}),
    ],
)  # fmt: skip
def test_tests(test: dict[str, Any], expected: dict[str, Any], tmp_path: Path) -> None:
    assert one(tmp_path, {"tests": [test]})["tests"] == [expected]


def test_an_inherited_staging_output_is_told_whole_without_number_and_string(tmp_path: Path) -> None:
    recipe = {
        "recipe": {"name": "r", "version": "1"},
        "source": {"path": "."},
        "build": {"number": 7},
        "outputs": [
            {"staging": {"name": "s"}, "build": {"script": "make"}, "source": {"git": "../x", "tag": "t"}},
            {"package": {"name": "b"}, "inherit": {"from": "s", "run_exports": False}},
        ],
    }
    (tmp_path / "recipe.yaml").write_text(json.dumps(recipe))
    staging, package = render(load(tmp_path), load_variants([], {}, LINUX), LINUX)
    found = peer_recipe(package, staging)
    assert found["inherits_from"] == {"cache_name": "s", "inherit_run_exports": False}
    assert found["staging_caches"] == [
        {
            "name": "s",
            "build": {"string": None, "script": "make"},
            "requirements": {},
            "source": [{"path": "."}, {"git": "../x", "rev": "refs/tags/t"}],
        }
    ]
    assert "staging_caches" not in peer_recipe(package)
