"""The sandbox's root: its lock, what is and is not in it, and that it is the same on every machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from builder.errors import MachineError, SourceError, UsageError
from builder.sandbox.rootfs import (
    TIME,
    Deb,
    RootfsLock,
    ensure_rootfs,
    read_rootfs_lock,
    rootfs_lock,
    rootfs_lock_text,
)
from builder.store import Store
from tests.archive.making import T, ar, symlink, tar
from tests.sandbox.conftest import Bench

TOOLS = set(
    """
awk base64 basename bash bunzip2 bzip2 cat chmod cmp comm cp cut date dd diff dirname du echo egrep env expr false find
getconf grep gunzip gzip head hostname id install ldd ln ls mawk md5sum mkdir mkfifo mktemp mv nproc od paste patch
printf pwd readlink realpath rm rmdir sed seq sh sha256sum sleep sort stat tail tar tee test touch tr true uname uniq unxz
wc which whoami xargs xz yes zcat
""".split()  # noqa: SIM905 - readable
)


def described(tree: Path) -> dict[str, tuple[object, ...]]:
    """Return everything that two trees could differ in, by path."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(tree.rglob("*")):
        status = path.lstat()
        content = (
            path.read_bytes() if stat.S_ISREG(status.st_mode) else str(path.readlink()) if path.is_symlink() else None
        )
        found[str(path.relative_to(tree))] = (status.st_mode, status.st_mtime_ns, content)
    return found


def test_every_package_is_of_the_main_section_that_stands_still() -> None:
    lock = rootfs_lock()
    assert len(lock.debs) > 20
    assert [deb.name for deb in lock.debs] == sorted({deb.name for deb in lock.debs})
    for deb in lock.debs:
        assert deb.path.startswith("pool/main/"), deb
        assert deb.path.endswith((f"{deb.version.partition(':')[2] or deb.version}_amd64.deb", "_all.deb")), deb
        assert len(deb.sha256) == 64
        assert 0 < deb.size < 5_000_000


def test_the_lock_names_its_c_library() -> None:
    assert rootfs_lock().glibc == "2.36"


def test_the_lock_file_is_what_its_packages_make() -> None:
    lock = rootfs_lock()
    text = rootfs_lock_text(reversed(lock.debs))
    assert rootfs_lock(text) == lock
    assert (Path(__file__).parents[2] / "builder" / "sandbox" / "rootfs.lock").read_text() == text


def test_the_digest_changes_with_a_package_and_with_nothing_else() -> None:
    lock = rootfs_lock()
    first, *rest = lock.debs
    other = Deb(name=first.name, version=first.version, path=first.path, sha256="0" * 64, size=first.size)
    assert RootfsLock(debs=tuple(reversed(lock.debs))).digest == lock.digest
    assert RootfsLock(debs=(other, *rest)).digest != lock.digest
    assert rootfs_lock("# another comment\n\n" + rootfs_lock_text(lock.debs)).digest == lock.digest


def test_a_torn_lock_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):
        rootfs_lock("bash 5.2 pool/main/b/bash.deb\n")


def test_a_missing_package_is_named(store: Store) -> None:
    with pytest.raises(MachineError, match="base-files") as caught:
        ensure_rootfs(store, {})
    assert caught.value.problems[0].remedy is not None
    assert store.folder("rootfs", rootfs_lock().digest) is None


def test_it_is_unpacked_once_and_is_equal_everywhere(store: Store, machine_store: Store, rootfs: Path) -> None:
    debs = {deb.sha256: machine_store.file(deb.sha256) for deb in rootfs_lock().debs}
    before = os.umask(0o077)
    try:
        made = ensure_rootfs(store, {digest: path for digest, path in debs.items() if path})
    finally:
        os.umask(before)
    assert made != rootfs
    assert described(made) == described(rootfs)
    assert ensure_rootfs(store, {}) == made


def test_times_and_modes_are_fixed(rootfs: Path) -> None:
    for path in [*rootfs.rglob("*")]:
        status = path.lstat()
        assert status.st_mtime == TIME, path
        if not path.is_symlink():
            assert stat.S_IMODE(status.st_mode) in {0o644, 0o755}, path


def test_it_holds_a_userland_and_no_documentation(rootfs: Path) -> None:
    programs = {path.name for path in (rootfs / "usr" / "bin").iterdir()}
    assert programs >= TOOLS
    assert {path.name for path in rootfs.iterdir()} == {"bin", "etc", "lib", "lib64", "sbin", "usr"}
    assert {path.name for path in (rootfs / "usr").iterdir()} == {"bin", "lib", "lib64", "libexec", "sbin"}
    assert not list(rootfs.rglob("man"))
    assert sum(path.lstat().st_size for path in rootfs.rglob("*")) < 25_000_000


def test_it_holds_no_compiler_and_no_interpreter_of_another_language(rootfs: Path) -> None:
    programs = " ".join(path.name for path in (rootfs / "usr" / "bin").iterdir())
    for word in ("gcc", "cc1", "make", "perl", "python", "git", "apt", "dpkg", "curl", "wget", "ssh", "sudo"):
        assert word not in programs.split()
        assert not [name for name in programs.split() if name.startswith(f"{word}-")]


def test_no_script_in_it_needs_an_interpreter_that_is_absent(rootfs: Path) -> None:
    for path in (rootfs / "usr" / "bin").iterdir():
        if path.is_symlink():
            continue
        first = path.read_bytes()[:80].split(b"\n")[0]
        if first.startswith(b"#!"):
            assert first[2:].split()[0] in {b"/bin/sh", b"/bin/bash"}, path


def test_every_symlink_leads_somewhere_inside(rootfs: Path) -> None:
    for path in rootfs.rglob("*"):
        if path.is_symlink():
            target = str(path.readlink())
            where = rootfs / target.lstrip("/") if target.startswith("/") else path.parent / target
            assert where.exists(), f"{path} -> {target}"


def test_all_programs_load(bench: Bench) -> None:
    script = """
    for program in /usr/bin/* /usr/libexec/coreutils/*; do
        [ -L "$program" ] && continue
        read -r -N 4 magic < "$program" 2>/dev/null || continue
        [ "$magic" = $'\\x7fELF' ] && ldd "$program" 2>&1 | grep -H --label="$program" 'not found'
    done
    echo end
    """
    assert bench.run(script).text == "end\n"


def test_archives_of_all_kinds_can_be_unpacked(bench: Bench) -> None:
    script = """
    mkdir d; echo text > d/f
    for kind in z j J; do tar -c${kind}f $kind.tar d && tar -tf $kind.tar | tail -1; done
    """
    ran = bench.run(script, bench.overlay(), cwd=bench.inside.work)
    assert ran.lines == ["d/f"] * 3


def test_patches_can_be_applied(bench: Bench) -> None:
    script = "printf 'a\\n' > f; printf -- '--- f\\n+++ f\\n@@ -1 +1 @@\\n-a\\n+b\\n' | patch -p0 >/dev/null; cat f"
    assert bench.run(script, bench.overlay(), cwd=bench.inside.work).text == "b\n"


def test_users_and_hosts_are_fixed(rootfs: Path) -> None:
    passwd = [line.split(":") for line in (rootfs / "etc" / "passwd").read_text().splitlines()]
    assert [(name, user) for name, _, user, *_ in passwd] == [("root", "0"), ("builder", "1000"), ("nobody", "65534")]
    assert passwd[1][5] == "/bakehouse/home"
    assert "bakehouse" in (rootfs / "etc" / "hosts").read_text()
    assert {path.name for path in (rootfs / "etc").iterdir()} == {
        "debian_version", "group", "hosts", "nsswitch.conf", "os-release", "passwd",
    }  # fmt: skip


LIBC = "libc6 2.36-9 pool/main/g/glibc/libc6_2.36-9_amd64.deb " + "a" * 64 + " 10"


def packed(store: Store, name: str, *members: T) -> tuple[Deb, Path]:
    """Put a package of those members into the store."""
    data = ar([(b"debian-binary", b"2.0\n"), (b"data.tar", tar(members))])
    kept = store.add_file([data], sha256=None)
    path = f"pool/main/{name[0]}/{name}/{name}_1_all.deb"
    return Deb(name=name, version="1", path=path, sha256=kept.sha256, size=len(data)), kept.path


def test_the_list_of_the_sandbox_is_one_that_anybody_may_start_from(tmp_path: Path) -> None:
    own = tmp_path / "own.lock"
    own.write_text("# mine\n\n" + rootfs_lock_text(rootfs_lock().debs))
    assert read_rootfs_lock(own) == rootfs_lock()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("bash 5.2 pool/main/b/bash.deb", "no package"),
        (f"bash 5.2 pool/../../etc/b_1_amd64.deb {'b' * 64} 5", "no package"),
        (f"bash 5.2 /etc/b_1_amd64.deb {'b' * 64} 5", "no package"),
        (f"bash 5.2 pool/main/b/bash_5.2_amd64.deb {'B' * 64} 5", "no package"),
        (f"bash 5.2 pool/main/b/bash_5.2_amd64.deb {'b' * 64} -5", "no package"),
        (f"bash 5.2 pool/main/b/bash_5.2_arm64.deb {'b' * 64} 5", "bash is for arm64"),
        (LIBC, "libc6 is there twice"),
    ],
)
def test_each_bad_line_of_an_own_list_is_told_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    own = tmp_path / "own.lock"
    own.write_text(f"# mine\n{LIBC}\n{line}\nand another\n")
    with pytest.raises(UsageError) as caught:
        read_rootfs_lock(own)
    one, other = caught.value.problems
    assert message in one.message
    assert (str(one.place), one.place and one.place.frame) == (f"{own}:3:1", line)
    assert str(other.place) == f"{own}:4:1"
    assert one.remedy
    assert other.remedy


@pytest.mark.parametrize("content", [b"", b"# nothing\n", LIBC.replace("libc6", "musl1").encode()])
def test_a_list_without_the_c_library_is_refused(tmp_path: Path, content: bytes) -> None:
    own = tmp_path / "own.lock"
    own.write_bytes(content)
    with pytest.raises(UsageError, match="no libc6"):
        read_rootfs_lock(own)


def test_a_list_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.lock").write_bytes(b"\xff")
    for file in (tmp_path / "own.lock", tmp_path / "none", tmp_path):
        with pytest.raises(UsageError, match="cannot be read"):
            read_rootfs_lock(file)


def test_an_own_list_has_its_packages_and_links_only_to_what_is_there(store: Store) -> None:
    deb, path = packed(store, "tool", T("./usr/bin/mawk", b"x", mode=0o755), T("./bin/tool", b"y"))
    tree = ensure_rootfs(store, {deb.sha256: path}, RootfsLock(debs=(deb,)))
    assert {path.name for path in (tree / "usr/bin").iterdir()} == {"mawk", "awk", "tool"}
    assert {path.name for path in tree.iterdir()} == {"bin", "etc", "sbin", "usr"}
    assert all(path.exists() for path in tree.rglob("*"))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (symlink("./usr/lib/x", "/tmp"), T("./usr/lib/x/evil", b"x")),
        (symlink("./usr/lib/x", "../bin"), T("./usr/lib/x/deep/evil", b"x")),
        (T("./usr/lib/x", b"a file"), T("./usr/lib/x/evil", b"x")),
        (T("./usr/lib/x/evil", b"x"), T("./usr/lib/x", b"a file")),
    ],
)
def test_packages_that_cannot_lie_in_one_tree_are_told(store: Store, first: T, second: T) -> None:
    one, two = packed(store, "aaa", first), packed(store, "bbb", second)
    lock = RootfsLock(debs=(one[0], two[0]))
    with pytest.raises(SourceError, match="bbb 1 has usr/lib/x") as caught:
        ensure_rootfs(store, {deb.sha256: path for deb, path in (one, two)}, lock)
    assert caught.value.problems[0].remedy
    assert store.folder("rootfs", lock.digest) is None
    assert not Path("/tmp/evil").exists()
