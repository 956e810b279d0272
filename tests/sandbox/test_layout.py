"""Bubblewrap's words for what is seen inside."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from builder.sandbox import Bind, Overlay, Tmpfs
from builder.sandbox.layout import mounted, namespaces, root, temporary_places
from tests.sandbox.conftest import Bench

INSIDE = PurePosixPath("/a/b/work")


def words_of(*mounts: Bind | Overlay | Tmpfs, size: int | None = None) -> str:
    return " ".join(mounted(mounts, lambda source: Path("/seen") / source.name, lambda _: Path("/laid"), size))


def test_each_kind_of_mount_has_its_words() -> None:
    above = "--perms 0755 --dir /a --perms 0755 --dir /a/b"
    end = "--remount-ro /"
    assert words_of(Bind(source=Path("/x/y"), inside=INSIDE)) == f"{above} --ro-bind /seen/y {INSIDE} {end}"
    assert words_of(Bind(source=Path("/x/y"), inside=INSIDE, writable=True)) == f"{above} --bind /x/y {INSIDE} {end}"
    assert words_of(Overlay(lower=(), upper=Path("/u"), inside=INSIDE)) == f"{above} --bind /laid {INSIDE} {end}"
    assert words_of(Tmpfs(inside=INSIDE)) == f"{above} --tmpfs {INSIDE} {end}"
    assert words_of(Tmpfs(inside=INSIDE, size=7), size=9) == f"{above} --size 7 --tmpfs {INSIDE} {end}"
    assert words_of(Tmpfs(inside=INSIDE), size=9) == f"{above} --size 9 --tmpfs {INSIDE} {end}"
    assert words_of() == end


def test_every_temporary_file_system_has_its_size() -> None:
    words = root(Path("/usr"), Path("/etc"), 5)
    assert words.count("--tmpfs") == words.count("--size") == 2
    assert "--size" not in root(Path("/usr"), Path("/etc"), None)


def test_only_the_network_can_be_shared() -> None:
    alone, together = namespaces(network=False), namespaces(network=True)
    assert "--unshare-all" in alone
    assert [word for word in together if word not in alone] == ["--share-net"]


def test_where_temporary_files_are() -> None:
    found = temporary_places([Tmpfs(inside=INSIDE), Bind(source=Path("/x"), inside=PurePosixPath("/y"))])
    assert [str(place) for place in found] == ["/tmp", "/dev/shm", "/a/b/work"]


def test_the_kernel_takes_the_sizes(bench: Bench) -> None:
    ran = bench.run("stat -f -c %b*%S /tmp; touch /tmp/x /dev/shm/x && stat -c %a /tmp /dev/shm; touch /dev/x")
    assert ran.lines[1:3] == ["1777", "1777"]
    assert "Read-only" in ran.text
