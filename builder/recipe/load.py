"""A recipe file to its checked text, all problems of the file at once."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.errors import Place, Problem, RecipeError
from builder.model.rendering import RecipeFile
from builder.model.switch import Switches
from builder.recipe.context import in_order
from builder.recipe.kind import VARIABLE
from builder.recipe.reading import Reading
from builder.recipe.scope import mentioned
from builder.recipe.shape import Table as TableShape
from builder.recipe.shape import Typed
from builder.recipe.term import Choice, Constant, Listing, Mentioning, Table, Term, expressions
from builder.recipe.text import OutputText, RecipeText, TopLevel, term_of
from builder.syntax import Compiler, read_yaml
from builder.syntax.file import IrregularError, read_file
from builder.syntax.node import Mapping, Node, Scalar, Sequence, is_null, kind_of
from builder.syntax.reader import MAX_BYTES

FILE_NAME = "recipe.yaml"
MAX_OUTPUTS = 1_000
MAX_SHARED = 200_000
"""Values at the top level that are not constant, times outputs: each output evaluates them anew."""

_OUTPUT = "begin with package: {name: …, version: …}"
_APART = frozenset({"context", "outputs"})
_NOT_SHARED = frozenset({"$schema", "schema_version", "package"})


def load(path: Path, compiler: Compiler | None = None, switches: Switches = frozenset()) -> RecipeText:
    """Read ``recipe.yaml`` (the file, or its folder); ``compiler`` remembers expressions from file to file.

    ``switches`` are what the recipe may use of what must be asked for. Raises `RecipeError` with every problem that the
    file's text alone shows.
    """
    file = path / FILE_NAME if path.is_dir() else path
    try:
        data = read_file(file, MAX_BYTES)
    except IrregularError as error:
        raise RecipeError(
            f"a recipe must be a regular file, this is {error}",
            code="recipe.unreadable",
            place=Place(file=str(file)),
            remedy="name the file itself; links and devices are not followed, for recipes may come from strangers",
        ) from error
    except OSError as error:
        message = f"the recipe cannot be read: {error.strerror}"
        raise RecipeError(message, code="recipe.unreadable", place=Place(file=str(file))) from error
    return parse(data, RecipeFile(path=file, folder=file.parent), compiler or Compiler(), switches)


def parse(data: bytes, file: RecipeFile, compiler: Compiler, switches: Switches = frozenset()) -> RecipeText:
    """Read a recipe from its bytes; see `load`."""
    root = read_yaml(data, str(file.path))
    if not isinstance(root, Mapping):
        message = f"a recipe is a mapping, this is {kind_of(root)}"
        raise RecipeError(message, code="recipe.wrong-shape", place=root.place, remedy=_OUTPUT)
    reading = Reading(compiler.for_file(), switches)
    outputs = _outputs(root, reading)
    if reading.problems:
        raise RecipeError.of(sorted(reading.problems, key=_position))
    warnings = tuple(sorted(reading.warnings, key=_position))
    return RecipeText(file=file, digest=hashlib.sha256(data).hexdigest(), outputs=outputs, warnings=warnings)


def _position(problem: Problem) -> tuple[int, int]:
    return (problem.place.line or 0, problem.place.column or 0) if problem.place else (0, 0)


def _outputs(root: Mapping, reading: Reading) -> tuple[OutputText, ...]:
    sections = reading.section(root, "recipe", "", apart=_APART)
    _check_schema_version(root, reading)
    top = TopLevel(
        context=_context(root.get("context"), reading),
        sections=Table(tuple((name, term) for name, term in sections.entries if name not in _NOT_SHARED)),
        several="outputs" in root,
    )
    if not top.several:
        own = Table(tuple((name, term) for name, term in sections.entries if name == "package"))
        return (_output(0, root, own, top, reading),)
    listed = root.get("outputs")
    if not isinstance(listed, Sequence):
        reading.problem(
            "recipe.wrong-shape", "outputs is not a list", listed or root, "write - package: {name: …} below it"
        )
        return ()
    if not _fits(listed, top, reading):
        return ()
    outputs = tuple(_several(listed, top, reading))
    _check_staging(outputs, reading)
    return outputs


def _fits(listed: Sequence, top: TopLevel, reading: Reading) -> bool:
    """Whether there are no more outputs than any recipe has, which is told before they are read."""
    count, shared = len(listed.items), _weight(top.context) + _weight(top.sections)
    if count > MAX_OUTPUTS:
        message = f"the recipe has {count:,} outputs, at most {MAX_OUTPUTS:,} are allowed"
    elif count * shared > MAX_SHARED:
        message = f"the recipe has {count:,} outputs with {shared:,} expressions and lists in common, which is too much"
    else:
        return True
    reading.problem("recipe.too-much", message, listed, "make several recipes of it")
    return False


def _weight(term: Term | Choice) -> int:
    """Return how many parts of a term are looked at whenever it is evaluated."""
    match term:
        case Constant():
            return 0
        case Listing():
            return len(term.items) + sum(map(_weight, term.items))
        case Table():
            return len(term.entries) + sum(_weight(value) for _, value in term.entries)
        case Choice():
            return 1 + _weight(term.then) + _weight(term.otherwise)
        case Mentioning():
            return _weight(term.term)
        case _:
            return 1


def _context(node: Node | None, reading: Reading) -> Table:
    if node is None or is_null(node):
        return Table(())
    return in_order(reading.table(node, TableShape(VARIABLE, Typed()), "context"), reading.problems)


def _several(listed: Sequence, top: TopLevel, reading: Reading) -> list[OutputText]:
    outputs = []
    for index, node in enumerate(listed.items):
        path = f"outputs[{index}]"
        if not isinstance(node, Mapping):
            reading.problem("recipe.wrong-shape", f"{path} is {kind_of(node)}, expected a mapping", node, _OUTPUT)
            continue
        if is_null(node.get("package")) and is_null(node.get("staging")):
            reading.problem("recipe.missing-key", f"{path} has neither package nor staging", node, _OUTPUT)
        section = "staging output" if "staging" in node else "output"
        outputs.append(_output(index, node, reading.section(node, section, path), top, reading))
    return outputs


def _output(index: int, node: Mapping, own: Table, top: TopLevel, reading: Reading) -> OutputText:
    staging = "staging" in node
    head = node.get("staging" if staging else "package")
    where = head.get("name") if isinstance(head, Mapping) else None
    if not staging and isinstance(head, Mapping) and is_null(head.get("version")):
        shared = term_of(top.sections, "recipe")
        if shared == Constant(None) or (isinstance(shared, Constant) and "version" not in (_keys(shared))):
            message = "the version of the package is missing"
            reading.problem("recipe.missing-key", message, head, "add version beside name, as text in quotes")
    return OutputText(
        index=index,
        kind="staging" if staging else "package",
        name=where.text if isinstance(where, Scalar) else "",
        mentioned=frozenset(_mentioned(own, top)),
        inherits=_inherited(node.get("inherit")),
        where=where if isinstance(where, Scalar) else None,
        sections=own,
        top=top,
    )


def _keys(term: Constant) -> set[str]:
    return set(term.value) if isinstance(term.value, dict) else set()


def _mentioned(own: Table, top: TopLevel) -> set[str]:
    terms: list[Term] = [own, top.context, top.sections]
    names = {name for term in terms for expression in expressions(term) for name in mentioned(expression)}
    return names - {name for name, _ in top.context.entries}


def _inherited(node: Node | None) -> str | None:
    target = node.get("from") if isinstance(node, Mapping) else node
    return target.text if isinstance(target, Scalar) and not is_null(target) else None


def _check_schema_version(root: Mapping, reading: Reading) -> None:
    version = root.get("schema_version")
    if isinstance(version, Scalar) and not is_null(version) and version.text != "1":
        message = f"schema_version {version.text} is not known"
        reading.problem("recipe.schema-version", message, version, "remove it, or set it to 1")


def _check_staging(outputs: tuple[OutputText, ...], reading: Reading) -> None:
    """Check that staging outputs have names of their own and that those inherited from are there."""
    seen: dict[str, Scalar] = {}
    staging = {output.name for output in outputs if output.kind == "staging"}
    for output in outputs:
        if output.where is None:
            continue
        if output.name in seen and (output.kind == "staging" or output.name in staging):
            first = seen[output.name].place.line
            message = (
                f"the name {output.name} is taken by the output in line {first}, and one of them is a staging output"
            )
            reading.problem("recipe.duplicate-output", message, output.where, "choose another name")
        seen[output.name] = output.where
        if output.inherits and "${{" not in output.inherits and output.inherits not in staging:
            message = f"there is no staging output {output.inherits} to inherit from"
            known = f"known are {', '.join(sorted(staging))}" if staging else "add an output with staging: {name: …}"
            reading.problem("recipe.no-staging", message, output.where, known)
