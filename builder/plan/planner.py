"""Makes the plan: one graph over all renderings, a recipe key for each, and what is to be done with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from builder.errors import MAX_PROBLEMS, Place, RecipeError
from builder.matrix import refuse_collisions
from builder.model.permission import NOTHING, Permissions, union
from builder.model.rendering import Rendering
from builder.model.task import Plan, Task
from builder.plan.behind import behind_reused
from builder.plan.circles import Circle, circles, joined
from builder.plan.context import PlanContext
from builder.plan.keys import Keys, recipe_key
from builder.plan.needs import Group, Need, Planned
from builder.plan.order import cycle_among, in_order, knotted
from builder.plan.states import decided
from builder.plan.waiting import tests_that_wait


def make_plan(renderings: Sequence[Rendering], context: PlanContext) -> Plan:
    """Return the plan for ``renderings`` of any number of recipes; skipped ones are no tasks.

    A build or host requirement waits for every planned package that it matches, a run requirement only before tests.
    Packages that need each other to run are tested together (`builder.plan.circles`); if waiting would close another
    cycle, tests do not wait and the task says so. Raises `RecipeError` when build and host requirements form a cycle,
    when two renderings would be one file, and for what recipes say that nobody can build.
    """
    by_id = {rendering.identity: rendering for rendering in _to_do(renderings)}
    planned = Planned(by_id.values())
    needs = {task: planned.build_needs(rendering) for task, rendering in by_id.items()}
    graph = {task: _groups(found) for task, found in needs.items()}
    _refuse_cycles(graph, by_id)
    tested = {task: planned.test_needs(rendering) for task, rendering in by_id.items()}
    tests = {task: _groups(found) for task, found in tested.items()}
    found = circles(graph, tests)
    waiting, notes = tests_that_wait(graph, _apart(tests, found))
    keys, unions = Keys(context), _Unions()
    explanations = {task: keys.explain(by_id[task], needs[task]) for task in in_order(graph)}
    exposed = _exposed([by_id[task] for task in in_order(graph)], context)
    tasks = [
        Task(
            id=task,
            rendering=by_id[task],
            recipe_key=recipe_key(explanations[task]),
            needs=unions.of(graph[task]),
            tests_need=unions.of(waiting[task]),
            reasons=notes.get(task, ()),
            explanation=explanations[task],
            allowed=context.allowed.get(task, NOTHING),
            exposed=exposed[task],
        )
        for task in in_order({task: (*graph[task], *waiting[task]) for task in graph})
    ]
    runs = {task: _run_groups(tested[task], waiting[task]) for task in tested}
    return Plan(tasks=joined(behind_reused(decided(tasks, context), runs), found))


def _exposed(renderings: Iterable[Rendering], context: PlanContext) -> dict[str, Permissions]:
    """Return what the scripts may use that make the files of ``renderings``, those first that others start from."""
    found: dict[str, Permissions] = {}
    for rendering in renderings:
        before = (found[one] for one in (rendering.staging, rendering.follows) if one is not None)
        own = context.allowed.get(rendering.identity, NOTHING).build
        found[rendering.identity] = union((own, *before))
    return found


def _apart(tests: Mapping[str, Sequence[Group]], found: Sequence[Circle]) -> dict[str, tuple[Group, ...]]:
    """Return what tests need but for the other members of the same circle, who need them as much."""
    circle_of = {task: circle for circle in found for task in circle}
    return {
        task: tuple(_without(groups, circle_of[task])) if task in circle_of else tuple(groups)
        for task, groups in tests.items()
    }


def _without(groups: Iterable[Group], circle: Circle) -> Iterator[Group]:
    for group in groups:
        kept = tuple(task for task in group.tasks if task not in circle)
        if kept:
            yield group if len(kept) == len(group.tasks) else Group(kept)


def _to_do(renderings: Iterable[Rendering]) -> list[Rendering]:
    """Return the renderings that are tasks: not skipped, and staging outputs only where somebody takes from them."""
    wanted = {rendering.identity: rendering for rendering in renderings if not rendering.output.skip}
    refuse_collisions(rendering for rendering in renderings if not rendering.output.skip)
    _refuse_obstacles(wanted.values())
    taken: set[str] = set()
    pending = [rendering.staging for rendering in wanted.values() if rendering.output.kind == "package"]
    while pending:
        staging = pending.pop()
        if staging is not None and staging not in taken:
            taken.add(staging)
            pending.append(wanted[staging].staging)
    return [one for one in wanted.values() if one.output.kind == "package" or one.identity in taken]


def _refuse_obstacles(renderings: Iterable[Rendering]) -> None:
    """Raise `RecipeError` with what keeps recipes from being built, if anything does."""
    found = dict.fromkeys(problem for rendering in renderings for problem in rendering.obstacles)
    if found:
        raise RecipeError.of(list(found)[:MAX_PROBLEMS])


def _groups(needs: Iterable[Need]) -> tuple[Group, ...]:
    return tuple(dict.fromkeys(need.group for need in needs))


def _run_groups(needs: Iterable[Need], waiting: Sequence[Group]) -> tuple[Group, ...]:
    """Return the run requirements among ``needs`` as far as they are waited for."""
    kept = set(waiting)
    return tuple(group for group in _groups(need for need in needs if need.section == "run") if group in kept)


def _refuse_cycles(graph: Mapping[str, Sequence[Group]], by_id: Mapping[str, Rendering]) -> None:
    knots = knotted(graph)
    if not knots:
        return
    cycle = cycle_among(graph, knots)
    names = [by_id[task].output.name for task in (*cycle, cycle[0])]
    raise RecipeError(
        f"packages need each other to be built: {' needs '.join(names)}",
        code="plan.cycle",
        place=Place(file=str(by_id[cycle[0]].recipe.path)),
        remedy="take one of them from a channel: leave its recipe out, or ask for a version that is not built here",
    )


class _Unions:
    """The tasks of several groups as one tuple, the same object for all tasks that have the same groups."""

    def __init__(self) -> None:
        self._made: dict[tuple[Group, ...], tuple[str, ...]] = {}

    def of(self, groups: tuple[Group, ...]) -> tuple[str, ...]:
        """Return the ids in ``groups``, each once, sorted."""
        if groups not in self._made:
            self._made[groups] = tuple(sorted({task for group in groups for task in group.tasks}))
        return self._made[groups]
