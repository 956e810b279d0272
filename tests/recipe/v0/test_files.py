"""Files that templates read: the recipe's, and those of its sources once a pass has said which these are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from builder.errors import UsageError
from builder.model.recipe import GitSource, PathSource, Source
from builder.recipe.v0.asked import AskedSources
from builder.recipe.v0.files import file_functions
from builder.recipe.v0.metadata import Metadata
from builder.syntax.reader import MAX_BYTES

SOURCES = Metadata(sections={"source": {"url": "https://example.org/a.tar.gz", "sha256": "0" * 64}})


@dataclass
class Held:
    """Sources that hold ``files``, and what was asked of them."""

    files: Mapping[str, bytes]
    asked: list[str] = field(default_factory=list)

    def source_file(self, sources: Sequence[Source], path: str) -> bytes | None:
        self.asked.append(path)
        return self.files.get(path) if sources else None

    def description(self, source: GitSource | PathSource) -> Mapping[str, str]:
        raise AssertionError(source)


def functions(
    folder: Path, *, files: Mapping[str, bytes] | None = None, before: Metadata = SOURCES, lenient: bool = False
) -> Mapping[str, Callable[..., Any]]:
    sources = AskedSources(None if files is None else Held(files), before, "")
    return file_functions(lambda path: (folder / path).read_bytes(), sources, lenient=lenient)


def test_files_of_the_sources_are_read(tmp_path: Path) -> None:
    held = functions(
        tmp_path,
        files={
            "version.json": b'{"version": "1.5"}',
            "data": b"a: [1, x]\n",
            "configure.ac": b"AC_INIT([a],[2.7])\n",
            "package.json": b'{"name": "a"}',
            "deep/setup.py": b"setup(version='3')\n",
            "deep/setup.cfg": b"[metadata]\nlicense = MIT\n",
        },
    )
    assert held["load_file_data"]("version.json") == {"version": "1.5"}
    assert held["load_file_data"]("data", "yaml") == {"a": [1, "x"]}
    assert held["load_file_regex"](load_file="configure.ac", regex_pattern=r"\[(\d.*)\]\)")[1] == "2.7"
    assert held["load_file_regex"]("configure.ac", "nowhere") is None
    assert held["load_npm"]()["name"] == "a"
    assert held["load_setup_py_data"]("deep/setup.py") == {"version": "3", "license": "MIT"}
    assert held["load_setuptools"](setup_file="deep/setup.py")["version"] == "3"


def test_files_of_the_recipe_are_read_when_they_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("a = 1")
    (tmp_path / "setup.py").write_text("setup(version='4')")
    held = functions(tmp_path, files={"a.toml": b"a = 2"})
    assert held["load_file_data"]("a.toml", from_recipe_dir=True) == {"a": 1}
    assert held["load_file_data"]("a.toml", from_recipe_dir=False, recipe_dir=".") == {"a": 2}
    assert held["load_setup_py_data"](from_recipe_dir=True)["version"] == "4"


CALLS: list[tuple[str, str | None, object]] = [
    ("load_file_data", "a.yaml", {}), ("load_file_regex", "a.yaml", None), ("load_setup_py_data", "a.py", {}),
    ("load_npm", None, {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "nothing"), CALLS)
def test_the_first_pass_knows_of_no_sources_and_asks_nobody(
    tmp_path: Path, name: str, path: str | None, nothing: object
) -> None:
    held = functions(tmp_path, before=Metadata(sections={}), lenient=True)
    pattern = ["x"] if name == "load_file_regex" else []
    assert held[name](*([path] if path else []), *pattern) == nothing


@pytest.mark.parametrize(("name", "path", "nothing"), CALLS)
@pytest.mark.parametrize("from_recipe_dir", [False, True])
def test_a_missing_file_is_nothing_at_first_and_an_error_at_last(
    tmp_path: Path, name: str, path: str | None, nothing: object, from_recipe_dir: bool
) -> None:
    arguments = [*([path] if path else []), *(["x"] if name == "load_file_regex" else [])]
    named = {"from_recipe_dir": from_recipe_dir} if path else {}
    assert functions(tmp_path, files={}, lenient=True)[name](*arguments, **named) == nothing
    where = "beside the recipe" if from_recipe_dir and path else "in the sources"
    with pytest.raises(ValueError, match=f"there is no file .* {where}"):
        functions(tmp_path, files={})[name](*arguments, **named)


def test_sources_that_nobody_answers_for_are_refused_with_the_reason(tmp_path: Path) -> None:
    for lenient in (True, False):
        with pytest.raises(ValueError, match=r"a\.yaml is in the sources, which are not there") as caught:
            functions(tmp_path, lenient=lenient)["load_file_data"]("a.yaml")
        assert isinstance(caught.value.__cause__, UsageError)
        assert caught.value.__cause__.problems[0].code == "recipe.needs-source"


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../../b", "~/x", "a\0b", "..\\b", "C:\\x"])
@pytest.mark.parametrize("from_recipe_dir", [False, True])
def test_nothing_leads_out(tmp_path: Path, path: str, from_recipe_dir: bool) -> None:
    for name, more in (("load_file_data", ["yaml"]), ("load_file_regex", ["x"]), ("load_setup_py_data", [])):
        with pytest.raises(ValueError, match=r"leads out|absolute|relative"):
            functions(tmp_path, files={path: b"x"})[name](path, *more, from_recipe_dir=from_recipe_dir)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xff\xfe", "no text in UTF-8"),
        (b" " * (MAX_BYTES + 1), "more than 1,048,576 bytes"),
        (b"{", "cannot be read"),
    ],
)
def test_what_is_no_data_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        functions(tmp_path, files={"a.json": content})["load_file_data"]("a.json")


def test_formats_that_are_none_are_told(tmp_path: Path) -> None:
    held = functions(tmp_path, files={"a.ini": b"x"})
    for name, arguments in (("load_file_data", ["a.ini"]), ("load_str_data", ["x", "pickle"])):
        with pytest.raises(ValueError, match="is no format of data; there are json, yaml and toml"):
            held[name](*arguments)


def test_a_pattern_takes_no_long_time_and_may_be_refused(tmp_path: Path) -> None:
    held = functions(tmp_path, files={"a": b"a" * 100_000})
    assert held["load_file_regex"]("a", "(a+)+$b") is None
    for pattern in ("(?=a)", "(", r"\1"):
        with pytest.raises(ValueError, match="cannot be searched for"):
            held["load_file_regex"]("a", pattern)
