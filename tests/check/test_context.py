"""What a context derives, and the paths that may not leak."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from builder.check import leaks_of
from builder.model.inside import SEALED, inside_paths
from tests.check.packages import around, environments, host
from tests.payload.prefix import locked


def test_names_of_run_dependencies_in_every_spelling() -> None:
    found = around(
        environments=environments("zlib >=1.2,<2", "Python", "libx ==1 h0_0", "conda-forge::y", "z[version='>1']")
    )
    assert found.run_names == {"zlib", "python", "libx", "y", "z"}


def test_the_closure_follows_the_host_environment_and_survives_circles() -> None:
    packages = (locked("a", "b >=1"), locked("b", "c", "a"), locked("c"), locked("other", "far"))
    found = around(environments=environments("a", "runtime-only", host=packages))
    assert found.run_closure == {"a", "b", "c", "runtime-only"}


def test_owners() -> None:
    assert around().owners == {}
    assert around(host=host(("lib/a", "a"))).owners == {"lib/a": "a"}


def test_every_inside_path_but_the_prefix_is_a_leak() -> None:
    leaks = {leak.text: leak.what for leak in leaks_of(SEALED, [Path("/srv/machine")])}
    assert leaks["/bakehouse/work"] == "the work folder"
    assert leaks["/bakehouse/build_env"] == "the build prefix"
    assert leaks["/srv/machine"] == "a folder of the building machine"
    assert str(SEALED.prefix) not in leaks
    assert not any(str(SEALED.prefix).startswith(f"{text}/") for text in leaks)
    assert set(leaks) == {
        f"/bakehouse/{name}" for name in ("work", "build_env", "recipe", "home", "test_env", "test", "script")
    } | {"/srv/machine"}


def test_leaks_follow_the_root_of_an_unsealed_build() -> None:
    leaks = leaks_of(inside_paths(PurePosixPath("/var/tmp/build")))
    assert all(leak.text.startswith("/var/tmp/build/") for leak in leaks)
