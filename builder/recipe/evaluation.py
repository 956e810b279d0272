"""Evaluates one output of a recipe for one variant after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import proxy

from builder.errors import Problem, RecipeError
from builder.model.recipe import PinSubpackage, Requirement, Requirements
from builder.recipe.context import evaluate_context
from builder.recipe.function import functions
from builder.recipe.kind import Plain
from builder.recipe.memory import Note
from builder.recipe.merging import listed, merged_about, merged_build
from builder.recipe.output import Sections, mapping
from builder.recipe.request import Evaluated, Request
from builder.recipe.scope import RecipeScope, platform_values
from builder.recipe.steps import taken_steps
from builder.recipe.term import Constant, Formula, Listing, Table, Term, evaluate, expressions, plain
from builder.recipe.text import OutputText, term_of
from builder.recipe.typed import requirements_of
from builder.syntax.value import Value

Data = dict[str, Plain]

_ABSENT = Constant(None)


def evaluate_output(output: OutputText, request: Request, scope: RecipeScope | None = None) -> Evaluated:
    """Return what ``output`` is for the request's variant and platforms, and which names that depended on.

    The answer for an output that is skipped holds name, version and build only. Hand the `scope_for` one output to all
    its evaluations that differ in variant and hash only: then none is made twice. Raises `RecipeError` with all
    problems found, each with its place.
    """
    if scope is None:
        scope = scope_for(request)
    scope.begin(request)
    return _evaluated(output, scope)


def scope_for(request: Request) -> RecipeScope:
    """Return a scope for one output and requests like ``request``."""
    scope = RecipeScope(request, platform=platform_values(request))
    scope.functions = functions(proxy(scope))  # a circle would keep it in memory when nobody needs it any more
    return scope


def _evaluated(output: OutputText, scope: RecipeScope) -> Evaluated:
    evaluate_context(output.top.context, scope)
    _stop(scope)
    hidden = scope.hidden
    packed = output.kind == "package"
    data = _package(output, scope) if packed else _staging(output, scope)
    _check_identity(output, data, scope)
    _stop(scope)
    needs = scope.once(_needs, _section(data, "requirements"))
    for key, reason in needs.free:
        scope.note_because(key, reason)
    sections = Sections(data, output.top.several, packed, scope.request.platforms.target, scope.typed)
    journal = scope.journal
    return Evaluated(
        output=sections.output(needs.requirements),
        read=scope.once(_reasons, *dict.fromkeys(journal.notes)),
        free_specs=needs.free_keys,
        pinned=needs.pinned,
        asked=tuple(dict.fromkeys(journal.answers)),
        warnings=tuple(dict.fromkeys(journal.warnings)),
        context=scope.once(_plain, scope.context),
        hidden=hidden,
    )


def _reasons(*notes: Note) -> dict[str, str]:
    first = {note.name: note for note in reversed(notes)}
    return {name: first[name].reason for name in sorted(first)}


def _stop(scope: RecipeScope) -> None:
    if scope.problems:
        raise RecipeError.of(scope.problems)


def _check_identity(output: OutputText, data: Data, scope: RecipeScope) -> None:
    """Note a name or version that comes out empty, unless it has a problem already."""
    if scope.problems:
        return
    for key, value in _section(data, "package").items():
        if value is None:
            place = output.where.place if output.where else None
            message, remedy = f"the {key} of the package comes out empty", "look at what its expression reads"
            scope.problems.append(Problem(code="recipe.bad-value", message=message, place=place, remedy=remedy))


def _section(data: Data, key: str) -> Data:
    return mapping(data.get(key))


def _sections(output: OutputText) -> tuple[dict[str, Term], dict[str, Term]]:
    """Return the sections of the top level and those of the output."""
    return dict(output.top.sections.entries), dict(output.sections.entries)


def _value(terms: dict[str, Term], key: str, scope: RecipeScope) -> Plain:
    """Evaluate the section ``key``: as a whole it is remembered, and so is each text in it."""
    term = terms.get(key, _ABSENT)
    if isinstance(term, Constant):
        return term.value
    return scope.remember(evaluate, term) if isinstance(term, Table | Listing) else evaluate(term, scope)


def _staging(output: OutputText, scope: RecipeScope) -> Data:
    """A staging output has the sources of the top level before its own, and nothing else of it."""
    top, own = scope.once(_sections, output)
    name = mapping(_value(own, "staging", scope)).get("name")
    return {
        "package": _named(name, _shared_version(top, scope) or "0"),
        "source": scope.once(_joined, _value(top, "source", scope), _value(own, "source", scope)),
        "build": scope.once(_with_steps, mapping(_value(own, "build", scope))),
        "requirements": mapping(_value(own, "requirements", scope)),
    }


def _package(output: OutputText, scope: RecipeScope) -> Data:
    """Evaluate in groups, since most variants change something in one of them only."""
    head, inherit = scope.remember(_head, output)
    build = scope.remember(_whole_build, output)
    data = {"package": head, "build": _with_string(output, build, scope)}
    if any(listed(build.get("skip"))):
        return data
    return data | scope.remember(_rest, output) | {"inherit": inherit, "context": scope.once(_plain, scope.context)}


def _head(output: OutputText, scope: RecipeScope) -> tuple[Plain, Plain]:
    """Return name and version, and from which staging output the files come."""
    top, own = scope.once(_sections, output)
    package, inherit = mapping(_value(own, "package", scope)), _value(own, "inherit", scope)
    return _named(package.get("name"), package.get("version") or _shared_version(top, scope)), inherit


def _whole_build(output: OutputText, scope: RecipeScope) -> Data:
    top, own = scope.once(_sections, output)
    inherit = _value(own, "inherit", scope)
    build = merged_build(_build(top, scope), _build(own, scope), with_script=inherit is None)
    number = scope.request.build_number
    return build if number is None else {**build, "number": number}


def _rest(output: OutputText, scope: RecipeScope) -> Data:
    top, own = scope.once(_sections, output)
    inherit = _value(own, "inherit", scope)
    data: Data = {}
    for key in ("source", "tests"):
        shared = _value(top, key, scope) if inherit is None else None
        data[key] = scope.once(_joined, shared, _value(own, key, scope))
    data["requirements"] = mapping(_value(own if output.top.several else top, "requirements", scope))
    about = (mapping(_value(top, "about", scope)), mapping(_value(own, "about", scope)))
    data["about"] = scope.once(merged_about, *about)
    data["extra"] = _value(top, "extra", scope)
    return data


def _named(name: Plain, version: Plain) -> Data:
    return {"name": name, "version": version}


def _joined(shared: Plain, own: Plain) -> Plain:
    return (*listed(shared), *listed(own))


def _plain(context: dict[str, Value]) -> Data:
    return {name: plain(value) for name, value in context.items()}


def _shared_version(top: dict[str, Term], scope: RecipeScope) -> Plain:
    """Evaluate ``recipe.version``, only where it is needed: what it reads then counts for this output."""
    head = top.get("recipe", _ABSENT)
    if isinstance(head, Constant):
        return mapping(head.value).get("version")
    return evaluate(term_of(head, "version"), scope) if isinstance(head, Table) else None


def _build(terms: dict[str, Term], scope: RecipeScope) -> Data:
    """Evaluate a build section but for its ``string``, whose names count as read and whose value needs the rest."""
    term = terms.get("build", _ABSENT)
    if isinstance(term, Constant):
        return scope.once(_with_steps, mapping(term.value))
    assert isinstance(term, Table)
    return _build_table(term, scope)


def _build_table(table: Table, scope: RecipeScope) -> Data:
    rest = Table(tuple(entry for entry in table.entries if entry[0] != "string"))
    data = _with_steps(mapping(evaluate(rest, scope)))
    string = term_of(table, "string")
    if isinstance(string, Formula):
        scope.enter(string.template, string.path)
        for expression in expressions(string):
            scope.mention(expression)
        data["string"] = string.template.where.text
    elif isinstance(string, Constant) and string.value is not None:
        data["string"] = string.value
    return data


def _with_steps(build: Data) -> Data:
    return {**build, "steps": taken_steps(build["steps"])} if "steps" in build else dict(build)


def _with_string(output: OutputText, build: Data, scope: RecipeScope) -> Data:
    """Evaluate the build string once the hash is known; until then it stays as written."""
    string = scope.once(_string, output)
    if scope.request.hash is None or string is None or build.get("string") != string.template.where.text:
        return build
    outside = scope.context
    scope.context = {**outside, "hash": scope.request.hash, "build_number": build.get("number") or 0}
    value = evaluate(string, scope)
    scope.context = outside
    return {**build, "string": value}


def _string(output: OutputText) -> Formula | None:
    """Return the build string with expressions in it, the output's own or that of the top level."""
    for table in (output.sections, output.top.sections):
        section = term_of(table, "build")
        string = term_of(section, "string") if isinstance(section, Table) else None
        if isinstance(string, Formula):
            return string
    return None


def free_key(spec: str) -> str | None:
    """Return the variant key that a requirement stands for that says nothing but a name, None for any other."""
    if any(sign in spec for sign in " <>=!~*[:"):
        return None
    return spec.lower().replace("-", "_").replace(".", "_")


@dataclass(frozen=True, slots=True)
class _Needs:
    """Requirements, and what they mean for the variant; ``free`` are `free_key` and the reason in words of each."""

    requirements: Requirements
    free: tuple[tuple[str, str], ...]
    free_keys: tuple[str, ...]
    pinned: tuple[tuple[str, bool], ...]


def _needs(section: Data) -> _Needs:
    requirements = requirements_of(section)
    free = tuple(_free_specs(requirements))
    return _Needs(requirements, free, tuple(dict.fromkeys(key for key, _ in free)), _pinned(requirements))


def _free_specs(requirements: Requirements) -> Iterator[tuple[str, str]]:
    """Yield the keys of build and host requirements that say nothing but a name, each with the reason in words."""
    for section, specs in (("build", requirements.build), ("host", requirements.host)):
        for spec in specs:
            key = free_key(spec) if isinstance(spec, str) else None
            if key is not None:
                yield key, f"requirements.{section} has {spec} without a version"


def _pinned(requirements: Requirements) -> tuple[tuple[str, bool], ...]:
    exports = requirements.run_exports
    lists: tuple[tuple[Requirement, ...], ...] = (
        requirements.build, requirements.host, requirements.run, requirements.run_constraints, exports.weak,
        exports.weak_constraints, exports.strong, exports.strong_constraints, exports.noarch,
        *(specs for _, specs in requirements.extras),
    )  # fmt: skip
    pins = [spec for specs in lists for spec in specs if isinstance(spec, PinSubpackage)]
    return tuple(dict.fromkeys((spec.name, spec.pin.exact) for spec in pins))
