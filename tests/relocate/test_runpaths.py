"""Wanted run paths: every rule, and that they always stay in the prefix."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.binary import BinaryFacts
from builder.model.recipe import DynamicLinking, GlobList
from builder.relocate.runpaths import place_in_prefix, wanted_run_path

PREFIX = "/bakehouse/host_env_placehold"


def facts(*runpath: str, needed: tuple[str, ...] = ("libx.so.1", "libc.so.6"), **fields: object) -> BinaryFacts:
    kinds = {"format": "elf", "machine": "x86_64", "kind": "shared", "runpath_kind": "rpath" if runpath else None}
    return BinaryFacts(**{**kinds, "runpath": runpath, "needed": needed, **fields})  # type: ignore[arg-type]


def wanted(path: str, *runpath: str, linking: DynamicLinking | None = None) -> tuple[str, ...] | None:
    return wanted_run_path(path, facts(*runpath), linking or DynamicLinking(), PREFIX)


@pytest.mark.parametrize(
    ("path", "runpath", "expected"),
    [
        ("lib/libx.so", [f"{PREFIX}/lib"], ["$ORIGIN"]),
        ("bin/x", [f"{PREFIX}/lib"], ["$ORIGIN/../lib"]),
        ("bin/x", [f"{PREFIX}/lib/"], ["$ORIGIN/../lib"]),
        ("bin/x", [f"{PREFIX}//lib/../lib/x"], ["$ORIGIN/../lib/x", "$ORIGIN/../lib"]),
        ("bin/x", [PREFIX], ["$ORIGIN/..", "$ORIGIN/../lib"]),
        ("x", [f"{PREFIX}/lib"], ["$ORIGIN/lib"]),
        ("lib/a/b/m.so", [], ["$ORIGIN/../.."]),
        ("lib/libx.so", [], ["$ORIGIN"]),
        ("bin/x", [f"{PREFIX}/opt/z", f"{PREFIX}/lib", f"{PREFIX}/opt/z"], ["$ORIGIN/../opt/z", "$ORIGIN/../lib"]),
        ("bin/x", ["$ORIGIN/../private", "${ORIGIN}/../lib"], ["$ORIGIN/../private", "$ORIGIN/../lib"]),
        ("lib/x.so", ["$ORIGIN/."], ["$ORIGIN/."]),
        ("lib/x.so", ["$ORIGIN"], ["$ORIGIN"]),
        ("bin/x", ["/usr/lib", "/opt/x/lib", f"{PREFIX}/lib"], ["$ORIGIN/../lib"]),
        ("bin/x", [f"{PREFIX}other/lib"], ["$ORIGIN/../lib"]),
        ("bin/x", [f"{PREFIX}/../../etc"], ["$ORIGIN/../lib"]),
        ("bin/x", ["$ORIGIN/../../outside"], ["$ORIGIN/../lib"]),
        ("bin/x", ["$ORIGINAL/lib", "relative/lib", "."], ["$ORIGIN/../lib"]),
    ],
)
def test_parts(path: str, runpath: list[str], expected: list[str]) -> None:
    found = wanted(path, *runpath)
    assert found is not None
    assert [part.replace("${ORIGIN}", "$ORIGIN") for part in found] == expected


def test_the_recipes_own_parts_come_last_in_their_order() -> None:
    linking = DynamicLinking(rpaths=("lib/", "lib/private", "$ORIGIN/plugins", "/opt/absolute"))
    assert wanted("bin/x", f"{PREFIX}/share", linking=linking) == (
        "$ORIGIN/../share",
        "$ORIGIN/../lib",
        "$ORIGIN/../lib/private",
        "$ORIGIN/plugins",
    )
    assert wanted("bin/x", "/usr/lib", linking=DynamicLinking(rpaths=())) == ()


def test_the_allowlist_keeps_what_leads_out() -> None:
    linking = DynamicLinking(rpath_allowlist=GlobList(include=("/usr/lib/**", "$ORIGIN/../../x")))
    found = wanted("bin/x", "/usr/lib/jvm", "/opt/x", "$ORIGIN/../../x", f"{PREFIX}/lib", linking=linking)
    assert found == ("/usr/lib/jvm", "$ORIGIN/../../x", "$ORIGIN/../lib")


def test_relocation_can_be_switched_off_or_chosen() -> None:
    assert wanted("bin/x", f"{PREFIX}/lib", linking=DynamicLinking(binary_relocation=False)) is None
    chosen = DynamicLinking(binary_relocation=GlobList(include=("bin/",)))
    assert wanted("bin/x", f"{PREFIX}/lib", linking=chosen) == ("$ORIGIN/../lib",)
    assert wanted("lib/x.so", f"{PREFIX}/lib", linking=chosen) is None


@pytest.mark.parametrize(
    "given_facts",
    [
        facts(needed=("libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2")),
        facts(needed=()),
        facts("/x", kind="object"),
        facts("/x", kind="other"),
        facts("@loader_path/lib", format="macho"),
        facts(needed=("KERNEL32.dll",), format="pe"),
    ],
    ids=["only glibc", "static", "object", "core", "macho", "pe"],
)
def test_files_that_are_left_alone(given_facts: BinaryFacts) -> None:
    assert wanted_run_path("lib/x", given_facts, DynamicLinking(), PREFIX) is None


def test_a_run_path_is_corrected_even_when_only_glibc_is_needed() -> None:
    found = wanted_run_path("lib/x.so", facts("/leak/lib", needed=("libc.so.6",)), DynamicLinking(), PREFIX)
    assert found == ("$ORIGIN",)


PARTS = st.sampled_from(
    [f"{PREFIX}/lib", f"{PREFIX}/a/b", PREFIX, "$ORIGIN", "$ORIGIN/../lib", "${ORIGIN}/../..", "$ORIGIN/../../..", "/usr/lib",
     "", ".", f"{PREFIX}/../x", f"{PREFIX}x"]
)  # fmt: skip
PATHS = st.lists(st.sampled_from(["lib", "bin", "a", "b"]), max_size=3).map(
    lambda folders: "/".join([*folders, "file.so"])
)


@given(PATHS, st.lists(PARTS, max_size=6))
def test_every_wanted_part_stays_in_the_prefix_and_nothing_is_double(path: str, runpath: list[str]) -> None:
    found = wanted(path, *runpath)
    assert found is not None
    places = []
    for part in found:
        assert part.startswith(("$ORIGIN", "${ORIGIN}"))
        origin = posixpath.join(PREFIX, posixpath.dirname(path))
        place = posixpath.normpath(origin + part.removeprefix("${ORIGIN}").removeprefix("$ORIGIN"))
        assert place == PREFIX or place.startswith(f"{PREFIX}/")
        places.append(place)
    assert len(set(places)) == len(places)
    assert f"{PREFIX}/lib" in places
    again = wanted(path, *found)
    assert again == found, "a second relocation changes nothing"


@pytest.mark.parametrize(
    ("part", "folder", "expected"),
    [
        ("$ORIGIN", "lib", "lib"),
        ("${ORIGIN}/../x", "lib", "x"),
        (PREFIX, "lib", ""),
        (f"{PREFIX}/lib", "bin", "lib"),
        ("/usr", "bin", None),
        ("$ORIGIN/../..", "lib", None),
        ("", "lib", None),
    ],
)
def test_place_in_prefix(part: str, folder: str, expected: str | None) -> None:
    assert place_in_prefix(part, folder, PREFIX) == expected
