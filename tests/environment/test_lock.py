"""Lock files: what is written is read, and what is out of date is refused."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from builder.environment.link import link
from builder.environment.lock import LockedSolver, read_lock, write_lock
from builder.environment.packages import PackageStore
from builder.environment.resolve import resolve
from builder.environment.solver import Solver
from builder.errors import UsageError
from builder.model.environment import Environment, Environments
from builder.model.inside import SEALED
from builder.model.recipe import Requirements
from builder.store import Store
from tests.environment.packages import Made, channel
from tests.environment.peer import package, rendering

NEEDS = Requirements(build=("gcc_linux-64",), host=("zlib", "numpy"), run=("numpy",))


@pytest.fixture
def environments(store: Store, small: Path) -> Environments:
    return asyncio.run(resolve(rendering(package("foo", NEEDS)), Solver([str(small)], store)))


def locked(path: Path, store: Store, task: str = "linux-64/foo") -> LockedSolver:
    return read_lock(path).solver(task, PackageStore(store))


def test_what_is_written_is_read(environments: Environments, tmp_path: Path) -> None:
    path = tmp_path / "bakehouse.lock"
    write_lock(
        path, {"linux-64/foo": environments, "linux-64/bar": Environments(build=Environment(), host=environments.host)}
    )
    lock = read_lock(path)
    assert list(lock.tasks) == ["linux-64/bar", "linux-64/foo"]
    assert lock.tasks["linux-64/foo"].build == environments.build
    assert lock.tasks["linux-64/foo"].host == environments.host
    assert lock.tasks["linux-64/bar"].build == Environment()
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_file_compares_well(environments: Environments, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    write_lock(one, {"a": environments, "b": environments})
    write_lock(other, {"b": environments, "a": environments})
    assert one.read_bytes() == other.read_bytes()
    document = json.loads(one.read_text())
    assert document["format"] == 1
    names = [each["name"] for each in document["packages"].values()]
    assert names == sorted(names)
    assert len(names) == len(set(names)), "each package once"
    assert one.read_text().count("\n") > 50, "one thing a line"


def test_a_lock_answers_like_the_solver(environments: Environments, store: Store, small: Path, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    write_lock(path, {"linux-64/foo": environments})
    again = asyncio.run(resolve(rendering(package("foo", NEEDS)), locked(path, store)))
    assert again == environments
    prefix = asyncio.run(link(again.host, SEALED.prefix, store))
    assert dict(prefix.owners)["include/zlib.h"] == "zlib"


def test_a_lock_does_not_care_for_newer_packages(store: Store, tmp_path: Path) -> None:
    folder, path = (
        channel(tmp_path / "c", Made(name="a", version="1", run_exports={"weak": ["a >=1"]})),
        tmp_path / "lock",
    )
    wanted = rendering(package("foo", Requirements(host=("a",))))
    before = asyncio.run(resolve(wanted, Solver([str(folder)], store)))
    write_lock(path, {"linux-64/foo": before})
    channel(folder, Made(name="a", version="2"))
    assert asyncio.run(resolve(wanted, locked(path, store))) == before
    assert asyncio.run(resolve(wanted, Solver([str(folder)], store))) != before


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        (Requirements(build=NEEDS.build, host=("zlib", "numpy", "libgcc")), "libgcc is wanted now"),
        (Requirements(build=NEEDS.build, host=("zlib",)), "numpy was wanted then"),
        (Requirements(build=NEEDS.build, host=("zlib >=1", "numpy")), "zlib >=1 is wanted now; zlib was wanted then"),
        (Requirements(build=("python",), host=()), "python is wanted now"),
    ],
)
def test_other_specs_mean_out_of_date(
    environments: Environments, store: Store, tmp_path: Path, needs: Requirements, why: str
) -> None:
    path = tmp_path / "lock"
    write_lock(path, {"linux-64/foo": environments})
    with pytest.raises(UsageError, match="the lock file is out of date") as caught:
        asyncio.run(resolve(rendering(package("foo", needs)), locked(path, store)))
    problem = caught.value.problems[0]
    assert why in problem.message
    assert problem.place is not None
    assert problem.place.file == str(path)
    assert "without --locked" in (problem.remedy or "")


def test_a_task_that_is_not_locked(environments: Environments, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    write_lock(path, {"linux-64/foo": environments})
    with pytest.raises(UsageError, match="out of date: it knows nothing of linux-64/new"):
        locked(path, store, "linux-64/new")


def test_another_platform_is_out_of_date(environments: Environments, store: Store, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    write_lock(path, {"linux-64/foo": environments})
    with pytest.raises(UsageError, match="it was solved for another platform"):
        asyncio.run(
            locked(path, store).solve(["zlib", "numpy", "libgcc >=13", "__glibc >=2.17,<3.0.a0"], subdir="win-64")
        )


def test_no_specs_need_no_lock(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    write_lock(path, {"a": Environments(build=Environment(), host=Environment())})
    assert asyncio.run(locked(path, store, "a").solve([], subdir="linux-64")) == Environment()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"format": 2}', b'{"format": 1}', b'{"format": 1, "packages": {}, "tasks": {"a": {}}}',
     b'{"format": 1, "packages": {"x": {"name": 1}}, "tasks": {}}', b'{"format": 1, "packages": [], "tasks": {}}', b"\xff", b"[" * 10**5],
)  # fmt: skip
def test_what_is_no_lock_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lock"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="the lock file cannot be read") as caught:
        read_lock(path)
    assert str(path) in str(caught.value)


def test_a_lock_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        read_lock(tmp_path / "lock")


def test_a_lock_naming_a_package_that_it_does_not_hold(environments: Environments, tmp_path: Path) -> None:
    path = tmp_path / "lock"
    write_lock(path, {"a": environments})
    document = json.loads(path.read_text())
    document["packages"].popitem()
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError, match="KeyError"):
        read_lock(path)


def test_packages_that_are_not_wanted_any_more_are_out_of_date(
    environments: Environments, tmp_path: Path, store: Store
) -> None:
    path = tmp_path / "l"
    write_lock(path, {"t": environments})
    lock, packages, specs = read_lock(path), PackageStore(store), environments.host.specs
    good = lock.solver("t", packages, lambda package: package.name != "unheard-of")
    assert asyncio.run(good.solve(specs, subdir="linux-64")) == environments.host
    bad = lock.solver("t", packages, lambda package: package.name != "zlib")
    with pytest.raises(UsageError, match=r"newer than asked for: zlib-1\.3\.1-h4_1\.conda") as caught:
        asyncio.run(bad.solve(specs, subdir="linux-64"))
    assert caught.value.problems[0].code == "environment.lock-stale"
