"""Evaluates one output of a recipe for one variant."""

from __future__ import annotations

from dataclasses import replace

from builder.errors import Problem, RecipeError
from builder.model.recipe import Output, PinSubpackage, Requirement, Requirements
from builder.recipe.context import evaluate_context
from builder.recipe.function import functions
from builder.recipe.kind import Plain
from builder.recipe.late import all_in_shell, in_shell
from builder.recipe.merging import listed, merged_about, merged_build
from builder.recipe.rendered import rendered
from builder.recipe.request import Evaluated, Request
from builder.recipe.scope import RecipeScope, platform_values
from builder.recipe.steps import taken_steps
from builder.recipe.term import Constant, Formula, Table, Term, evaluate, expressions, plain
from builder.recipe.text import OutputText, term_of
from builder.recipe.typed import about_of, build_of, frozen, inherit_of, requirements_of
from builder.recipe.typed_lists import typed_sources, typed_tests

Data = dict[str, Plain]


def evaluate_output(output: OutputText, request: Request) -> Evaluated:
    """Return what ``output`` is for the request's variant and platforms, and which names that depended on.

    The answer for an output that is skipped holds name, version and build only. Raises `RecipeError` with all problems
    found, each with its place.
    """
    scope = RecipeScope(request, platform=platform_values(request))
    scope.functions = functions(scope)
    evaluate_context(output.top.context, scope)
    _stop(scope)
    data = _staging(output, scope) if output.kind == "staging" else _package(output, scope)
    _check_identity(output, data, scope)
    _stop(scope)
    requirements = requirements_of(_section(data, "requirements"))
    free = _free_specs(requirements, scope)
    return Evaluated(
        output=_typed(output, data, requirements, request.platforms.target),
        read=dict(sorted(scope.read.items())),
        free_specs=free,
        pinned=_pinned(requirements),
        asked=tuple(scope.asked),
        warnings=tuple(dict.fromkeys(scope.warnings)),
    )


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
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _staging(output: OutputText, scope: RecipeScope) -> Data:
    """A staging output has the sources of the top level before its own, and nothing else of it."""
    top, own = output.top.sections, output.sections
    source = (*listed(evaluate(term_of(top, "source"), scope)), *listed(evaluate(term_of(own, "source"), scope)))
    name = _mapping(evaluate(term_of(own, "staging"), scope)).get("name")
    return {
        "package": {"name": name, "version": _shared_version(output, scope) or "0"},
        "source": source,
        "build": _with_steps(_mapping(evaluate(term_of(own, "build"), scope))),
        "requirements": _mapping(evaluate(term_of(own, "requirements"), scope)),
    }


def _package(output: OutputText, scope: RecipeScope) -> Data:
    top, own, several = output.top.sections, output.sections, output.top.several
    package = _mapping(evaluate(term_of(own, "package"), scope))
    inherit = evaluate(term_of(own, "inherit"), scope)
    version = package.get("version") or _shared_version(output, scope)
    data: Data = {"package": {"name": package.get("name"), "version": version}}
    build = merged_build(
        _build(term_of(top, "build"), scope), _build(term_of(own, "build"), scope), with_script=inherit is None
    )
    if scope.request.build_number is not None:
        build = {**build, "number": scope.request.build_number}
    data["build"] = _with_string(output, build, scope)
    if any(listed(build.get("skip"))):
        return data
    data["inherit"] = inherit
    for key in ("source", "tests"):
        shared = listed(evaluate(term_of(top, key), scope)) if inherit is None else ()
        data[key] = (*shared, *listed(evaluate(term_of(own, key), scope)))
    requirements = term_of(own if several else top, "requirements")
    data["requirements"] = _mapping(evaluate(requirements, scope))
    about = _mapping(evaluate(term_of(top, "about"), scope))
    data["about"] = merged_about(about, _mapping(evaluate(term_of(own, "about"), scope)))
    data["extra"] = evaluate(term_of(top, "extra"), scope)
    data["context"] = {name: plain(value) for name, value in scope.context.items()}
    return data


def _shared_version(output: OutputText, scope: RecipeScope) -> Plain:
    """Evaluate ``recipe.version``, only where it is needed: what it reads then counts for this output."""
    head = term_of(output.top.sections, "recipe")
    if isinstance(head, Constant):
        return _mapping(head.value).get("version")
    return evaluate(term_of(head, "version"), scope) if isinstance(head, Table) else None


def _mapping(value: Plain) -> Data:
    return value if isinstance(value, dict) else {}


def _build(term: Term, scope: RecipeScope) -> Data:
    """Evaluate a build section but for its ``string``, whose names count as read and whose value needs the rest."""
    if isinstance(term, Constant):
        return _with_steps(_mapping(term.value))
    assert isinstance(term, Table)
    rest = Table(tuple(entry for entry in term.entries if entry[0] != "string"))
    data = _with_steps(_mapping(evaluate(rest, scope)))
    string = term_of(term, "string")
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
    for table in (output.sections, output.top.sections):
        section = term_of(table, "build")
        string = term_of(section, "string") if isinstance(section, Table) else Constant(None)
        if isinstance(string, Formula):
            break
    else:
        return build
    if scope.request.hash is None or build.get("string") != string.template.where.text:
        return build
    known = {"hash": scope.request.hash, "build_number": build.get("number") or 0}
    inner = RecipeScope(
        scope.request,
        scope.functions,
        {**scope.context, **known},
        scope.read,
        scope.problems,
        scope.platform,
    )
    return {**build, "string": evaluate(string, inner)}


def free_key(spec: str) -> str | None:
    """Return the variant key that a requirement stands for that says nothing but a name, None for any other."""
    if any(sign in spec for sign in " <>=!~*[:"):
        return None
    return spec.lower().replace("-", "_").replace(".", "_")


def _free_specs(requirements: Requirements, scope: RecipeScope) -> tuple[str, ...]:
    """Return the keys of build and host requirements that say nothing but a name, and record them as read."""
    found = []
    for section, specs in (("build", requirements.build), ("host", requirements.host)):
        for spec in specs:
            key = free_key(spec) if isinstance(spec, str) else None
            if key is not None:
                found.append(key)
                scope.read.setdefault(key, f"requirements.{section} has {spec} without a version")
    return tuple(dict.fromkeys(found))


def _pinned(requirements: Requirements) -> tuple[tuple[str, bool], ...]:
    exports = requirements.run_exports
    lists: tuple[tuple[Requirement, ...], ...] = (
        requirements.build, requirements.host, requirements.run, requirements.run_constraints, exports.weak,
        exports.weak_constraints, exports.strong, exports.strong_constraints, exports.noarch,
        *(specs for _, specs in requirements.extras),
    )  # fmt: skip
    pins = [spec for specs in lists for spec in specs if isinstance(spec, PinSubpackage)]
    return tuple(dict.fromkeys((spec.name, spec.pin.exact) for spec in pins))


def _typed(text: OutputText, data: Data, requirements: Requirements, platform: str) -> Output:
    package, sections, extra = _section(data, "package"), _section(data, "build"), data.get("extra")
    build = build_of(sections, several=text.top.several and text.kind == "package")
    return Output(
        kind=text.kind,
        name=str(package.get("name")),
        version=str(package.get("version")),
        skip=any(listed(sections.get("skip"))),
        source=typed_sources(data.get("source")),
        build=replace(build, script=in_shell(build.script, platform)),
        requirements=requirements,
        tests=all_in_shell(typed_tests(data.get("tests")), platform),
        about=about_of(_section(data, "about")),
        extra=tuple((key, frozen(value)) for key, value in extra.items()) if isinstance(extra, dict) else (),
        inherit=inherit_of(data.get("inherit")),
        rendered=rendered(data, several=text.top.several),
    )
