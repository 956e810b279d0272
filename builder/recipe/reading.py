"""YAML nodes to terms, by the schema: checks every shape and value that can be checked, and notes all problems."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from builder.errors import MAX_PROBLEMS, Problem, RecipeError
from builder.model.switch import Switch, Switches
from builder.recipe.kind import PLAIN_SPEC, SPEC, Kind, Plain
from builder.recipe.question import Question
from builder.recipe.schema import RULES, SECTIONS, Key
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
    Text,
    Typed,
    expected,
)
from builder.recipe.shape import Table as TableShape
from builder.recipe.term import Choice, Constant, Formula, Listing, Loose, Mentioning, Table, Term, bad_value
from builder.syntax.expression import Compiler, suggestion
from builder.syntax.node import Mapping, Node, Scalar, Sequence, is_null, kind_of
from builder.syntax.scalar import as_bool, as_float, as_int, coerced
from builder.syntax.template import (
    Condition,
    Template,
    compile_condition,
    compile_template,
    is_template,
)

_ABSENT = Constant(None)
_EMPTY = Listing(())
_BRANCHES = ("if", "then", "else")


@dataclass(slots=True)
class Reading:
    """One file being read: ``problems`` refuse it, ``warnings`` are about what other tools ignore silently.

    What needs a switch is a problem unless it is among ``switches``.
    """

    compiler: Compiler
    switches: Switches = frozenset()
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def read(self, node: Node, shape: Shape, path: str) -> Term:
        """Return the term of ``node``, which must be of ``shape``; ``path`` is its key for people."""
        if is_null(node) and not isinstance(shape, Typed | Free):
            return _ABSENT
        if self.full:
            return _ABSENT
        try:
            return self._read(node, shape, path)
        except RecipeError as error:
            self.problems += error.problems
            return _ABSENT

    @property
    def full(self) -> bool:
        """Whether there are so many problems already that more would help nobody."""
        return len(self.problems) >= MAX_PROBLEMS or self.compiler.exhausted

    def problem(self, code: str, message: str, node: Node, remedy: str | None = None) -> None:
        """Note a problem with ``node``."""
        self.problems.append(Problem(code=code, message=message, place=node.place, remedy=remedy))

    def _read(self, node: Node, shape: Shape, path: str) -> Term:
        match shape:
            case Text():
                return self._text(node, shape, path)
            case Many():
                return self._many(node, shape, path)
            case Section():
                return self._section(node, shape, path)
            case Cases():
                return self._cases(node, shape, path)
            case Either():
                return self._either(node, shape, path)
            case Script():
                return _settled(Mentioning(self.read(node, shape.value, path), path))
            case _:
                return self._read_rarer(node, shape, path)

    def _read_rarer(self, node: Node, shape: TableShape | Expression | Typed | Free | Switched, path: str) -> Term:
        match shape:
            case TableShape():
                return _settled(self.table(node, shape, path))
            case Expression():
                return self._question(node, path)
            case Typed():
                return self._typed(node, path)
            case Free():
                return self._free(node, path)
            case Switched():
                if shape.switch in self.switches:
                    return self.read(node, shape.shape, path)
                message = f"{path} needs {shape.switch}: {shape.why}"
                self.problem("recipe.switch", message, node, f"give {shape.switch}, or remove it")
                return _ABSENT

    def _wrong(self, node: Node, shape: Shape, path: str) -> Term:
        wanted = expected(shape)
        self.problem("recipe.wrong-shape", f"{path} is {kind_of(node)}, expected {wanted}", node, f"write {wanted}")
        return _ABSENT

    def _text(self, node: Node, shape: Text, path: str) -> Term:
        if not isinstance(node, Scalar):
            return self._wrong(node, shape, path)
        wanted = PLAIN_SPEC if shape.kind is SPEC and Switch.V3 not in self.switches else shape.kind
        if is_template(node.text):
            return Formula(self._template(node), wanted, path)
        return Constant(self._converted(node, wanted, path), node)

    def _template(self, node: Scalar) -> Template:
        return compile_template(node, self.compiler)

    def _condition(self, node: Scalar) -> Condition:
        if is_template(node.text):
            message, remedy = "a condition is an expression as it is", "write it without ${{ }}"
            raise RecipeError(message, code="recipe.expression-syntax", place=node.place, remedy=remedy)
        return compile_condition(node, self.compiler)

    def _converted(self, node: Scalar, kind: Kind, path: str) -> Plain:
        try:
            return kind.convert(node.text)
        except ValueError as error:
            self.problems.append(bad_value(path, node, error, kind.words))
            return None

    def _either(self, node: Node, shape: Either, path: str) -> Term:
        match node:
            case Scalar():
                inner = shape.scalar
            case Sequence():
                inner = shape.sequence
            case Mapping():
                inner = shape.mapping
        return self.read(node, inner, path) if inner is not None else self._wrong(node, shape, path)

    def _many(self, node: Node, shape: Many, path: str) -> Term:
        if not isinstance(node, Sequence):
            if not shape.single and not (isinstance(node, Mapping) and "if" in node and not shape.guarded):
                return self._wrong(node, shape, path)
            return _settled(Listing((self._item(node, shape, path),)))
        items = [self._item(item, shape, f"{path}[{index}]") for index, item in enumerate(node.items)]
        return _settled(Listing(tuple(items)))

    def _item(self, node: Node, shape: Many, path: str) -> Term | Choice:
        if not (isinstance(node, Mapping) and "if" in node):
            return self.read(node, shape.item, path)
        if shape.guarded:
            return self._guarded(node, shape, path)
        self._unknown(node, _BRANCHES, path)
        condition, then = node.get("if"), node.get("then")
        if then is None:
            self.problem("recipe.missing-key", f"{path} has an if without then", node, "add then")
            return _ABSENT
        compiled = self._chooses(condition or node, f"{path}.if")
        if compiled is None:
            return _ABSENT
        branches = [
            self._branch(branch, shape, f"{path}.{key}") for key, branch in (("then", then), ("else", node.get("else")))
        ]
        return Choice(compiled, branches[0], branches[1], path)

    def _guarded(self, node: Mapping, shape: Many, path: str) -> Term | Choice:
        """Read an item with a condition of its own: what it holds is not even looked at where that is false."""
        entries = tuple(entry for entry in node.entries if entry[0].text != "if")
        then = Listing((self.read(Mapping(entries, node.start, node.document), shape.item, path),))
        condition = self._chooses(node.get("if") or node, f"{path}.if")
        return Choice(condition, then, _EMPTY, path) if condition is not None else _ABSENT

    def _chooses(self, node: Node, path: str) -> Condition | None:
        """Compile a condition; None after a problem."""
        if not isinstance(node, Scalar) or is_null(node):
            self._wrong(node, Expression(), path)
            return None
        try:
            return self._condition(node)
        except RecipeError as error:
            self.problems += error.problems
            return None

    def _branch(self, node: Node | None, shape: Many, path: str) -> Listing:
        if node is None or is_null(node):
            return _EMPTY
        items = node.items if isinstance(node, Sequence) else (node,)
        return Listing(tuple(self._item(item, shape, path) for item in items))

    def _section(self, node: Node, shape: Section, path: str) -> Term:
        return (
            _settled(self.section(node, shape.name, path))
            if isinstance(node, Mapping)
            else self._wrong(node, shape, path)
        )

    def _cases(self, node: Node, shape: Cases, path: str) -> Term:
        if not isinstance(node, Mapping):
            return self._wrong(node, shape, path)
        for case in shape.cases:
            if not is_null(node.get(case.key)):
                kept = self._without_ignored(node, case.key, SECTIONS[case.section], path) if case.lenient else node
                return _settled(self.section(kept, case.section, path))
        words = ", ".join(case.key for case in shape.cases)
        self.problem("recipe.missing-key", f"{path} has none of {words}", node, f"add one of {words}")
        return _ABSENT

    def _without_ignored(self, node: Mapping, case: str, known: Iterable[str], path: str) -> Mapping:
        kept = tuple(entry for entry in node.entries if entry[0].text in known)
        for name, _ in node.entries:
            if name.text not in known and len(self.warnings) < MAX_PROBLEMS:
                remedy = f"indent it below {case} if it belongs there, or make it a list item of its own"
                message = f"{path}.{name.text} has no effect beside {case}"
                self.warnings.append(Problem(code="recipe.ignored", message=message, place=name.place, remedy=remedy))
        return Mapping(kept, node.start, node.document)

    def section(self, node: Mapping, section: str, path: str, *, apart: frozenset[str] = frozenset()) -> Table:
        """Return the keys and terms of a section of the schema, without those that the caller reads ``apart``."""
        keys = SECTIONS[section]
        self._unknown(node, keys, path)
        self._check_rules(node, section, path)
        entries = []
        for name, value in node.entries:
            key = keys.get(name.text)
            if key is not None and key.name not in apart:
                entries.append((key.name, self.read(value, key.shape, f"{path}.{key.name}".lstrip("."))))
        self._check_required(node, keys.values(), path)
        return Table(tuple(entries))

    def _unknown(self, node: Mapping, known: Iterable[str], path: str) -> None:
        for name, _ in node.entries:
            if name.text not in known and not self.full:
                close = suggestion(name.text, known) or f"known are {', '.join(known)}"
                message = f"{f'{path}.' if path else ''}{name.text} is not a key of recipes"
                self.problem("recipe.unknown-key", message, name, close)

    def _check_required(self, node: Mapping, keys: Iterable[Key], path: str) -> None:
        for key in keys:
            if key.required and is_null(node.get(key.name)):
                self.problem("recipe.missing-key", f"{path}.{key.name} is missing", node, key.doc)

    def _check_rules(self, node: Mapping, section: str, path: str) -> None:
        for rule in RULES:
            if rule.section != section:
                continue
            given = [key for key in rule.keys if not is_null(node.get(key))]
            words = ", ".join(rule.keys)
            if len(given) > rule.most:
                message = f"{path or 'the recipe'} has {' and '.join(given)}, at most {rule.most} of {words} is allowed"
                self.problem("recipe.contradiction", message, node, f"keep one of {words}")
            elif len(given) < rule.least:
                self.problem(
                    "recipe.missing-key", f"{path or 'the recipe'} has none of {words}", node, f"add one of {words}"
                )

    def table(self, node: Node, shape: TableShape, path: str) -> Table:
        """Return the terms of a mapping whose keys the recipe chooses."""
        if not isinstance(node, Mapping):
            self._wrong(node, shape, path)
            return Table(())
        entries = []
        for name, value in node.entries:
            self._converted(name, shape.key, f"{path}.{name.text}")
            entries.append((name.text, self.read(value, shape.value, f"{path}.{name.text}")))
        return Table(tuple(entries), names=tuple((name.text, name) for name, _ in node.entries))

    def _question(self, node: Node, path: str) -> Term:
        if not isinstance(node, Scalar):
            return self._wrong(node, Expression(), path)
        return Question(self._template(node) if is_template(node.text) else self._condition(node), path)

    def _typed(self, node: Node, path: str) -> Term:
        if isinstance(node, Mapping):
            return self._wrong(node, Typed(), path)
        if isinstance(node, Sequence):
            return _settled(Listing(tuple(self.read(item, Typed(), path) for item in node.items)))
        if is_template(node.text):
            return Loose(self._template(node), quoted=not node.plain, path=path)
        return Constant(coerced(node), node)

    def _free(self, node: Node, path: str) -> Term:
        if isinstance(node, Mapping):
            return _settled(
                Table(
                    tuple((key.text, self.read(value, Free(), f"{path}.{key.text}")) for key, value in node.entries),
                    keeps=True,
                )
            )
        if isinstance(node, Sequence):
            items = tuple(self.read(item, Free(), f"{path}[{index}]") for index, item in enumerate(node.items))
            return _settled(Listing(items, keeps=True))
        if is_template(node.text):
            return Loose(self._template(node), quoted=True, path=path)
        return Constant(_free_scalar(node))


def _free_scalar(node: Scalar) -> Plain:
    if is_null(node) or node.text == "~":
        return None
    if not node.plain:
        return node.text
    number = as_float(node.text)
    truth, whole = as_bool(node.text), as_int(node.text)
    return truth if truth is not None else whole if whole is not None else number if number is not None else node.text


def _all_settled(terms: Iterable[Term | Choice]) -> bool:
    return all(isinstance(term, Constant) for term in terms)


def _settled(term: Term) -> Term:
    """Return the constant that ``term`` is, if nothing in it depends on a scope."""
    match term:
        case Listing() if _all_settled(term.items):
            items = [item.value for item in term.items if isinstance(item, Constant)]
            return Constant(tuple(item for item in items if item is not None or term.keeps), term)
        case Table() if _all_settled(value for _, value in term.entries):
            pairs = [(key, value.value) for key, value in term.entries if isinstance(value, Constant)]
            return Constant({key: value for key, value in pairs if value is not None or term.keeps}, term)
        case Mentioning() if isinstance(term.term, Constant):
            return term.term
        case _:
            return term
