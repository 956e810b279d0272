"""Hostile recipes in conda-build's format, rendered by the real command; see `tests.adversarial.attack`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.adversarial.attack import Attack, Told

PACKAGE = "package: {name: demo, version: '1.0'}\n"


def summary(expression: str) -> str:
    """Return a recipe that prints an expression."""
    return f"{PACKAGE}about:\n  summary: {{{{ {expression} }}}}\n"


def statement(template: str) -> str:
    """Return a recipe that begins with a statement."""
    return f"{template}\n{PACKAGE}"


def selector(text: str) -> str:
    """Return a recipe with a line that has a selector."""
    return f"{PACKAGE}about:\n  summary: a  # [{text}]\n"


def each(texts: list[str], pattern: str) -> dict[str, tuple[str | bytes, str]]:
    """Give each recipe a name."""
    return {f"r{number:02}": (text, pattern) for number, text in enumerate(texts)}


def refuse(
    attack: Attack, recipes: Mapping[str, tuple[str | bytes, str]], *options: str | Path, placed: bool = True
) -> dict[str, list[Told]]:
    """Render all ``recipes`` (name → text, pattern) in one process: each is refused, with place and remedy.

    Without ``placed`` a file is place enough: what is wrong is in what the template came to.
    """
    attack.inputs += len(recipes)
    paths = {name: attack.put(f"{name}/meta.yaml", text) for name, (text, _) in recipes.items()}
    ended = attack.run("render", *paths.values(), *options)
    assert ended.code == 2, (ended.code, ended.err[-2000:])
    assert not ended.out.strip(), ended.out[:2000]
    found = {name: [told for told in ended.told if told.file == str(path)] for name, path in paths.items()}
    for name, (_, pattern) in recipes.items():
        assert found[name], f"{name} was not refused: {ended.err[:2000]}"
        messages = [one.message for one in found[name]]
        assert any(re.search(pattern, message) for message in messages), (name, messages)
        for one in found[name]:
            assert one.remedy, f"{name}: no remedy: {one}"
            assert one.line or not placed, f"{name}: no line: {one}"
            assert len(one.message) < 5000, f"{name}: an endless message"
    return found


def keep(attack: Attack, recipes: Mapping[str, str], *options: str | Path) -> dict[str, Any]:
    """Render ``recipes`` that are nobody's business to refuse; return the first document of each."""
    attack.inputs += len(recipes)
    paths = [attack.put(f"{name}/meta.yaml", text) for name, text in recipes.items()]
    ended = attack.run("render", "--json", *paths, *options)
    assert ended.code == 0, ended.out + ended.err
    return dict(zip(recipes, ended.document(), strict=True))
