"""Scripts that nothing here can run are refused before anything is solved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.environment import Access
from builder.errors import BakehouseError, MachineError, RecipeError, WorkError
from builder.model.environment import Environment, Environments, LinkedPrefix
from builder.model.inside import SEALED
from builder.model.outcome import Ending, TestStrategy
from builder.model.payload import Installed
from builder.model.policy import Policy
from builder.model.recipe import Build, DownstreamTest, Requirements, Script, ScriptTest
from builder.model.rendering import Platforms, Rendering
from builder.model.source import SourceTree
from builder.pipeline import refuse_scripts
from builder.pipeline.ready import Ready
from builder.pipeline.refusing import refuse_unpublishable
from builder.pipeline.staged import Staged
from builder.pipeline.work import Work
from builder.script import with_files
from tests.pipeline.making import Stage, Table

PYTHON = Script(content=("print(1)",), interpreter="python")
CMD = Script(content=("dir",), interpreter="cmd")
SOME = Requirements(build=("tools",))


def bun(stage: Stage, script: Script, name: str = "bun", **output: object) -> Rendering:
    return stage.rendering(name, build=Build(script=script), **output)


def refused(*renderings: Rendering, test: TestStrategy = "native-and-emulated") -> BakehouseError:
    with pytest.raises(BakehouseError) as caught:
        refuse_scripts(renderings, test=test)
    return caught.value


def test_what_can_run_is_let_through(stage: Stage) -> None:
    refuse_scripts([bun(stage, Script(content=("make",))), bun(stage, PYTHON, requirements=SOME), bun(stage, Script())], test="native-and-emulated")  # fmt: skip


def test_windows_scripts_are_the_machines_fault(stage: Stage) -> None:
    error = refused(bun(stage, CMD))
    assert isinstance(error, MachineError)
    assert str(error).endswith("recipes/bun/recipe.yaml: scripts for cmd run on Windows only")


def test_a_recipe_for_windows_has_its_shell(stage: Stage) -> None:
    windows = Platforms(target="win-64", host="win-64", build="win-64")
    plain = replace(bun(stage, Script(content=("dir",))), platforms=windows)
    assert isinstance(refused(plain), MachineError)
    refuse_scripts([replace(bun(stage, Script()), platforms=windows)], test="native-and-emulated")
    bash = Script(content=("ls",), interpreter="bash")
    refuse_scripts([replace(bun(stage, bash), platforms=windows)], test="native-and-emulated")


def test_an_unknown_interpreter_is_the_recipes_fault_at_its_line(stage: Stage) -> None:
    made = bun(stage, replace(PYTHON, interpreter="pyton"), requirements=SOME)
    made.recipe.path.write_text("package: {name: bun}\nbuild:\n  script:\n    interpreter: pyton\n")
    error = refused(made)
    assert isinstance(error, RecipeError)
    (problem,) = error.problems
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (4, 18)
    assert problem.remedy == "did you mean python?"


def test_a_program_that_nothing_can_bring_is_refused_with_the_remedy(stage: Stage) -> None:
    (problem,) = refused(bun(stage, PYTHON)).problems
    assert problem.message == "the script of bun cannot start: there is no python in the environment"
    assert problem.remedy == "add python to requirements.build"
    refuse_scripts([replace(bun(stage, PYTHON), staging="staging:x")], test="native-and-emulated")


def test_what_is_not_sealed_may_have_the_machines_programs(stage: Stage) -> None:
    refuse_scripts([bun(stage, PYTHON)], test="native-and-emulated", sealed=False)
    with pytest.raises(MachineError):
        refuse_scripts([bun(stage, CMD)], test="native-and-emulated", sealed=False)


def test_a_file_that_is_not_there(stage: Stage) -> None:
    (problem,) = refused(bun(stage, Script(file="go.sh"))).problems
    assert problem.message == "the script go.sh is not in the recipe's folder"
    made = bun(stage, Script(file="go"))
    (made.recipe.folder / "go.sh").touch()
    refuse_scripts([with_files(made)], test="native-and-emulated")


def test_scripts_of_tests_count_only_when_tests_run(stage: Stage) -> None:
    made = bun(stage, Script(content=("make",)), tests=(DownstreamTest(downstream="x"), ScriptTest(script=CMD)))
    assert isinstance(refused(made), MachineError)
    refuse_scripts([made], test="skip")


def test_a_test_brings_its_own_requirements(stage: Stage) -> None:
    refuse_scripts(
        [bun(stage, Script(content=("make",)), tests=(ScriptTest(script=PYTHON, run=("python",)),))],
        test="native-and-emulated",
    )


def test_all_are_told_at_once(stage: Stage) -> None:
    error = refused(bun(stage, CMD), bun(stage, PYTHON, "cake"), bun(stage, CMD))
    assert [problem.code for problem in error.problems] == ["script.windows", "script.interpreter"]


def test_a_task_ends_before_its_environment_is_solved(stage: Stage) -> None:
    stage.solver = table = Table()
    outcome = stage.run(stage.task(bun(stage, CMD, requirements=SOME)))
    assert (outcome.ending, outcome.exit_code, table.asked) == (Ending.FAILED, 3, [])


def test_a_program_that_the_environment_did_not_bring_ends_a_task_before_its_sources(stage: Stage) -> None:
    outcome = stage.run(stage.task(bun(stage, PYTHON, requirements=SOME)))
    assert (outcome.ending, outcome.exit_code) == (Ending.FAILED, 2)
    (problem,) = outcome.problems
    assert problem.remedy == "add python to requirements.build"
    assert [timing.phase.value for timing in outcome.timings] == ["environment"]


def test_the_file_beside_the_recipe_is_looked_for_once_for_all(stage: Stage, tmp_path: Path) -> None:
    made = bun(stage, Script())
    (made.recipe.folder / "build.sh").write_text("true")
    work = stage.work(stage.task(made))
    assert work.script == Script(file="build.sh")


class TestUnpublishable:
    """What nothing vouches for, in the environments of a task."""

    def ready(self, stage: Stage, names: tuple[str, ...]) -> tuple[Work, Ready]:
        work = stage.work(access=Access(policy=Policy(farm=True)))
        prefix = LinkedPrefix(environment=Environment(), folder=stage.folder, inside=SEALED.prefix)
        environments = Environments(build=Environment(), host=Environment())
        host = replace(prefix, unpublishable=names)
        return work, Ready(environments=environments, build=prefix, host=host, parent=None, build_key="b" * 64)

    def test_a_farm_builds_nothing_with_it(self, stage: Stage) -> None:
        work, ready = self.ready(stage, ("lib-1.0-h0_0.conda",))
        with pytest.raises(WorkError, match="bun would be built with lib-1") as caught:
            refuse_unpublishable(work, ready)
        [problem] = caught.value.problems
        assert problem.place is not None
        assert problem.place.file == str(work.rendering.recipe.path)
        assert "sha256" in (problem.remedy or "")

    def test_everything_else_goes_on(self, stage: Stage) -> None:
        work, ready = self.ready(stage, ())
        refuse_unpublishable(work, ready)
        laptop, ready = stage.work(), self.ready(stage, ("lib-1.0-h0_0.conda",))[1]
        refuse_unpublishable(laptop, ready)

    def test_what_worked_before_counts_too(self, stage: Stage) -> None:
        _, ready = self.ready(stage, ("b.conda",))
        left = Staged(
            build_key="s" * 64,
            environments=ready.environments,
            installed=Installed(folder=stage.folder, entries=()),
            source=SourceTree(folder=stage.folder),
            owners=(),
            unpublishable=("a.conda", "b.conda"),
        )
        assert replace(ready, before=left).unpublishable == ("a.conda", "b.conda")
        assert replace(ready, parent=left).unpublishable == ("a.conda", "b.conda")
