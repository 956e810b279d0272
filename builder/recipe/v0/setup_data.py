"""What a ``setup.py`` says as plain values, with ``setup.cfg``: read as text, for neither file ever runs here.

conda-build runs it and takes what it hands to ``setup``. Most of that stands there as it is; what is computed instead
is refused when a template asks for it.
"""

from __future__ import annotations

import ast
import configparser
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_TEXTS = re.compile(r"(?P<kind>attr|file):")
_LISTS = frozenset(
    {"install_requires", "setup_requires", "tests_require", "packages", "scripts", "py_modules", "classifiers"}
)
_BOOLEANS = frozenset({"zip_safe", "include_package_data"})

REMEDY = "read the value with load_file_regex, or write it into the recipe: {% set version = … %}"


class SetupData(dict[str, Any]):
    """The arguments of ``setup``; `ValueError` for one that the file computes."""

    def __init__(self, plain: Mapping[str, Any], computed: frozenset[str]) -> None:
        """Take those that stand there as they are, and the names of the others."""
        super().__init__(plain)
        self._computed = computed

    def __getitem__(self, key: str) -> Any:
        self._refuse(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """Return the argument ``key``."""
        self._refuse(key)
        return super().get(key, default)

    def _refuse(self, key: str) -> None:
        if key in self._computed or ("" in self._computed and key not in self):
            raise ValueError(
                f"setup.py computes {key}, and nothing of the sources runs when a recipe is rendered; {REMEDY}"
            )


def setup_data(setup: str, config: str | None) -> SetupData:
    """Return what ``setup``, the text of a ``setup.py``, hands over; ``config`` of ``setup.cfg`` counts more.

    Raises `ValueError` for what is no Python, and without any call of ``setup``.
    """
    plain, computed = _arguments(setup)
    for key, value in _configured(config or ""):
        if isinstance(value, str) and _TEXTS.match(value):
            plain.pop(key, None)
            computed.add(key)
        else:
            plain[key] = value
            computed.discard(key)
    return SetupData(plain, frozenset(computed))


def _arguments(text: str) -> tuple[dict[str, Any], set[str]]:
    """Return the plain arguments of the first call of ``setup``, and the names of others; ``""`` for unknown ones."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        names = dict(_constants(tree))
        call = next((node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_setup(node.func)), None)
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"setup.py is no Python that can be read; {REMEDY}") from error
    if call is None:
        raise ValueError(f"setup.py calls no setup; {REMEDY}")
    plain: dict[str, Any] = {}
    computed = {"" for argument in call.args} | {"" for keyword in call.keywords if keyword.arg is None}
    for keyword in call.keywords:
        if keyword.arg is None:
            continue
        known, value = _value(keyword.value, names)
        if known:
            plain[keyword.arg] = value
        else:
            computed.add(keyword.arg)
    return plain, computed


def _is_setup(function: ast.expr) -> bool:
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    return name == "setup"


def _constants(tree: ast.Module) -> Iterator[tuple[str, Any]]:
    """Yield the names with their plain values that the module gives at its top, and nothing else ever."""
    times = Counter(name for node in ast.walk(tree) for name in _bound(node))
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if times[name] == 1:
                known, plain = _value(value, {})
                if known:
                    yield name, plain


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node gives a value to, or takes one from."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
            yield name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.alias(name=name, asname=other):
            yield other or name.partition(".")[0]
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name


def _value(node: ast.expr, names: Mapping[str, Any]) -> tuple[bool, Any]:
    """Return whether an expression is plain, and its value."""
    if isinstance(node, ast.Name) and node.id in names:
        return True, names[node.id]
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False, None
    return isinstance(value, str | int | float | bool | list | tuple | dict | None), value


def _configured(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the arguments that ``setup.cfg`` gives."""
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise ValueError(f"setup.cfg cannot be read: {str(error).partition(chr(10))[0]}") from error
    for section in ("metadata", "options"):
        for written, value in parser[section].items() if parser.has_section(section) else ():
            key = written.replace("-", "_")
            if key in _LISTS and not _TEXTS.match(value):
                lines = value.splitlines() if "\n" in value else value.split(",")
                yield key, [one.strip() for one in lines if one.strip()]
            elif key in _BOOLEANS:
                yield key, value.strip().lower() in {"1", "true", "yes", "on"}
            else:
                yield key, value.strip()
