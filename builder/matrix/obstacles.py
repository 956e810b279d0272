"""Why a key that one might expect is not in a build hash."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from builder.matrix.case import REQUIREMENTS, Case
from builder.matrix.keys import variant_key
from builder.model.explanation import Obstacle, UnusedKey
from builder.model.match_spec import MatchSpec
from builder.recipe.located import Mention, Written, expression_with, items, mentions, written
from builder.recipe.request import Request
from builder.recipe.scope import SYSROOT_KEY, platform_values


def obstacles(case: Case) -> tuple[UnusedKey, ...]:
    """Return the keys that are not in the hash of ``case`` though it has to do with them, sorted, each with its why."""
    keys = {sight.name for sight in case.trace.sights if sight.how == "read"} - _names_of_platforms(case)
    keys |= case.config.values.keys() & _expected(case)
    keys.discard(SYSROOT_KEY)  # every compiler() asks for it, and hardly a file has it
    found = (obstacle(case, key) for key in sorted(keys.difference(case.rendering.variant)))
    return tuple(one for one in found if one is not None)


def _expected(case: Case) -> set[str]:
    """Return the names that the recipe says somewhere in this output, and those zipped with what is used."""
    build = case.rendering.output.build
    required = {_name(item.value) for _, item in case.required(*REQUIREMENTS) if isinstance(item.value, str)}
    context = {name for name, _ in case.text.top.context.entries}
    groups = (group for group in case.config.zip_keys if any(key in case.rendering.variant for key in group))
    zipped = {key for group in groups for key in group}
    return {*case.text.mentioned, *map(variant_key, build.variant.ignore_keys), *required, *context, *zipped, "python"}


def obstacle(case: Case, key: str) -> UnusedKey | None:
    """Return what keeps ``key`` out of the hash of ``case``; None if the output has nothing to do with it."""
    for look in _LOOKS:
        found = next(look(case, key), None)
        if found is not None:
            return found
    return None


def _ignored(case: Case, key: str) -> Iterator[UnusedKey]:
    if key not in map(variant_key, case.rendering.output.build.variant.ignore_keys):
        return
    for path, term in case.build("variant", "ignore_keys"):
        for item in items(term, case.trace):
            if variant_key(str(item.value)) == key:
                yield _unused(case, key, "ignored", f"{path} names it", item.written)


def _ignored_by_files(case: Case, key: str) -> Iterator[UnusedKey]:
    if key in case.config.ignored and key in case.assigned:
        yield _unused(case, key, "ignored", "ignore_version of a variant file names it", None)


def _noarch_python(case: Case, key: str) -> Iterator[UnusedKey]:
    if key == "python" and key in case.assigned and case.rendering.output.build.noarch == "python":
        said = [item.written for _, term in case.build("noarch") for item in items(term, case.trace)]
        yield _unused(case, key, "noarch", "noarch: python packages serve every Python", said[0] if said else None)


def _shadowed(case: Case, key: str) -> Iterator[UnusedKey]:
    scalar = dict(case.text.top.context.names).get(key)
    if scalar is not None and key in case.config.values:
        yield _unused(case, key, "shadowed", "a context variable of this name stands before it", written(scalar))


def _no_value(case: Case, key: str) -> Iterator[UnusedKey]:
    if key in case.space:
        return
    for sight in case.trace.sights:
        if sight.name == key and sight.how == "read" and sight.what is not None:
            known = "no variant file has a value of it for this platform" if key in case.config.known else ""
            yield _unused(
                case, key, "no value", known or "no variant file defines it", expression_with(sight.what, key)
            )


def _names_of_platforms(case: Case) -> set[str]:
    return set(platform_values(Request(variant={}, platforms=case.rendering.platforms)))


def _in_other_branch(case: Case, key: str) -> Iterator[UnusedKey]:
    top, own = case.text.top, case.text.sections
    for table in (top.context, own, top.sections):
        for mention in mentions(table, key):
            yield _not_taken(case, key, mention)


def _not_taken(case: Case, key: str, mention: Mention) -> UnusedKey:
    where = expression_with(mention.what, key)
    if id(mention.what) in case.trace.made:
        return _unused(case, key, "not needed", "the expression comes to its value without it", where)
    for choice, branch in mention.under:
        holds = case.trace.made.get(id(choice.condition))
        if holds is not None and bool(holds) != (branch == "then"):
            condition = written(choice.condition.where)
            outcome = "holds" if holds else "does not hold"
            why = f"it stands under {branch} of `if: {condition.text}` (line {condition.place.line}), which {outcome}"
            return _unused(case, key, "branch", why, where)
    if case.rendering.output.skip:
        return _unused(case, key, "branch", "the output is skipped, so that this is not evaluated", where)
    return _unused(case, key, "branch", "it stands in a part of the recipe that this output does not take", where)


def _with_version(case: Case, key: str) -> Iterator[UnusedKey]:
    for path, item in case.required("build", "host"):
        if isinstance(item.value, str) and _name(item.value) == key:
            yield _unused(case, key, "own version", f"{path} says more than the name", item.written)


def _run_only(case: Case, key: str) -> Iterator[UnusedKey]:
    for path, item in case.required(*REQUIREMENTS[2:]):
        if isinstance(item.value, str) and _name(item.value) == key:
            yield _unused(
                case,
                key,
                "run only",
                f"{path} takes no versions from variant files, only build and host do",
                item.written,
            )


def _zipped(case: Case, key: str) -> Iterator[UnusedKey]:
    for group in case.config.zip_keys:
        used = [other for other in group if other in case.rendering.variant]
        if key in group and used:
            yield _unused(case, key, "zipped", f"only {', '.join(used)} of its zip group is used", None)


_LOOKS: tuple[Callable[[Case, str], Iterator[UnusedKey]], ...] = (
    _ignored, _ignored_by_files, _noarch_python, _shadowed, _no_value, _in_other_branch, _with_version, _run_only,
    _zipped,
)  # fmt: skip
"""In the order in which they count: the first that finds something is told."""


def _name(spec: str) -> str:
    return variant_key(str(MatchSpec.parse(spec).name))


def _unused(case: Case, key: str, kind: Obstacle, why: str, where: Written | None) -> UnusedKey:
    values = case.config.values.get(key)
    return UnusedKey(
        key=key,
        obstacle=kind,
        why=why,
        text=where.text if where else "",
        place=where.place if where else None,
        choices=values.values if values else (),
        origin=values.origins[0] if values else None,
    )
