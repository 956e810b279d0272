"""Why a key is in a build hash: every expression, requirement and statement of the recipe that brings it there."""

from __future__ import annotations

from collections.abc import Iterator

from builder.matrix.case import Case
from builder.matrix.keys import ALWAYS_USED, environment_keys, variant_key
from builder.matrix.special import COUNTED
from builder.model.explanation import Reason, Through
from builder.model.match_spec import MatchSpec
from builder.recipe.evaluation import free_key
from builder.recipe.kind import Plain
from builder.recipe.located import Written, expression_with, items, part, scalar_of, written
from builder.recipe.trace import Sight

_CONTEXT = "context."


def reasons(case: Case, key: str) -> tuple[Reason, ...]:
    """Return all ways by which ``key`` got into the hash of ``case``, but for its staging output's."""
    found = [*_use_keys(case, key), *_virtual_packages(case, key), *_pins(case, key)]
    if key in case.assigned and not (key == "python" and case.rendering.output.build.noarch == "python"):
        found = [*_readings(case, key), *_requirements(case, key), *found, *_always(case, key)]
    return tuple(found)


def inheritance(case: Case, name: str, further: tuple[Reason, ...]) -> Reason:
    """Return the reason that a key is in the hash of the staging output ``name``, for the reasons ``further``."""
    inherit = case.own("inherit")
    scalar = scalar_of(inherit) or scalar_of(part(inherit, "from"))
    where = written(scalar) if scalar else None
    return _reason("staging", where, case.path("inherit"), name=name, further=further)


def readers(case: Case, name: str) -> tuple[Reason, ...]:
    """Return what reads the context variable ``name``, context variables with what reads these in their turn."""
    found = [sight for sight in case.trace.sights if sight.how == "context" and sight.name == name]
    return tuple(_reading(case, sight) for sight in _distinct(found))


def definitions(case: Case, what: object) -> tuple[Reason, ...]:
    """Return where the context variables are written that the text ``what`` reads, each with those that it reads."""
    sights = [sight for sight in case.trace.sights if sight.how == "context" and sight.what is what]
    names = dict.fromkeys(sight.name for sight in sights)
    return tuple(definition for name in names for definition in _definition(case, name))


def _definition(case: Case, name: str) -> Iterator[Reason]:
    term = next((term for key, term in case.text.top.context.entries if key == name), None)
    scalar = scalar_of(term) if term is not None else None
    if scalar is not None:
        what = getattr(term, "template", None)
        further = definitions(case, what) if what is not None else ()
        yield _reason("context", written(scalar), f"{_CONTEXT}{name}", name=name, further=further)


def _readings(case: Case, key: str) -> Iterator[Reason]:
    found = [sight for sight in case.trace.sights if sight.how != "context" and sight.name == key]
    return (_reading(case, sight) for sight in _distinct(found))


def _distinct(sights: list[Sight]) -> list[Sight]:
    """Return one sight for each text: the first that really read the name, or else one that only mentions it."""
    found: dict[int, Sight] = {}
    for sight in sights:
        if sight.what is not None and (id(sight.what) not in found or found[id(sight.what)].how == "mentioned"):
            found[id(sight.what)] = sight
    return list(found.values())


def _reading(case: Case, sight: Sight) -> Reason:
    assert sight.what is not None
    where = expression_with(sight.what, sight.name)
    if sight.path.startswith(_CONTEXT):
        name = sight.path.removeprefix(_CONTEXT)
        return _reason("context", where, sight.path, name=name, further=readers(case, name))
    return _reason("script" if sight.how == "mentioned" else "expression", where, sight.path)


def _requirements(case: Case, key: str) -> Iterator[Reason]:
    for path, item in case.required("build", "host"):
        if isinstance(item.value, str) and free_key(item.value) == key:
            yield _reason("requirement", item.written, path)


def _use_keys(case: Case, key: str) -> Iterator[Reason]:
    wanted = case.rendering.output.build.variant.use_keys
    if key not in map(variant_key, wanted):
        return
    for path, term in case.build("variant", "use_keys"):
        for item in items(term, case.trace):
            if variant_key(str(item.value)) == key:
                yield _reason("use_keys", item.written, path)
                return


def _virtual_packages(case: Case, key: str) -> Iterator[Reason]:
    for path, item in case.required("run"):
        value = item.value
        if isinstance(value, str) and value.startswith("__") and variant_key(str(MatchSpec.parse(value).name)) == key:
            yield _reason("virtual package", item.written, path)


def _pins(case: Case, key: str) -> Iterator[Reason]:
    names = [name for kind, name in case.chosen if kind == "package" and variant_key(name) == key]
    for path, item in case.pins():
        name = _exactly_pinned(item.value)
        if name in names:
            yield _reason("pin", item.written, path, name=name)


def _exactly_pinned(value: Plain) -> str | None:
    pin = value.get("pin_subpackage") if isinstance(value, dict) else None
    return str(pin.get("name")) if isinstance(pin, dict) and pin.get("exact") is True else None


def _always(case: Case, key: str) -> Iterator[Reason]:
    if key in ALWAYS_USED:
        doc = next(counted.doc for counted in COUNTED if counted.name == key)
        yield Reason(through="always", text=doc)
    elif key in environment_keys(case.rendering.platforms.target):
        yield Reason(through="environment", text=key)


def _reason(
    through: Through, where: Written | None, path: str, *, name: str | None = None, further: tuple[Reason, ...] = ()
) -> Reason:
    text, place = (where.text, where.place) if where else ("", None)
    return Reason(through=through, text=text, path=path, place=place, name=name, further=further)
