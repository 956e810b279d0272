"""Plans by id, and the order of phases."""

from __future__ import annotations

from dataclasses import replace

from builder.model.task import Phase, Plan, Task, TaskState
from tests.model.test_rendering import rendering


def test_a_plan_finds_its_tasks() -> None:
    one = Task(id="a", rendering=rendering(), recipe_key="0" * 64)
    other = replace(one, id="b", needs=("a",), state=TaskState.AFTER)
    plan = Plan(tasks=(one, other))
    assert plan.by_id() == {"a": one, "b": other}
    assert list(plan.by_id()) == ["a", "b"]
    assert Plan(tasks=()).by_id() == {}


def test_phases_are_the_rooms_of_the_pipeline_in_their_order() -> None:
    assert [str(phase) for phase in Phase] == [
        "environment", "source", "script", "payload", "relocate", "check", "pack", "testing", "channel",
    ]  # fmt: skip
    assert one_default_state() is TaskState.BUILD


def one_default_state() -> TaskState:
    return Task(id="a", rendering=rendering(), recipe_key="0").state
