"""Evaluates one output of a recipe for one variant after the other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from builder.errors import Problem, RecipeError
from builder.model.recipe import Build, Json, Output, PinSubpackage, Requirement, Requirements, Test
from builder.recipe.context import evaluate_context
from builder.recipe.function import functions
from builder.recipe.kind import Plain
from builder.recipe.late import all_in_shell, in_shell
from builder.recipe.memory import Note
from builder.recipe.merging import listed, merged_about, merged_build
from builder.recipe.rendered import PARTS, part, whole
from builder.recipe.request import Evaluated, Request
from builder.recipe.scope import RecipeScope, platform_values
from builder.recipe.steps import taken_steps
from builder.recipe.term import Constant, Formula, Listing, Table, Term, evaluate, expressions, plain
from builder.recipe.text import OutputText, term_of
from builder.recipe.typed import about_of, build_of, frozen, inherit_of, requirements_of
from builder.recipe.typed_lists import typed_sources, typed_tests
from builder.syntax.value import Value

Data = dict[str, Plain]

_ABSENT = Constant(None)
_NOTHING: Data = {}


def evaluate_output(output: OutputText, request: Request, scope: RecipeScope | None = None) -> Evaluated:
    """Return what ``output`` is for the request's variant and platforms, and which names that depended on.

    The answer for an output that is skipped holds name, version and build only. Hand the `scope_for` one output to all
    its evaluations that differ in variant and hash only: then none is made twice. Raises `RecipeError` with all
    problems found, each with its place.
    """
    if scope is None:
        scope = scope_for(request)
    scope.begin(request)
    return scope.remember(_evaluated, output)


def scope_for(request: Request) -> RecipeScope:
    """Return a scope for one output and requests like ``request``."""
    scope = RecipeScope(request, platform=platform_values(request))
    scope.functions = functions(scope)
    return scope


def _evaluated(output: OutputText, scope: RecipeScope) -> Evaluated:
    evaluate_context(output.top.context, scope)
    _stop(scope)
    data = _staging(output, scope) if output.kind == "staging" else _package(output, scope)
    _check_identity(output, data, scope)
    _stop(scope)
    requirements = scope.once(requirements_of, _section(data, "requirements"))
    free = scope.once(_free_specs, requirements)
    for key, reason in free:
        scope.note_because(key, reason)
    evaluated = Evaluated(
        output=_typed(output, data, requirements, scope),
        read=scope.once(_reasons, *dict.fromkeys(scope.journal.notes)),
        free_specs=scope.once(_keys, free),
        pinned=scope.once(_pinned, requirements),
        asked=tuple(dict.fromkeys(scope.journal.answers)),
        warnings=tuple(dict.fromkeys(scope.journal.warnings)),
        context=_section(data, "context"),
    )
    scope.journal.forget_context()
    return evaluated


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
            scope.problems.append(
                Problem(code="recipe.bad-value", message=f"the {key} of the package comes out empty", place=place)
            )


def _section(data: Data, key: str) -> Data:
    return _mapping(data.get(key))


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
    name = _mapping(_value(own, "staging", scope)).get("name")
    return {
        "package": scope.once(_named, name, _shared_version(top, scope) or "0"),
        "source": scope.once(_joined, _value(top, "source", scope), _value(own, "source", scope)),
        "build": scope.once(_with_steps, _mapping(_value(own, "build", scope))),
        "requirements": _mapping(_value(own, "requirements", scope)),
    }


def _package(output: OutputText, scope: RecipeScope) -> Data:
    top, own = scope.once(_sections, output)
    package, inherit = _mapping(_value(own, "package", scope)), _value(own, "inherit", scope)
    version = package.get("version") or _shared_version(top, scope)
    build = scope.once(_merged_build, _build(top, scope), _build(own, scope), inherit is None)
    if scope.request.build_number is not None:
        build = scope.once(_numbered, build, scope.request.build_number)
    data: Data = {
        "package": scope.once(_named, package.get("name"), version),
        "build": _with_string((own, top), build, scope),
    }
    if any(listed(build.get("skip"))):
        return data
    data["inherit"] = inherit
    for key in ("source", "tests"):
        shared = _value(top, key, scope) if inherit is None else None
        data[key] = scope.once(_joined, shared, _value(own, key, scope))
    data["requirements"] = _mapping(_value(own if output.top.several else top, "requirements", scope))
    about = (_mapping(_value(top, "about", scope)), _mapping(_value(own, "about", scope)))
    data["about"] = scope.once(merged_about, *about)
    data["extra"] = _value(top, "extra", scope)
    data["context"] = scope.once(_context, tuple(scope.context), *scope.context.values())
    return data


def _named(name: Plain, version: Plain) -> Data:
    return {"name": name, "version": version}


def _joined(shared: Plain, own: Plain) -> Plain:
    return (*listed(shared), *listed(own))


def _merged_build(top: Data, own: Data, with_script: bool) -> Data:
    return merged_build(top, own, with_script=with_script)


def _numbered(build: Data, number: int) -> Data:
    return {**build, "number": number}


def _context(names: tuple[str, ...], *values: Value) -> Data:
    return {name: plain(value) for name, value in zip(names, values, strict=True)}


def _shared_version(top: dict[str, Term], scope: RecipeScope) -> Plain:
    """Evaluate ``recipe.version``, only where it is needed: what it reads then counts for this output."""
    head = top.get("recipe", _ABSENT)
    if isinstance(head, Constant):
        return _mapping(head.value).get("version")
    return evaluate(term_of(head, "version"), scope) if isinstance(head, Table) else None


def _mapping(value: Plain) -> Data:
    return value if isinstance(value, dict) else _NOTHING


def _build(terms: dict[str, Term], scope: RecipeScope) -> Data:
    """Evaluate a build section but for its ``string``, whose names count as read and whose value needs the rest."""
    term = terms.get("build", _ABSENT)
    if isinstance(term, Constant):
        return scope.once(_with_steps, _mapping(term.value))
    assert isinstance(term, Table)
    return scope.remember(_build_table, term)


def _build_table(table: Table, scope: RecipeScope) -> Data:
    rest = Table(tuple(entry for entry in table.entries if entry[0] != "string"))
    data = _with_steps(_mapping(evaluate(rest, scope)))
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


def _with_string(sections: Iterable[dict[str, Term]], build: Data, scope: RecipeScope) -> Data:
    """Evaluate the build string once the hash is known; until then it stays as written."""
    for terms in sections:
        section = terms.get("build")
        string = term_of(section, "string") if isinstance(section, Table) else _ABSENT
        if isinstance(string, Formula):
            break
    else:
        return build
    if build.get("string") != string.template.where.text or (known := scope.hash()) is None:
        return build
    outside = scope.context
    scope.context = {**outside, "hash": known, "build_number": build.get("number") or 0}
    value = evaluate(string, scope)
    scope.context = outside
    return {**build, "string": value}


def free_key(spec: str) -> str | None:
    """Return the variant key that a requirement stands for that says nothing but a name, None for any other."""
    if any(sign in spec for sign in " <>=!~*[:"):
        return None
    return spec.lower().replace("-", "_").replace(".", "_")


def _free_specs(requirements: Requirements) -> tuple[tuple[str, str], ...]:
    """Return the keys of build and host requirements that say nothing but a name, each with the reason in words."""
    found = []
    for section, specs in (("build", requirements.build), ("host", requirements.host)):
        for spec in specs:
            key = free_key(spec) if isinstance(spec, str) else None
            if key is not None:
                found.append((key, f"requirements.{section} has {spec} without a version"))
    return tuple(found)


def _keys(free: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for key, _ in free))


def _pinned(requirements: Requirements) -> tuple[tuple[str, bool], ...]:
    exports = requirements.run_exports
    lists: tuple[tuple[Requirement, ...], ...] = (
        requirements.build, requirements.host, requirements.run, requirements.run_constraints, exports.weak,
        exports.weak_constraints, exports.strong, exports.strong_constraints, exports.noarch,
        *(specs for _, specs in requirements.extras),
    )  # fmt: skip
    pins = [spec for specs in lists for spec in specs if isinstance(spec, PinSubpackage)]
    return tuple(dict.fromkeys((spec.name, spec.pin.exact) for spec in pins))


def _typed(text: OutputText, data: Data, requirements: Requirements, scope: RecipeScope) -> Output:
    package, build = _section(data, "package"), _section(data, "build")
    platform, several = scope.request.platforms.target, text.top.several
    return Output(
        kind=text.kind,
        name=str(package.get("name")),
        version=str(package.get("version")),
        skip=any(listed(build.get("skip"))),
        source=scope.once(typed_sources, data.get("source")),
        build=scope.once(_typed_build, build, several and text.kind == "package", platform),
        requirements=requirements,
        tests=scope.once(_typed_tests, data.get("tests"), platform),
        about=scope.once(about_of, _section(data, "about")),
        extra=scope.once(_extra, data.get("extra")),
        inherit=scope.once(inherit_of, data.get("inherit")),
        rendered=whole([scope.once(part, key, data.get(key), several) for key in PARTS]),
    )


def _typed_build(data: Data, several: bool, platform: str) -> Build:
    build = build_of(data, several=several)
    return replace(build, script=in_shell(build.script, platform))


def _typed_tests(tests: Plain, platform: str) -> tuple[Test, ...]:
    return all_in_shell(typed_tests(tests), platform)


def _extra(extra: Plain) -> tuple[tuple[str, Json], ...]:
    return tuple((key, frozen(value)) for key, value in extra.items()) if isinstance(extra, dict) else ()
