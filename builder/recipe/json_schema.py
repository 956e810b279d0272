"""The JSON Schema (draft 2020-12) of recipes for editors, made of the rows that the parser reads by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from builder.model.switch import Switch
from builder.recipe import kind as kinds
from builder.recipe.json_form import form
from builder.recipe.kind import Kind
from builder.recipe.schema import RULES, SECTIONS, Key, Rule
from builder.recipe.shape import (
    Cases,
    Either,
    Expression,
    Free,
    Many,
    Script,
    Section,
    Shape,
    Switched,
    Table,
    Text,
    Typed,
)

Document = dict[str, object]

_NULL: Document = {"type": "null"}
_KINDS = {value: name for name, value in vars(kinds).items() if isinstance(value, Kind)}


def recipe_schema() -> Document:
    """Return the schema of ``recipe.yaml``; what stands in it is a property of the parser's table, nothing else.

    A value may be missing (null) wherever the parser takes that for absent.
    """
    maker = _Maker()
    root = maker.section("recipe")
    properties = _properties(root)
    properties["outputs"] = maker.outputs()
    properties["schema_version"] = {"description": SECTIONS["recipe"]["schema_version"].doc, "enum": [1, "1", None]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "recipe.yaml",
        "description": "A recipe for conda packages (CEPs 13 and 14, with their successors).",
        **root,
        "type": "object",
        "allOf": [*_rules("recipe"), _version_somewhere()],
        "$defs": dict(sorted(maker.definitions.items())),
    }


def _version_somewhere() -> Document:
    """Every package needs a version: its own, or that of ``recipe`` beside ``outputs``."""
    own: Document = {"properties": {"package": _with_version()}}
    shared: Document = {"required": ["recipe"], "properties": {"recipe": {"type": "object", **given("version")}}}
    return {"if": shared, "else": {"properties": {**_properties(own), "outputs": {"items": own}}}}


def _properties(document: Document) -> Document:
    properties = document["properties"]
    assert isinstance(properties, dict)
    return properties


def _with_version() -> Document:
    return {"if": {"type": "object"}, "then": given("version")}


def given(key: str) -> Document:
    """Return the schema of mappings in which ``key`` stands and is not empty."""
    return {"required": [key], "properties": {key: {"not": _NULL}}}


def _rules(section: str) -> list[Document]:
    return [document for rule in RULES if rule.section == section for document in _rule(rule)]


def _rule(rule: Rule) -> Iterator[Document]:
    if rule.least:
        yield {"anyOf": [given(key) for key in rule.keys]}
    for several in combinations(rule.keys, rule.most + 1):
        yield {"not": {"allOf": [given(key) for key in several]}}


class _Maker:
    """Makes one schema; what is used in several places becomes a definition of its own."""

    def __init__(self) -> None:
        self.definitions: dict[str, Document] = {}
        self._lenient = {case.section for shape in _all_cases() for case in shape.cases if case.lenient}

    def outputs(self) -> Document:
        """A list of outputs, in which nothing may be chosen."""
        key = SECTIONS["recipe"]["outputs"]
        assert isinstance(key.shape, Many)
        return {
            "description": key.doc,
            "type": "array",
            "items": {"type": "object", **self._shape(key.shape.item, "output")},
        }

    def section(self, name: str) -> Document:
        """Return the schema of a section's mapping."""
        keys = SECTIONS[name].values()
        properties: Document = {key.name: self._property(key) for key in keys}
        if name in self._lenient:
            properties["if"] = False  # a mapping with `if` chooses items
        document: Document = {"type": ["object", "null"], "properties": properties}
        if name not in self._lenient:
            document["additionalProperties"] = False
        required = [given(key.name) for key in keys if key.required]
        rules = _rules(name) if name != "recipe" else []
        if required or rules:
            document["if"], document["then"] = {"type": "object"}, {"allOf": [*required, *rules]}
        return document

    def _property(self, key: Key) -> Document:
        doc = key.doc
        if isinstance(key.shape, Switched):
            what = "an experiment" if key.shape.switch is Switch.EXPERIMENTAL else "new"
            doc = f"{doc} It is {what} and needs {key.shape.switch}."
        document = {"description": doc, **self._shape(key.shape, key.name)}
        return {**document, "deprecated": True} if key.deprecated else document

    def _shape(self, shape: Shape, hint: str) -> Document:
        match shape:
            case Text():
                return self._text(shape.kind)
            case Section():
                return self._defined(shape.name, lambda: self.section(shape.name))
            case Many():
                return self._many(shape, hint)
            case Cases():
                return self._defined(f"{hint} item", lambda: self._cases(shape))
            case Script():
                return self._shape(shape.value, hint)
            case Either():
                return self._either(shape, hint)
            case Switched():
                return self._shape(shape.shape, hint)
            case _:
                return self._plainer(shape, hint)

    def _plainer(self, shape: Typed | Expression | Table | Free, hint: str) -> Document:
        match shape:
            case Typed():
                inner = {"$ref": "#/$defs/value"}
                document: Document = {"anyOf": [{"type": _SCALARS}, {"type": "array", "items": inner}]}
                return self._defined("value", lambda: document)
            case Expression():
                return {"type": _SCALARS}
            case Table():
                value = self._shape(shape.value, hint)
                return {
                    "type": ["object", "null"],
                    "propertyNames": form(_KINDS[shape.key], template=False),
                    "additionalProperties": value,
                }
            case Free():
                return {}

    def _text(self, kind: Kind) -> Document:
        name = _KINDS[kind]
        return self._defined(f"{name} text", lambda: form(name))

    def _many(self, shape: Many, hint: str) -> Document:
        if shape.guarded:
            return {"type": ["array", "null"], "items": self._shape(shape.item, hint)}
        name = self._name(shape, hint)
        choice = {"$ref": f"#/$defs/{_slug(f'choice of {name}')}"}
        item = self._defined(f"{name} or choice", lambda: {"anyOf": [self._shape(shape.item, hint), choice]})
        self._defined(f"choice of {name}", lambda: _choice(item))
        alone = item if shape.single else choice
        return {"anyOf": [{"type": "array", "items": item}, alone, _NULL]}

    def _either(self, shape: Either, hint: str) -> Document:
        parts: list[Document] = []
        for part in (shape.scalar, shape.mapping):
            parts += [self._shape(part, hint)] if part is not None else []
        if shape.sequence is not None:
            many = self._shape(shape.sequence, hint)
            choices = many.get("anyOf")
            parts.append(choices[0] if isinstance(choices, list) else many)
        return {"anyOf": [*parts, _NULL]}

    def _cases(self, shape: Cases) -> Document:
        found: list[Document] = []
        earlier: list[str] = []
        for case in shape.cases:
            section = self._shape(Section(case.section), case.key)
            others = dict.fromkeys(earlier, _NULL) if case.lenient else {}
            needed: Document = {"type": "object", "required": [case.key]}
            needed["properties"] = {case.key: {"not": _NULL}, **others}
            found.append({"allOf": [section, needed]})  # not beside each other: some editors would take one for all
            earlier.append(case.key)
        return {"anyOf": [*found, _NULL]}

    def _name(self, shape: Many, hint: str) -> str:
        match shape.item:
            case Text(kind=kind):
                return f"{_KINDS[kind]} text"
            case Section(name=name):
                return name
            case Expression():
                return "condition"
            case _:
                return f"{hint} item"

    def _defined(self, name: str, make: Callable[[], Document]) -> Document:
        """Return a reference to the definition ``name``, which is made when it is not there yet."""
        slug = _slug(name)
        if slug not in self.definitions:
            self.definitions[slug] = {}
            self.definitions[slug].update(make())
        return {"$ref": f"#/$defs/{slug}"}


_SCALARS = ["string", "number", "boolean", "null"]


def _choice(item: Document) -> Document:
    """Return the schema of ``if``, ``then`` and ``else`` in a list of such items."""
    branch: Document = {"anyOf": [item, {"type": "array", "items": item}]}
    return {
        "type": "object",
        "properties": {
            "if": {"description": "A condition.", "type": ["string", "number", "boolean"]},
            "then": {"description": "What is taken if it holds.", **branch},
            "else": {"description": "What is taken if it does not.", **branch},
        },
        "required": ["if", "then"],
        "additionalProperties": False,
    }


def _all_cases() -> list[Cases]:
    items = (key.shape.item for keys in SECTIONS.values() for key in keys.values() if isinstance(key.shape, Many))
    return [item for item in items if isinstance(item, Cases)]


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-").replace("_", "-")
