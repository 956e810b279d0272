"""YAML written in other styles and orders, with the same meaning: what no rendering may depend on."""

from __future__ import annotations

import json
import re
from io import StringIO
from random import Random

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from builder.syntax import read_yaml, write_yaml
from builder.syntax.node import Mapping, Node, Scalar, is_null
from builder.syntax.scalar import as_float, coerced

_LEGACY_BLOCK = re.compile(r"^(?=[A-Za-z_])", re.MULTILINE)


def written_again(text: str) -> str:
    """Return a file as our writer writes what our reader read."""
    return write_yaml(_data(read_yaml(text.encode(), "case.yaml")))


def _data(node: Node) -> object:
    if isinstance(node, Scalar):
        return None if is_null(node) else coerced(node)
    if isinstance(node, Mapping):
        return {name.text: _data(value) for name, value in node.entries}
    return [_data(item) for item in node.items]


def round_trip(text: str, style: Random) -> str:
    """Return a file as ruamel.yaml writes it after a round trip, with other widths, indentation, flow and block."""
    yaml = YAML(typ="rt")
    yaml.preserve_quotes = True
    yaml.width = style.choice([20, 80, 4096])
    yaml.indent(mapping=style.choice([2, 3, 4]), sequence=style.choice([4, 6]), offset=2)
    root = yaml.load(text)
    _choose_flow(root, style)
    out = StringIO()
    yaml.dump(root, out)
    return out.getvalue()


def _choose_flow(value: object, style: Random) -> None:
    if not isinstance(value, CommentedMap | CommentedSeq):
        return
    if "${{" not in str(value) and style.random() < 0.3:
        value.fa.set_flow_style()
    for inner in value.values() if isinstance(value, CommentedMap) else value:
        _choose_flow(inner, style)


class Restyled:
    """Writes nodes with styles of its own choice: quotes, blocks, flow, and another order of keys if ``shuffled``.

    What is a number, a truth value or nothing because it stands without quotes stays so, and expressions too: quoted
    ones in the context are text whatever they come to.
    """

    def __init__(self, style: Random, *, shuffled: bool) -> None:
        self._style = style
        self._shuffled = shuffled

    def written(self, text: str) -> str:
        return "".join(f"{line}\n" for line in self._lines(read_yaml(text.encode(), "case.yaml")))

    def _lines(self, node: Node) -> list[str]:
        flow = self._flow(node) if self._style.random() < 0.2 else None
        if flow is not None:
            return [flow]
        if isinstance(node, Scalar):
            return self._block_scalar(node)
        inner: list[str] = []
        if isinstance(node, Mapping):
            for name, value in self._entries(node):
                inner += self._pair(name, value)
            return inner or ["{}"]
        for item in node.items:
            first, *rest = self._lines(item)
            inner += [f"- {first}", *(f"  {line}" if line else "" for line in rest)]
        return inner or ["[]"]

    def _entries(self, node: Mapping) -> list[tuple[Scalar, Node]]:
        entries = list(node.entries)
        if self._shuffled:
            self._style.shuffle(entries)
        return entries

    def _pair(self, name: Scalar, value: Node) -> list[str]:
        key = name.text if name.plain and self._style.random() < 0.7 else json.dumps(name.text, ensure_ascii=False)
        lines = self._lines(value)
        if isinstance(value, Scalar) or lines in (["{}"], ["[]"]) or lines[0][:1] in {"[", "{"}:
            return [f"{key}: {lines[0]}".rstrip() if lines[0] == "" else f"{key}: {lines[0]}", *lines[1:]]
        return [f"{key}:", *(f"  {line}" if line else "" for line in lines)]

    def _block_scalar(self, node: Scalar) -> list[str]:
        text = node.text
        if (
            "\n" in text
            and text.strip("\n")
            and text[0] not in " \n\t"
            and "\t" not in text
            and self._style.random() < 0.7
        ):
            kept = text.rstrip("\n")
            ends = len(text) - len(kept)
            if not any(line.isspace() for line in kept.split("\n")):
                head = "|-" if ends == 0 else "|" if ends == 1 else "|+"
                return [head, *(f"  {line}" if line else "" for line in kept.split("\n")), *[""] * (ends - 1)]
        return [self._one_line(node)]

    def _one_line(self, node: Scalar) -> str:
        if _stays_plain(node) or (node.plain and "\n" not in node.text and self._style.random() < 0.4):
            return node.text
        if node.text.isprintable() and self._style.random() < 0.5:
            return "'" + node.text.replace("'", "''") + "'"
        return json.dumps(node.text, ensure_ascii=False)

    def _flow(self, node: Node) -> str | None:
        """Return a node in one line, None if something in it cannot stand there without quotes."""
        if isinstance(node, Scalar):
            if _stays_plain(node):
                return node.text if node.text and not set(node.text) & set(",[]{}") else None
            return json.dumps(node.text, ensure_ascii=False)
        if isinstance(node, Mapping):
            pairs = [(json.dumps(name.text), self._flow(value)) for name, value in self._entries(node)]
            return (
                None if any(value is None for _, value in pairs) else f"{{{', '.join(f'{k}: {v}' for k, v in pairs)}}}"
            )
        items = [self._flow(item) for item in node.items]
        return None if None in items else f"[{', '.join(str(item) for item in items)}]"


def _stays_plain(node: Scalar) -> bool:
    special = is_null(node) or not isinstance(coerced(node), str) or as_float(node.text) is not None
    return node.plain and (special or "${{" in node.text)


def legacy_shuffled(text: str, order: Random) -> str:
    """Return a ``conda_build_config.yaml`` with its keys in another order; lines stay as they are."""
    head, *blocks = _LEGACY_BLOCK.split(text)
    order.shuffle(blocks)
    return head + "".join(blocks)
