"""Real solves: local, loose and remote channels, priority, memory, failures."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from builder.environment.access import Access
from builder.environment.solver import Solver
from builder.errors import MachineError, UnsolvableError, UsageError
from builder.model.environment import Environment
from builder.model.solving import SolveRules
from builder.model.target import VirtualPackage
from builder.store import Store
from tests.environment.packages import EPOCH, Made, channel, loose
from tests.environment.served import served


def solved(solver: Solver, *specs: str, **more: Any) -> Environment:
    return asyncio.run(solver.solve(specs, **({"subdir": "linux-64"} | more)))


def specs(environment: Environment) -> list[str]:
    return [package.spec for package in environment.packages]


def test_dependencies_first(store: Store, small: Path) -> None:
    environment = solved(Solver([str(small)], store), "zlib >=1.2", "pure")
    assert specs(environment) == ["libzlib 1.3.1 h4_1", "python 3.12.1 h1_cpython", "pure 2.0 h1_0", "zlib 1.3.1 h4_1"]
    assert environment.specs == ("pure", "zlib >=1.2")
    zlib = environment.packages[-1]
    assert zlib.channel == str(small)
    assert zlib.url == (small / "linux-64" / "zlib-1.3.1-h4_1.conda").as_uri()
    assert zlib.file_name == "zlib-1.3.1-h4_1.conda"
    assert json.loads(zlib.record)["run_exports"]["noarch"] == ["zn >=1.3"]
    assert environment.packages[2].noarch == "python"


def test_without_specs_nothing_is_read(store: Store, tmp_path: Path) -> None:
    assert solved(Solver([str(tmp_path / "missing")], store)) == Environment()


def test_specs_are_remembered_in_normal_form(store: Store, small: Path) -> None:
    solver = Solver([str(small)], store)
    one = solved(solver, "zlib=1.3", "libzlib")
    assert one.specs == ("libzlib", "zlib 1.3.*")
    assert solved(solver, "libzlib", "zlib 1.3.*", "zlib =1.3") is one


def test_what_a_user_writes_wrongly(store: Store, small: Path) -> None:
    with pytest.raises(UsageError, match="is not a package spec") as caught:
        solved(Solver([str(small)], store), "zlib >1 <2")
    assert caught.value.problems[0].code == "environment.spec"


# -- channels --------------------------------------------------------------------------------------------------------------


def test_the_first_channel_with_a_name_wins(store: Store, tmp_path: Path) -> None:
    first = channel(
        tmp_path / "first",
        Made(name="a", version="1.0"),
        Made(name="a", version="1.5", subdir="noarch", noarch="generic"),
    )
    second = channel(tmp_path / "second", Made(name="a", version="9.0"), Made(name="b"))
    assert specs(solved(Solver([str(first), str(second)], store), "a", "b")) == ["a 1.5 h1_0", "b 1.0 h1_0"]
    assert specs(solved(Solver([str(second), str(first)], store), "a", "b")) == ["a 9.0 h1_0", "b 1.0 h1_0"]
    with pytest.raises(UnsolvableError, match=f"a 9.0 is in {second}, but {first} comes first"):
        solved(Solver([str(first), str(second)], store), "a 9.0")


def test_loose_packages_win_over_channels(store: Store, small: Path, tmp_path: Path) -> None:
    package = loose(tmp_path / "loose", Made(name="zlib", version="0.1", depends=["libzlib"]))
    environment = solved(Solver([str(small)], store), "zlib", loose=[package])
    assert specs(environment) == ["libzlib 1.3.1 h4_1", "zlib 0.1 h1_0"]
    assert environment.packages[1].url == package.path.as_uri()
    assert environment.packages[1].sha256 == package.sha256
    assert specs(solved(Solver([str(small)], store), "zlib"))[1] == "zlib 1.3.1 h4_1"
    assert specs(solved(Solver([], store), "zlib 0.1", loose=[loose(tmp_path / "2", Made(name="zlib", version="0.1"))]))


def test_a_channel_is_read_afresh(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a", version="1.0"))
    solver = Solver([str(folder)], store)
    first = solved(solver, "a")
    assert solved(solver, "a") is first
    channel(folder, Made(name="a", version="2.0"))
    assert specs(solved(solver, "a")) == ["a 2.0 h1_0"]


def test_our_own_channel_may_still_be_empty(store: Store, tmp_path: Path, small: Path) -> None:
    out = tmp_path / "out"
    solver = Solver([str(out), str(small)], store, may_be_empty=[str(out)])
    assert specs(solved(solver, "libzlib")) == ["libzlib 1.3.1 h4_1"]
    channel(out, Made(name="libzlib", version="7"))
    assert specs(solved(solver, "libzlib")) == ["libzlib 7 h1_0"]


def test_a_mistyped_channel_is_an_error(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"chanel is not a channel: it has no index for linux-64 or noarch"):
        solved(Solver([str(tmp_path / "chanel")], store), "a")


def test_one_subdir_is_enough(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a", subdir="noarch", noarch="generic"))
    (folder / "linux-64" / "repodata.json").unlink()
    assert specs(solved(Solver([str(folder)], store), "a")) == ["a 1.0 h1_0"]


@pytest.mark.parametrize("record", [{"name": 3}, {"name": "a", "version": "!", "build": "h", "build_number": 0}])
def test_a_broken_record_is_left_out(store: Store, tmp_path: Path, small: Path, record: dict[str, object]) -> None:
    folder = channel(tmp_path / "broken", Made(name="a"), Made(name="b"))
    path = folder / "linux-64" / "repodata.json"
    content = json.loads(path.read_text())
    content["packages.conda"]["a-!-h.conda"] = record
    path.write_text(json.dumps(content))
    told: list[str] = []
    solver = Solver([str(small), str(folder)], store, access=Access(report=told.append))
    assert specs(solved(solver, "a", "b")) == ["a 1.0 h1_0", "b 1.0 h1_0"]
    assert [line.partition(":")[0] for line in told] == [
        f"1 record of {folder} for linux-64 is left out, the first a-!-h.conda"
    ]
    with pytest.raises(UnsolvableError, match=r"there is 1.0 \(h1_0\); left out is a-!-h.conda of"):
        solved(solver, "a >5")
    assert len(told) == 1, "it is told once"


# -- platforms -------------------------------------------------------------------------------------------------------------


def test_virtual_packages_are_data(store: Store, tmp_path: Path) -> None:
    folder = channel(
        tmp_path / "c",
        Made(name="new", depends=["__glibc >=2.36"]), Made(name="gpu", depends=["__cuda >=12"]),
        Made(name="v3", depends=["__archspec * x86_64_v3"]),
        Made(name="mac", subdir="osx-arm64", depends=["__osx >=11"]),
    )  # fmt: skip
    plain = Solver([str(folder)], store)
    for name in ("new", "gpu", "v3"):
        with pytest.raises(UnsolvableError):
            solved(plain, name)
    assert specs(solved(plain, "mac", subdir="osx-arm64")) == ["mac 1.0 h1_0"]
    rich = Solver([str(folder)], store, machines={"linux-64": [
        VirtualPackage(name="__glibc", version="2.36"), VirtualPackage(name="__cuda", version="12.4"),
        VirtualPackage(name="__archspec", version="1", build="x86_64_v3"),
    ]})  # fmt: skip
    assert len(solved(rich, "new", "gpu", "v3").packages) == 3


def test_this_machine_is_never_looked_at(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a", depends=["__linux"], subdir="linux-aarch64"))
    assert specs(solved(Solver([str(folder)], store), "a", subdir="linux-aarch64")) == ["a 1.0 h1_0"]
    with pytest.raises(UnsolvableError, match="no channel has a package called a"):
        solved(Solver([str(folder)], store), "a", subdir="win-64")


def test_constraints_install_nothing(store: Store, small: Path) -> None:
    solver = Solver([str(small)], store)
    assert specs(solved(solver, "numpy", constraints=["python 3.10.*"])) == [
        "python 3.10.4 h1_cpython",
        "numpy 1.26.4 h1_0",
    ]
    assert specs(solved(solver, "libgcc", constraints=["python 3.10.*"])) == ["libgcc 13.3.0 h1_0"]


# -- failures --------------------------------------------------------------------------------------------------------------


def test_an_unsolvable_request_is_explained_in_the_users_words(store: Store, small: Path) -> None:
    solver = Solver([str(small)], store)
    with pytest.raises(UnsolvableError) as caught:
        solved(solver, "zlibb", "python=4", "numpy")
    assert [problem.message for problem in caught.value.problems] == [
        "no package satisfies python=4; there is 3.12.1, 3.10.4",
        "no channel has a package called zlibb",
    ]
    assert "did you mean zlib" in (caught.value.problems[1].remedy or "")


def test_a_conflict_further_down_is_the_solvers_to_tell(store: Store, tmp_path: Path) -> None:
    folder = channel(
        tmp_path / "c",
        Made(name="a", depends=["c 1.*"]),
        Made(name="b", depends=["c 2.*"]),
        Made(name="c", version="1"),
        Made(name="c", version="2"),
    )
    with pytest.raises(UnsolvableError, match="no set of packages satisfies a, b: ") as caught:
        solved(Solver([str(folder)], store), "a", "b")
    assert "c 2.*" in str(caught.value)


def test_a_missing_dependency_is_named(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a", depends=["gone >=3"]))
    with pytest.raises(UnsolvableError, match="gone >=3"):
        solved(Solver([str(folder)], store), "a")


def test_no_channel_at_all(store: Store) -> None:
    with pytest.raises(UnsolvableError, match="no channel has a package called a"):
        solved(Solver([], store), "a")


def test_a_record_without_digest(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a"))
    path = folder / "linux-64" / "repodata.json"
    content = json.loads(path.read_text())
    del content["packages.conda"]["a-1.0-h1_0.conda"]["sha256"]
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError, match="gives no sha256"):
        solved(Solver([str(folder)], store), "a")


# -- many at once ----------------------------------------------------------------------------------------------------------


def test_the_same_question_is_asked_once(store: Store, small: Path) -> None:
    async def main() -> list[Environment]:
        solver = Solver([str(small)], store)
        return await asyncio.gather(*(solver.solve(["numpy", "zlib"], subdir="linux-64") for _ in range(20)))

    found = asyncio.run(main())
    assert all(one is found[0] for one in found)


def test_a_cancelled_question_does_not_hurt_others(store: Store, small: Path) -> None:
    async def main() -> None:
        solver = Solver([str(small)], store)
        tasks = [asyncio.create_task(solver.solve(["numpy"], subdir="linux-64")) for _ in range(6)]
        await asyncio.sleep(0)
        for task in tasks[:3]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, asyncio.CancelledError) for result in results[:3])
        assert all(isinstance(result, Environment) for result in results[3:])

    asyncio.run(main())


def test_old_answers_make_room(store: Store, tmp_path: Path) -> None:
    folder = channel(tmp_path / "c", Made(name="a"))
    solver = Solver([str(folder)], store)

    async def main() -> None:
        for build in range(600):
            await solver.solve([f"a >=0.{build}"], subdir="linux-64")

    asyncio.run(main())
    assert len(solver._answers) <= 512


ORDERS: Sequence[Sequence[str]] = (("zlib", "numpy", "gcc_linux-64"), ("gcc_linux-64", "zlib", "numpy"))


def test_other_processes_find_the_same(store: Store, small: Path, tmp_path: Path) -> None:
    """Hash seeds and the order of the specs differ; so does the machine's own environment."""
    program = (
        "import asyncio, os, sys; from pathlib import Path; from builder.environment import Solver; from builder.store import Store\n"
        "solver = Solver([sys.argv[1]], Store(Path(sys.argv[2])))\n"
        "print([one.sha256 for one in asyncio.run(solver.solve(sys.argv[3:], subdir='linux-64')).packages], flush=True)\n"
        "os._exit(0)"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program, str(small), str(tmp_path / seed), *ORDERS[int(seed) % 2]],
            env={"PYTHONHASHSEED": seed, "CONDA_OVERRIDE_GLIBC": f"2.{seed}", "HOME": str(tmp_path)},
            cwd=Path(__file__).parents[2], check=True, capture_output=True, text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(found) == 1
    assert not (tmp_path / ".cache").exists(), "no cache but the store's"


# -- remote channels -------------------------------------------------------------------------------------------------------


def test_a_remote_channel(store: Store, small: Path, tmp_path: Path) -> None:
    own = channel(tmp_path / "own", Made(name="mine", depends=["zlib"]))
    with served(small) as server:
        solver = Solver([str(own), server.url], store)
        environment = solved(solver, "mine")
        assert specs(environment) == ["libzlib 1.3.1 h4_1", "zlib 1.3.1 h4_1", "mine 1.0 h1_0"]
        assert environment.packages[0].channel == server.url
        assert environment.packages[0].url == f"{server.url}/linux-64/libzlib-1.3.1-h4_1.conda"
        assert environment.packages[2].channel == str(own)
        with pytest.raises(UnsolvableError, match=r"no package satisfies zlib >=3; there is 1\.3\.1"):
            solved(solver, "zlib >=3")
        with pytest.raises(UnsolvableError, match="no channel has a package called numpyy") as caught:
            solved(solver, "numpyy")
        assert "did you mean numpy" in (caught.value.problems[0].remedy or "")
        package = loose(tmp_path / "loose", Made(name="zlib", version="0.1"))
        assert specs(solved(solver, "zlib", loose=[package])) == ["zlib 0.1 h1_0"]
    assert specs(solved(Solver([server.url], store, access=Access(offline=True)), "zlib")) == [
        "libzlib 1.3.1 h4_1",
        "zlib 1.3.1 h4_1",
    ]


def test_a_remote_channel_that_is_not_there(store: Store, tmp_path: Path) -> None:
    with served(tmp_path) as server:
        pass
    with pytest.raises(MachineError, match="a channel cannot be asked") as caught:
        solved(Solver([server.url], store), "a")
    assert "network" in (caught.value.problems[0].remedy or "")
    with pytest.raises(MachineError, match="a channel cannot be asked") as caught:
        solved(Solver([server.url], store, access=Access(offline=True)), "a")
    assert "--offline" in (caught.value.problems[0].remedy or "")


def test_a_name_that_no_folder_has_is_asked_for_elsewhere(store: Store) -> None:
    solver = Solver(["chanel"], store, access=Access(offline=True))
    with pytest.raises(MachineError, match="a channel cannot be asked") as caught:
        solved(solver, "a")
    remedy = caught.value.problems[0].remedy or ""
    assert remedy.endswith("; what is no folder here was taken for a channel's name: chanel")


def test_the_same_loose_package_elsewhere_is_another(store: Store, tmp_path: Path) -> None:
    solver, made = Solver([], store), Made(name="a")
    one, other = loose(tmp_path / "one", made), loose(tmp_path / "other", made)
    assert one.sha256 == other.sha256
    assert solved(solver, "a", loose=[one]).packages[0].url == one.path.as_uri()
    assert solved(solver, "a", loose=[other]).packages[0].url == other.path.as_uri()


def test_a_channel_inside_another_and_one_named_twice(store: Store, tmp_path: Path) -> None:
    outer = channel(tmp_path / "outer", Made(name="a"))
    inner = channel(outer / "inner", Made(name="b"))
    solver = Solver([str(outer), str(inner), outer.as_uri()], store)
    assert [place.name for place in solver.channels] == [str(outer), str(inner)]
    assert [package.channel for package in solved(solver, "a", "b").packages] == [str(outer), str(inner)]


# -- rules -----------------------------------------------------------------------------------------------------------------

DAY = 24 * 3600
CUTOFF = SolveRules(newest=datetime.fromtimestamp(EPOCH, UTC))


def test_without_priority_the_best_of_all_channels_wins(store: Store, tmp_path: Path) -> None:
    first = channel(tmp_path / "first", Made(name="a", version="1.0"))
    second = channel(tmp_path / "second", Made(name="a", version="9.0"))
    rules = SolveRules(channel_priority="disabled")
    solver = Solver([str(first), str(second)], store, rules=rules)
    assert specs(solved(solver, "a")) == ["a 9.0 h1_0"]
    assert specs(solved(solver, "a <2")) == ["a 1.0 h1_0"]
    with served(second) as server:
        remote = Solver([str(first), server.url], store, rules=rules)
        assert specs(solved(remote, "a")) == ["a 9.0 h1_0"]
        assert specs(solved(Solver([str(first), server.url], store), "a")) == ["a 1.0 h1_0"]


def test_newer_packages_are_left_out(store: Store, tmp_path: Path) -> None:
    found = channel(
        tmp_path / "c",
        Made(name="a", version="1.0", time=EPOCH - DAY),
        Made(name="a", version="1.1", time=EPOCH),
        Made(name="a", version="2.0", time=EPOCH + 1),
        Made(name="a", version="3.0", time=None),
    )
    assert specs(solved(Solver([str(found)], store), "a")) == ["a 3.0 h1_0"]
    with served(found) as server:
        for place in (str(found), server.url):
            solver = Solver([place], store, rules=CUTOFF)
            assert specs(solved(solver, "a")) == ["a 1.1 h1_0"]
            with pytest.raises(UnsolvableError, match=r"a >=2 is met only by packages newer than 2020-09-13T12:26:40Z"):
                solved(solver, "a >=2")
            with pytest.raises(UnsolvableError, match=r"no package satisfies a >=4; there is 3.0, 2.0, 1.1, 1.0"):
                solved(solver, "a >=4")


def test_what_we_build_now_is_never_too_new(store: Store, tmp_path: Path) -> None:
    own = channel(tmp_path / "own", Made(name="a", version="2.0", time=EPOCH + DAY, depends=["b"]))
    other = channel(tmp_path / "other", Made(name="b", version="1.0"), Made(name="b", version="2.0", time=EPOCH + 1))
    package = loose(tmp_path / "loose", Made(name="c", time=None, depends=["a"]))
    with served(other) as server:
        for place in (str(other), server.url):
            solver = Solver([str(own), place], store, may_be_empty=[str(own)], rules=CUTOFF)
            environment = solved(solver, "c", loose=[package])
            assert specs(environment) == ["b 1.0 h1_0", "a 2.0 h1_0", "c 1.0 h1_0"]
            plain = solved(Solver([str(own), place], store, may_be_empty=[str(own)]), "c", "b <2", loose=[package])
            assert environment.packages == plain.packages
            with pytest.raises(UnsolvableError, match=r"b >=2 is met only by packages newer"):
                solved(solver, "c", "b >=2", loose=[package])


def test_a_channels_own_time_of_indexing_stays_in_the_record(store: Store, tmp_path: Path) -> None:
    """Only what was put into the index of our own output is taken out again."""
    other = channel(tmp_path / "other", Made(name="b", time=EPOCH + DAY))
    place = other / "linux-64" / "repodata.json"
    place.write_text(place.read_text().replace('"timestamp"', '"indexed_timestamp": 5, "timestamp"'))
    (package,) = solved(Solver([str(other)], store, rules=CUTOFF), "b").packages
    assert json.loads(package.record)["indexed_timestamp"] == 5


def test_a_broken_index_of_our_own_is_still_named(store: Store, tmp_path: Path) -> None:
    own = channel(tmp_path / "own", Made(name="a"))
    path = own / "linux-64" / "repodata.json"
    path.write_text("[1]")
    with pytest.raises(UsageError, match="this channel index cannot be read") as caught:
        solved(Solver([str(own)], store, may_be_empty=[str(own)], rules=CUTOFF), "a")
    assert str(path) in str(caught.value)


def test_of_a_package_in_both_formats_the_new_one_is_taken(store: Store, tmp_path: Path) -> None:
    """CEP 35."""
    found = channel(tmp_path / "c", Made(name="a"))
    place = found / "linux-64" / "repodata.json"
    index = json.loads(place.read_text())
    record = dict(index["packages.conda"]["a-1.0-h1_0.conda"], sha256="0" * 64)
    other = dict(record, version="0.9", build="h2_0")
    index["packages"] = {"a-1.0-h1_0.tar.bz2": record, "a-0.9-h2_0.tar.bz2": other}
    place.write_text(json.dumps(index))
    with served(found) as server:
        for address in (str(found), server.url):
            solver = Solver([address], store)
            assert [one.file_name for one in solved(solver, "a").packages] == ["a-1.0-h1_0.conda"]
            assert [one.file_name for one in solved(solver, "a <1").packages] == ["a-0.9-h2_0.tar.bz2"]
