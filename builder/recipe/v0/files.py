"""What templates of a ``meta.yaml`` read of files, by ``load_file_data`` and its like: its own and its sources'."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from builder.errors import BakehouseError
from builder.recipe.kind import inside
from builder.recipe.v0.asked import AskedSources
from builder.syntax.data import read_data
from builder.syntax.reader import MAX_BYTES
from builder.syntax.value import ExpressionError

ReadFile = Callable[[str], bytes]
"""Returns a file of the recipe's folder by its relative path; raises `BakehouseError`."""

Function = Callable[..., Any]

MAX_READ = 4 << 20
"""Bytes of all files that one pass over a recipe reads."""

_NOT_THERE = frozenset({"ask.no-file", "ask.not-a-file"})


def file_functions(read_file: ReadFile, sources: AskedSources, *, lenient: bool) -> dict[str, Function]:
    """Return the functions; what is missing is nothing when it is ``lenient``, and an error otherwise."""
    files = _Files(read_file, sources, lenient=lenient)
    functions: dict[str, Function] = {
        "load_file_data": files.data,
        "load_str_data": files.text_data,
        "load_file_regex": files.regex,
        "load_npm": files.npm,
        "load_setup_py_data": files.setup_py,
        "load_setuptools": files.setup_py,
    }
    return {name: _told(function) for name, function in functions.items()}


class _Files:
    """Reads files for templates; the first pass knows of no sources yet, which is no error."""

    def __init__(self, read_file: ReadFile, sources: AskedSources, *, lenient: bool) -> None:
        self._read = read_file
        self._sources = sources
        self._left = MAX_READ
        self._lenient = lenient

    def data(self, filename: str, fmt: str | None = None, *, from_recipe_dir: bool = False, **_: object) -> Any:
        text = self._text(filename, from_recipe_dir)
        return {} if text is None else self.text_data(text, fmt or filename.rpartition(".")[2])

    def text_data(self, string: str, fmt: str, **_: object) -> Any:
        if fmt.lower() not in {"json", "yaml", "yml", "toml"}:
            raise ValueError(f"{fmt!r} is no format of data; there are json, yaml and toml")
        return plain(read_data(string.encode(), f"text.{fmt.lower()}"))

    def npm(self) -> Any:
        return self.data("package.json")

    def regex(self, load_file: str, regex_pattern: str, *, from_recipe_dir: bool = False, **_: object) -> Any:
        import re2  # hardly a recipe searches a file; Python's own engine may search for ever

        text = self._text(load_file, from_recipe_dir)
        try:
            return None if text is None else re2.search(regex_pattern, text)
        except re2.error as error:
            raise ValueError(f"{regex_pattern!r} cannot be searched for: {error}") from error

    def setup_py(self, setup_file: str = "setup.py", *, from_recipe_dir: bool = False, **_: object) -> Any:
        text = self._text(setup_file, from_recipe_dir)
        if text is None:
            return {}
        from builder.recipe.v0.setup_data import setup_data  # for hardly a recipe

        config = posixpath.join(posixpath.dirname(setup_file), "setup.cfg")
        return setup_data(text, self._found(config, from_recipe_dir))

    def _text(self, path: str, from_recipe_dir: bool) -> str | None:
        if not (from_recipe_dir or self._sources.are_known) and self._lenient:
            return None
        found = self._found(path, from_recipe_dir)
        if found is None and not self._lenient:
            raise ValueError(f"there is no file {path} {'beside the recipe' if from_recipe_dir else 'in the sources'}")
        return found

    def _found(self, path: str, from_recipe_dir: bool) -> str | None:
        """Return a file's text, None if there is no such file."""
        inside(path)
        try:
            data = self._read(path) if from_recipe_dir else self._sources.file(path)
            return None if data is None else self._bounded(path, data).decode()
        except FileNotFoundError:
            return None
        except BakehouseError as error:
            if from_recipe_dir and error.problems[0].code in _NOT_THERE:
                return None
            raise
        except UnicodeDecodeError as error:
            raise ValueError(f"{path} is no text in UTF-8") from error

    def _bounded(self, path: str, data: bytes) -> bytes:
        if len(data) > MAX_BYTES:
            raise ValueError(f"{path} has more than {MAX_BYTES:,} bytes")
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(
                f"the recipe reads more than {MAX_READ >> 20} MiB of files, some of them perhaps again and again"
            )
        return data


def plain(value: Any) -> Any:
    """Return an expression's value with lists and mappings of its own."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {key: plain(inner) for key, inner in value.items()}
    return value


def _told(function: Function) -> Function:
    """Return ``function`` with errors that a template can tell; a `BakehouseError` stays their cause."""

    def call(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except BakehouseError as error:
            raise ValueError(error.problems[0].message) from error
        except ExpressionError as error:
            raise ValueError(error.message) from error

    return call
