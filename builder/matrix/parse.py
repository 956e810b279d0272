"""Turns the nodes of one variant file into a `VariantConfig`; everything that is wrong with it is collected."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from builder.errors import MAX_PROBLEMS, Place, Problem, RecipeError
from builder.matrix.config import Values, VariantConfig
from builder.matrix.keys import check_key, variant_key
from builder.matrix.special import STATEMENTS
from builder.model.frozen import frozen
from builder.model.variant import Origin, VariantValue
from builder.syntax.expression import Compiler, undefined
from builder.syntax.node import Mapping as MappingNode
from builder.syntax.node import Node, Scalar, Sequence, is_null, kind_of
from builder.syntax.scalar import coerced
from builder.syntax.template import compile_condition, compile_template, is_template
from builder.syntax.value import Value

_STATEMENTS = frozenset(key.name for key in STATEMENTS)
MAX_KEYS = 5_000
"""Keys of one file, and of all files together; conda-forge's pinning file has some 600."""

MAX_VALUE = 4096
"""Characters of one value: it becomes part of file names' hashes, of metadata and of scripts' environments."""

_PIN_FIELDS = ("min_pin", "max_pin")
_AS_IF = "write `- if: linux` and below it `then: [1, 2]`"
_AS_KEYS = "write the names of keys as `[python, numpy]`"
_AS_PIN = "write `pin_run_as_build: {zlib: x.x}`"
_AS_LIST = 'write a list, such as `python: ["3.12", "3.13"]`'


@frozen(kw_only=False)
class FileScope:
    """What expressions of a variant file may read: the platforms, no variant keys."""

    names: Mapping[str, str | bool]

    def lookup(self, name: str) -> Value:
        """Return a platform's name, or whether it is the one that is built for."""
        return self.names[name] if name in self.names else undefined(name, lambda: self.names)


@frozen
class VariantFile:
    """One variant file while it is read.

    ``selected`` marks a ``conda_build_config.yaml`` (its selectors are applied already): numbers in it are text, a
    value may stand without a list, and ``if`` means nothing.
    """

    name: str
    selected: bool
    scope: FileScope
    compiler: Compiler
    problems: list[Problem] = field(default_factory=list)

    def config(self, root: Node) -> VariantConfig:
        """Return the configuration that ``root`` describes; raise `RecipeError` with all that is wrong."""
        values: dict[str, Values] = {}
        if isinstance(root, MappingNode):
            for name, node in root.entries:
                if len(values) == MAX_KEYS:
                    self._wrong("too-many-keys", f"a file may have {MAX_KEYS:,} keys", name.place, "split the file")
                    break
                if name.text not in _STATEMENTS and self._is_new_key(name, values):
                    values[variant_key(name.text)] = self._values(node, name)
            groups = list(self._groups(root.get("zip_keys")))
            extend = [variant_key(one.text) for one in self._scalars(root.get("extend_keys"), "extend_keys")]
            pins = self._pins(root.get("pin_run_as_build"))
            ignored = self._scalars(root.get("ignore_version"), "ignore_version")
        elif is_null(root):
            return VariantConfig()
        else:
            self._wrong(
                "shape", f"a variant file is a mapping of keys to lists, this is {kind_of(root)}", root.place, _AS_LIST
            )
        if self.problems:
            raise RecipeError.of(self.problems)
        return VariantConfig(
            values={key: found for key, found in values.items() if len(found)},
            zip_keys=tuple(keys for keys, _ in groups),
            zip_places=tuple(place for _, place in groups),
            extend_keys=frozenset(extend),
            known=frozenset(values),
            pin_run_as_build=pins,
            ignore_version=frozenset(variant_key(one.text) for one in ignored),
        )

    def _wrong(self, code: str, message: str, place: Place, remedy: str) -> None:
        self._note([Problem(code=f"variant.{code}", message=message, place=place, remedy=remedy)])

    def _note(self, problems: Iterable[Problem]) -> None:
        """Collect problems; so many of them that more would help nobody end the reading."""
        self.problems.extend(problems)
        if len(self.problems) >= MAX_PROBLEMS or self.compiler.exhausted:
            raise RecipeError.of(self.problems)

    def _is_new_key(self, name: Scalar, values: Mapping[str, Values]) -> bool:
        wrong = check_key(name.text)
        if wrong:
            self._wrong("key", wrong, name.place, "choose another name")
        elif variant_key(name.text) in values:
            spelt = variant_key(name.text)
            self._wrong(
                "key-twice", f"{name.text} and another key here are both {spelt}", name.place, "keep one of them"
            )
        return not wrong and variant_key(name.text) not in values

    def _values(self, node: Node, name: Scalar) -> Values:
        found: list[tuple[VariantValue, Origin]] = []
        if isinstance(node, Sequence):
            for item in node.items:
                found += [(value, self._origin(where)) for value, where in self._item(item, name.text)]
        elif self.selected and isinstance(node, Scalar):
            found += [] if is_null(node) else [(node.text, self._origin(node))]
        else:
            self._wrong(
                "values", f"the values of {name.text} must be a list, this is {kind_of(node)}", node.place, _AS_LIST
            )
        return Values(tuple(value for value, _ in found), tuple(origin for _, origin in found))

    def _origin(self, scalar: Scalar) -> Origin:
        return Origin(source=self.name, line=bisect_right(scalar.document.lines, scalar.start))

    def _item(self, item: Node, key: str) -> Iterator[tuple[VariantValue, Scalar]]:
        if isinstance(item, Scalar):
            value = self._value(item)
            if isinstance(value, str) and len(value) > MAX_VALUE:
                what = f"a value of {key} has {len(value):,} characters, at most {MAX_VALUE:,} are allowed"
                self._wrong("too-long", what, item.place, "scripts see it as a variable; keep long text in a file")
            elif value is not None:
                yield value, item
        elif isinstance(item, MappingNode) and "if" in item and not self.selected:
            for chosen in self._branch(item):
                yield from self._item(chosen, key)
        else:
            self._wrong("value", f"a value of {key} must be text, a number or a truth value, this is {kind_of(item)}",
                        item.place, _AS_LIST)  # fmt: skip

    def _value(self, scalar: Scalar) -> VariantValue | None:
        if self.selected:
            # rattler-build quotes the numbers of `- 3` lines and types those of `[3, 4]`; the hash shows which.
            return scalar.text if _stands_alone(scalar) and not isinstance(coerced(scalar), bool) else coerced(scalar)
        if not is_template(scalar.text):
            return coerced(scalar)
        try:
            return compile_template(scalar, self.compiler).text(self.scope) or None
        except RecipeError as error:
            self._note(error.problems)
            return None

    def _branch(self, item: MappingNode) -> tuple[Node, ...]:
        """Return the nodes that an ``if`` with ``then`` and perhaps ``else`` chooses."""
        unknown = [name for name, _ in item.entries if name.text not in {"if", "then", "else"}]
        for name in unknown:
            self._wrong("condition", f"{name.text} does not belong beside `if`", name.place, "use if, then and else")
        condition, then = item.get("if"), item.get("then")
        if not isinstance(condition, Scalar) or then is None:
            self._wrong("condition", "a condition needs `if` with an expression and `then`", item.place, _AS_IF)
            return ()
        try:
            holds = compile_condition(condition, self.compiler).holds(self.scope)
        except RecipeError as error:
            self._note(error.problems)
            return ()
        chosen = then if holds else item.get("else")
        if chosen is None:
            return ()
        return chosen.items if isinstance(chosen, Sequence) else (chosen,)

    def _scalars(self, node: Node | None, key: str) -> list[Scalar]:
        if is_null(node):
            return []
        assert node is not None
        items = node.items if isinstance(node, Sequence) else (node,)
        for item in items if isinstance(node, Sequence) else ():
            if not isinstance(item, Scalar):
                self._wrong("shape", f"{key} lists names of keys, this is {kind_of(item)}", item.place, _AS_KEYS)
        if not isinstance(node, Sequence):
            self._wrong("shape", f"{key} must be a list, this is {kind_of(node)}", node.place, _AS_KEYS)
            return []
        return [item for item in items if isinstance(item, Scalar)]

    def _groups(self, node: Node | None) -> Iterator[tuple[tuple[str, ...], Place]]:
        if is_null(node):
            return
        assert node is not None
        for group in node.items if isinstance(node, Sequence) else (node,):
            if self.selected and is_null(group):
                continue  # selectors took all of it away
            if not isinstance(group, Sequence):
                what = f"zip_keys is a list of lists of keys, this is {kind_of(group)}"
                self._wrong("zip-shape", what, group.place, "write `zip_keys: [[python, numpy]]`")
                return
            keys = tuple(dict.fromkeys(variant_key(one.text) for one in self._scalars(group, "a group of zip_keys")))
            if keys:
                yield keys, group.place

    def _pins(self, node: Node | None) -> dict[str, dict[str, str]]:
        """Return ``pin_run_as_build``; a pin is ``x.x`` (its ``max_pin``) or a mapping."""
        if is_null(node):
            return {}
        pins: dict[str, dict[str, str]] = {}
        for name, pin in node.entries if isinstance(node, MappingNode) else ():
            if isinstance(pin, Scalar):
                pins[name.text] = dict.fromkeys(_PIN_FIELDS, pin.text)
            elif isinstance(pin, MappingNode):
                pins[name.text] = {
                    part.text: value.text
                    for part, value in pin.entries
                    if isinstance(value, Scalar) and part.text in _PIN_FIELDS
                }
            else:
                self._wrong("pin", f"the pin of {name.text} is an expression such as x.x", pin.place, _AS_PIN)
        if not isinstance(node, MappingNode):
            assert node is not None
            what = f"pin_run_as_build is a mapping of packages to pins, this is {kind_of(node)}"
            self._wrong("pin", what, node.place, _AS_PIN)
        return pins


def _stands_alone(scalar: Scalar) -> bool:
    """Whether a scalar is the item of a ``- …`` line, and not one of a list in brackets."""
    text = scalar.document.text
    return text[text.rfind("\n", 0, scalar.start) + 1 : scalar.start].strip() == "-"
