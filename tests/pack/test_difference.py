"""Where two packages differ first: in the payload before the metadata, by line or by offset, with both sides."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive import ArchiveMember, MemberKind, read_package, write_conda, write_tar_bz2
from builder.pack.difference import Difference, first_difference

STEM = "a-1-0"


def conda(folder: Path, payload: Mapping[str, bytes | ArchiveMember], info: Mapping[str, bytes] | None = None) -> Path:
    """Write a package with these files below ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    index = {"name": "a", "version": "1", "build": "0", "build_number": 0, "subdir": "linux-64", "depends": []}
    members = [
        one if isinstance(one, ArchiveMember) else ArchiveMember(path=path, content=one)
        for path, one in sorted(payload.items())
    ]
    metadata = {"index.json": json.dumps(index).encode(), "paths.json": listing(members), **(info or {})}
    file = folder / f"{STEM}.conda"
    own = [ArchiveMember(path=f"info/{name}", content=text) for name, text in sorted(metadata.items())]
    write_conda(file, stem=STEM, payload=members, info=own, epoch=1_000_000_000)
    return file


def listing(members: Sequence[ArchiveMember]) -> bytes:
    """What paths.json says of them; as much of it as readers insist on."""
    kinds = {MemberKind.FILE: "hardlink", MemberKind.SYMLINK: "softlink", MemberKind.DIRECTORY: "directory"}
    paths = []
    for member in members:
        data = member.content if isinstance(member.content, bytes) else b""
        digest = {"sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}
        paths.append({"_path": member.path, "path_type": kinds[member.kind], **digest})
    return json.dumps({"paths_version": 1, "paths": paths}).encode()


def difference(tmp_path: Path, one: Path, other: Path) -> Difference:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return first_difference(one, other, scratch, lambda package, tree: read_package(package).extract(tree))


def differ(tmp_path: Path, one: bytes, other: bytes) -> Difference:
    packages = (conda(tmp_path / str(n), {"share/x": data}) for n, data in enumerate((one, other)))
    return difference(tmp_path, *packages)


def test_a_line_of_text(tmp_path: Path) -> None:
    found = differ(tmp_path, b"same\nbuilt on Monday\n", b"same\nbuilt on Tuesday\n")
    assert (found.path, found.line, found.offset) == ("share/x", 2, None)
    assert (found.one, found.other) == ("built on Monday", "built on Tuesday")
    assert found.place == "line 2 of share/x (in pkg-a-1-0.tar.zst)"
    assert not found.reordered


def test_a_line_too_many(tmp_path: Path) -> None:
    found = differ(tmp_path, b"one\n", b"one\ntwo\n")
    assert (found.line, found.one, found.other) == (2, "", "two")


def test_only_the_end_of_a_line(tmp_path: Path) -> None:
    found = differ(tmp_path, b"one\n", b"one")
    assert (found.line, found.one, found.other) == (2, "", "")


def test_the_same_lines_in_another_order(tmp_path: Path) -> None:
    found = differ(tmp_path, b"a\nb\nc\n", b"a\nc\nb\n")
    assert (found.line, found.one, found.other, found.reordered) == (2, "b", "c", True)


def test_a_long_line_is_cut(tmp_path: Path) -> None:
    found = differ(tmp_path, b"x" * 5000, b"y" * 5000)
    assert found.one == "x" * 120 + "…"


def test_bytes_by_offset_with_both_sides(tmp_path: Path) -> None:
    found = differ(tmp_path, b"\0" * 1000 + b"\x01 one", b"\0" * 1000 + b"\x02 two!")
    assert (found.line, found.offset) == (None, 1000)
    assert found.place == "offset 1000 (0x3e8) of share/x (in pkg-a-1-0.tar.zst)"
    assert found.one.split("  ")[0] == "01 20 6f 6e 65"
    assert found.other.endswith(". two!")


def test_the_text_that_a_differing_byte_stands_in(tmp_path: Path) -> None:
    found = differ(tmp_path, b"\0\1made at 10:01\0", b"\0\1made at 10:02\0")
    assert found.sides == (b"made at 10:01", b"made at 10:02")


def test_a_file_that_goes_on(tmp_path: Path) -> None:
    found = differ(tmp_path, b"\0ab", b"\0abc")
    assert (found.offset, found.one) == (3, "(the end)")


def test_far_into_a_large_file(tmp_path: Path) -> None:
    large = bytes(3 << 20)
    found = differ(tmp_path, large + b"\1", large + b"\2")
    assert found.offset == 3 << 20


def test_a_file_that_only_one_has(tmp_path: Path) -> None:
    one = conda(tmp_path / "1", {"share/x": b"x"})
    other = conda(tmp_path / "2", {"share/x": b"x", "bin/y": b"y"})
    found = difference(tmp_path, one, other)
    assert (found.path, found.one, found.other) == ("bin/y", "nothing", "a file")
    assert found.place == "bin/y (in pkg-a-1-0.tar.zst)"


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (
            ArchiveMember(path="x", content=b"x", executable=True),
            ArchiveMember(path="x", content=b"x"),
            ("a program", "a file"),
        ),
        (
            ArchiveMember(path="x", kind=MemberKind.SYMLINK, target="y"),
            ArchiveMember(path="x", kind=MemberKind.SYMLINK, target="z"),
            ("a link to y", "a link to z"),
        ),
        (
            ArchiveMember(path="x", kind=MemberKind.DIRECTORY),
            ArchiveMember(path="x", content=b""),
            ("an empty folder", "a file"),
        ),
    ],
)
def test_what_a_path_is(tmp_path: Path, one: ArchiveMember, other: ArchiveMember, said: tuple[str, str]) -> None:
    found = difference(tmp_path, conda(tmp_path / "1", {"x": one}), conda(tmp_path / "2", {"x": other}))
    assert (found.path, found.line, found.offset) == ("x", None, None)
    assert (found.one, found.other) == said


def test_the_payload_comes_before_what_tells_of_it(tmp_path: Path) -> None:
    """The digest in paths.json differs whenever a file does, and says nothing."""
    one = conda(tmp_path / "1", {"z": b"1"}, {"about.json": b"{}"})
    other = conda(tmp_path / "2", {"z": b"2"}, {"about.json": b'{"license": ""}'})
    assert difference(tmp_path, one, other).path == "z"


def test_metadata_comes_before_what_is_derived(tmp_path: Path) -> None:
    one = conda(tmp_path / "1", {"z": b"1"}, {"test.json": b"1", "bakehouse/keys.json": b"1"})
    other = conda(tmp_path / "2", {"z": b"1"}, {"test.json": b"2", "bakehouse/keys.json": b"2"})
    found = difference(tmp_path, one, other)
    assert (found.path, found.member) == ("info/test.json", "info-a-1-0.tar.zst")


def test_the_same_files_packed_otherwise(tmp_path: Path) -> None:
    one = conda(tmp_path / "1", {"z": b"1"})
    other = tmp_path / "2" / one.name
    other.parent.mkdir()
    payload = [ArchiveMember(path="z", content=b"1")]
    write_conda(other, stem=STEM, payload=payload, info=_info(one), epoch=5)
    found = difference(tmp_path, one, other)
    assert (found.place, found.one, found.other) == ("a-1-0.conda", "packs the same files", "otherwise")


def _info(package: Path) -> list[ArchiveMember]:
    opened = read_package(package)
    names = ("index.json", "paths.json")
    return [ArchiveMember(path=f"info/{name}", content=opened.read_info(name)) for name in names]


def test_the_older_format_is_one_archive(tmp_path: Path) -> None:
    packages = []
    for number in range(2):
        file = tmp_path / str(number) / f"{STEM}.tar.bz2"
        file.parent.mkdir()
        info = _info(conda(tmp_path / f"c{number}", {"x": b"%d" % number}))
        payload = [ArchiveMember(path="x", content=b"%d" % number)]
        write_tar_bz2(file, stem=STEM, payload=payload, info=info, epoch=1)
        packages.append(file)
    assert difference(tmp_path, packages[0], packages[1]).place == "line 1 of x (in a-1-0.tar.bz2)"


def test_a_package_that_cannot_be_read(tmp_path: Path) -> None:
    one = conda(tmp_path / "1", {"x": b""})
    other = tmp_path / "2.conda"
    other.write_bytes(b"no package")
    found = difference(tmp_path, one, other)
    assert found.place == "2.conda"
    assert found.one.startswith("cannot be read: ")


def test_no_link_is_followed(tmp_path: Path) -> None:
    """Who unpacks need not be trusted: a link in the place of a folder differs, whatever it leads to."""
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_bytes(b"secret")

    def extract(package: Path, tree: Path) -> None:
        if package.name == "1.conda":
            (tree / "info" / "bakehouse").mkdir(parents=True)
            (tree / "info" / "bakehouse" / "x").write_bytes(b"plain")
        else:
            (tree / "info").mkdir()
            (tree / "info" / "bakehouse").symlink_to(tmp_path / "outside")

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    found = first_difference(Path("1.conda"), Path("2.conda"), scratch, extract)
    assert (found.path, found.one) == ("info/bakehouse", "an empty folder")
    assert found.other == f"a link to {tmp_path / 'outside'}"


@given(
    st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4),
    st.binary(max_size=40),
)  # fmt: skip
def test_any_two_files(
    tmp_path_factory: pytest.TempPathFactory, one: list[bytes], two: list[bytes], same: bytes
) -> None:
    """Whatever differs is found, shown, and where it is said to be."""
    sides = same + b"\n".join(one), same + b"\n".join(two)
    if sides[0] == sides[1]:
        return
    found = differ(tmp_path_factory.mktemp("any"), *sides)
    assert found.path == "share/x"
    if found.offset is not None:
        assert sides[0][: found.offset] == sides[1][: found.offset]
        assert sides[0][found.offset :][:1] != sides[1][found.offset :][:1]
    else:
        assert found.line is not None
        before = found.line - 1
        assert sides[0].splitlines()[:before] == sides[1].splitlines()[:before]
