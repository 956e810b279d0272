from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive import UnpackLimits, read_package
from builder.archive.listing import _are_right, _refuse_wrong, check_declared, check_ratio, listing
from builder.archive.member import MalformedError
from builder.errors import SourceError
from tests.archive.making import T, conda, folder, hardlink, info, path_entry, symlink, tar

A = path_entry("bin/a", b"a", path_type="hardlink")


def listed(*entries: object, python: bool = False, **more: bytes) -> tuple[dict[str, Any], ...]:
    return listing({"paths.json": json.dumps({"paths": entries}).encode(), **more}, noarch_python=python)


def refused(*entries: object, python: bool = False, **more: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        listed(*entries, python=python, **more)
    return str(caught.value)


# -- what the list says ------------------------------------------------------------------------------------------------


def test_a_right_list() -> None:
    entries = (
        A,
        {"_path": "l", "path_type": "softlink", "sha256": hashlib.sha256().hexdigest(), "size_in_bytes": 0},
        {"_path": "d", "path_type": "directory"},
        {
            **A,
            "_path": "t",
            "prefix_placeholder": "/opt/anaconda1anaconda2anaconda3",
            "file_mode": "text",
            "no_link": True,
        },
        {**A, "_path": "w", "prefix_placeholder": "D:\\bld\\_h_env", "file_mode": "binary", "inode_paths": ["w"]},
        {**A, "_path": "n", "prefix_placeholder": None, "file_mode": None, "sha256": None, "size_in_bytes": None},
    )
    assert listed(*entries) == entries


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"_path": "../../etc/cron.d/x"}, "lists '../../etc/cron.d/x'"),
        ({"_path": "/etc/x"}, "lists '/etc/x'"),
        ({"_path": "a/../b"}, "lists 'a/../b'"),
        ({"_path": "./a"}, "lists './a'"),
        ({"_path": "a//b"}, "lists 'a//b'"),
        ({"_path": "a/"}, "lists 'a/'"),
        ({"_path": ""}, "lists ''"),
        ({"_path": "a\nb"}, r"lists 'a\nb'"),
        ({"_path": "info/index.json"}, "lists 'info/index.json'"),
        ({"_path": "INFO/index.json"}, "lists 'INFO/index.json'"),
        ({"_path": "Info"}, "lists 'Info'"),
        ({"path_type": "symlink"}, "'bin/a' is a 'symlink'"),
        ({"path_type": 1}, "'bin/a' is a 1"),
        ({"path_type": ["hardlink"]}, "'bin/a' is a ['hardlink']"),
        ({"sha256": "x"}, "no sha256"),
        ({"sha256": "A" * 64}, "no sha256"),
        ({"sha256": 1}, "no sha256"),
        ({"size_in_bytes": -1}, "no size"),
        ({"size_in_bytes": "1"}, "no size"),
        ({"size_in_bytes": 1.0}, "no size"),
        ({"size_in_bytes": True}, "no size"),
        ({"file_mode": "text"}, "how to replace the prefix"),
        ({"prefix_placeholder": "/opt/placeholder"}, "how to replace the prefix"),
        ({"prefix_placeholder": "/opt/placeholder", "file_mode": "perl"}, "how to replace the prefix"),
        ({"prefix_placeholder": 1, "file_mode": "text"}, "how to replace the prefix"),
        ({"prefix_placeholder": "", "file_mode": "text"}, "the placeholder ''"),
        ({"prefix_placeholder": "a", "file_mode": "text"}, "the placeholder 'a'"),
        ({"prefix_placeholder": "/", "file_mode": "binary"}, "the placeholder '/'"),
        ({"prefix_placeholder": "/opt/a\0bcdefgh", "file_mode": "binary"}, "the placeholder"),
        ({"prefix_placeholder": "opt/anaconda1anaconda2", "file_mode": "binary"}, "the placeholder"),
    ],
)  # fmt: skip
def test_entries_that_cannot_be(change: dict[str, object], why: str) -> None:
    assert why in refused({**A, **change})


def test_a_path_twice() -> None:
    assert "lists 'bin/a' twice" in refused(A, {**A, "sha256": "0" * 64})


@pytest.mark.parametrize("entries", [[1], [{}], [{"_path": 1}], [[]]])
def test_entries_that_are_none(entries: list[object]) -> None:
    assert "lists no paths" in refused(*entries)


def test_more_paths_than_anybody_has() -> None:
    many = b'{"paths":[' + b",".join([b'{"_path":"a"}'] * 250_001) + b"]}"
    with pytest.raises(MalformedError, match="lists more than 250,000 paths"):
        listing({"paths.json": many}, noarch_python=False)


@pytest.mark.parametrize("version", [2, 0, "1", None])
def test_a_version_that_nobody_knows(version: object) -> None:
    with pytest.raises(MalformedError, match="which nobody knows"):
        listing({"paths.json": json.dumps({"paths": [], "paths_version": version}).encode()}, noarch_python=False)


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from([*A, "file_mode", "prefix_placeholder", "x"]), st.none() | st.integers() | st.text()
        )
    )
)
def test_any_entries_are_judged(entries: list[dict[str, object]]) -> None:
    try:
        found = listed(*entries)
    except MalformedError:
        return
    assert len({entry["_path"] for entry in found}) == len(entries)


PARTS = st.lists(
    st.sampled_from(["", ".", "..", "a", ".a", "b|", "info", "Info", "infos", "é", "\n", "\x7f"]), max_size=4
)


@given(
    st.lists(
        st.fixed_dictionaries(
            {"_path": PARTS.map("/".join)},
            optional={
                "path_type": st.sampled_from(["hardlink", "softlink", "directory", None, "x", 1]),
                "sha256": st.sampled_from(
                    ["0" * 64, "f" * 64, "F" * 64, "0" * 63, "0" * 32 + "\n" + "0" * 31, "é" * 64, None, 1]
                ),
                "size_in_bytes": st.sampled_from([0, 5, -1, True, 1.0, None]),
                "file_mode": st.sampled_from(["text", "binary", "x", None]),
                "prefix_placeholder": st.sampled_from(["/opt/placeholder", None, 1]),
            },
        ),
        max_size=4,
    )
)
def test_what_is_right_together_is_right_one_by_one(entries: list[dict[str, object]]) -> None:
    if _are_right(tuple(entries)):
        _refuse_wrong(tuple(entries), "paths.json")


def test_usual_lists_are_seen_to_be_right_together() -> None:
    prefix = {"prefix_placeholder": "/opt/placeholder", "file_mode": "binary"}
    nothing = {"prefix_placeholder": None, "file_mode": None, "sha256": None}
    assert _are_right(
        (A, {**A, **prefix, "_path": "b"}, {**A, **nothing, "_path": "c"}, {"_path": "d", "path_type": "softlink"})
    )
    assert not _are_right((A, {**A, "_path": ".hidden"})), "it may be right, and is looked at alone"


# -- packages from before paths.json -----------------------------------------------------------------------------------


def test_old_packages_have_lists_of_lines() -> None:
    lists = {
        "files": b"bin/a\nlib/b c\nlib/d\nx y\n",
        "has_prefix": b'/opt/one/long text bin/a\n"C:\\some where" binary "lib/b c"\nx y\n',
        "no_link": b"lib/d\n",
    }
    assert listing(lists, noarch_python=False) == (
        {"_path": "bin/a", "prefix_placeholder": "/opt/one/long", "file_mode": "text"},
        {"_path": "lib/b c", "prefix_placeholder": "C:\\some where", "file_mode": "binary"},
        {"_path": "lib/d", "no_link": True},
        {"_path": "x y", "prefix_placeholder": "/opt/anaconda1anaconda2anaconda3", "file_mode": "text"},
    )


@pytest.mark.parametrize(
    ("lists", "why"),
    [
        ({}, "no info/paths.json"),
        ({"files": b"../x\n"}, "info/files lists '../x'"),
        ({"files": b"a\na\n"}, "info/files lists 'a' twice"),
        ({"files": b"\xff\n"}, "no UTF-8"),
        ({"files": b"a\n", "has_prefix": b"p text a\n"}, "the placeholder 'p'"),
    ],
)
def test_old_lists_are_judged_too(lists: dict[str, bytes], why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        listing(lists, noarch_python=False)


def test_both_kinds_of_list_agree() -> None:
    b = {**A, "_path": "b", "prefix_placeholder": "/opt/placeholder", "file_mode": "text"}
    d = {"_path": "d", "path_type": "directory"}
    assert listed(A, b, d, files=b"b\r\nbin/a\r\n", has_prefix=b"/opt/placeholder text b\n") == (A, b, d)
    assert listed(A, d, files=b"bin/a\nd\n", has_prefix=b"") == (A, d)
    assert "do not agree on 'b'" in refused(A, b, files=b"bin/a\n")
    assert "do not agree on 'c'" in refused(A, files=b"bin/a\nc\n")
    assert "info/has_prefix and info/paths.json do not agree on 'b'" in refused(A, b, has_prefix=b"")
    assert "do not agree on 'bin/a'" in refused(A, has_prefix=b"/opt/placeholder text bin/a\n")


def test_the_old_list_of_a_noarch_package_has_names_of_its_own() -> None:
    assert listed(A, python=True, files=b"python-scripts/a\n") == (A,)


def test_two_files_that_become_one_in_a_package_for_every_python() -> None:
    both = ({**A, "_path": "python-scripts/a"}, A)
    assert "'python-scripts/a' and 'bin/a', which become one file" in refused(*both, python=True)
    assert listed(*both) == both
    assert listed(both[0], {**A, "_path": "bin/b"}, python=True)


# -- how much it says that it holds ------------------------------------------------------------------------------------


def test_a_list_of_more_than_can_be() -> None:
    limits = UnpackLimits(ratio_from=1000, ratio=10, size=1_000_000)
    check_declared(({"_path": "a", "size_in_bytes": 1000, "sha256": "x"},), 1, limits)
    check_declared(({"_path": "a", "size_in_bytes": 5000, "sha256": "x"},), 500, limits)
    with pytest.raises(MalformedError, match="holds 5,001 bytes, more than 10 times its own 500"):
        check_declared(({"_path": "a", "size_in_bytes": 5000}, {"_path": "b", "size_in_bytes": 1}), 500, limits)
    with pytest.raises(MalformedError, match="1,000,001 bytes, more than the 1,000,000 that are allowed"):
        check_ratio(1_000_001, 900_000, limits)


def test_one_file_under_many_names_counts_once() -> None:
    """Git's hundred commands are one program."""
    many = tuple({"_path": str(n), "size_in_bytes": 5000, "sha256": "x"} for n in range(100))
    check_declared(many, 500, UnpackLimits(ratio_from=1000, ratio=10))


# -- whether it is so --------------------------------------------------------------------------------------------------


def compared(tmp_path: Path, members: list[T], entries: Sequence[Mapping[str, object]]) -> str | None:
    """What is said of a package with these members and this list; both ways of reading it say the same."""
    package = read_package(conda(tmp_path, tar(members), tar(info(entries))))
    told: list[str | None] = []
    for read in (package.members, lambda: package.extract(tmp_path / "into")):
        try:
            read()
        except SourceError as error:
            told.append(error.problems[0].message)
        else:
            told.append(None)
    assert told[0] == told[1]
    assert (tmp_path / "into").exists() is (told[0] is None)
    return told[0]


def entry(path: str, kind: str | None = None) -> dict[str, object]:
    return path_entry(path, b"a", **({"path_type": kind} if kind else {}))


@pytest.mark.parametrize("kind", ["hardlink", None])
def test_files_hard_links_and_folders_as_listed(tmp_path: Path, kind: str | None) -> None:
    members = [T("a", b"a"), hardlink("h", "a"), symlink("l", "a"), folder("d"), folder("e")]
    links = [{"_path": "l", "path_type": "softlink"}, {"_path": "d", "path_type": "directory"}]
    assert compared(tmp_path, members, [entry("a", kind), entry("h", kind), *links]) is None


@pytest.mark.parametrize(
    "entries",
    [[entry("a"), {"_path": "h"}, entry("i")], [{"_path": "a"}, {"_path": "h"}, {"_path": "i"}]],
    ids=["one has none", "none"],
)
def test_names_of_one_file_need_one_digest(tmp_path: Path, entries: list[dict[str, object]]) -> None:
    assert compared(tmp_path, [T("a", b"a"), hardlink("h", "a"), hardlink("i", "h")], entries) is None


@pytest.mark.parametrize(
    ("members", "entries", "why"),
    [
        ([symlink("a", "b")], [entry("a", "hardlink")], "'a' is a symlink, and paths.json says hardlink"),
        ([T("a", b"a")], [entry("a", "softlink")], "'a' is a file, and paths.json says softlink"),
        ([folder("a")], [entry("a", "hardlink")], "'a' is a directory, and paths.json says hardlink"),
        ([T("a", b"a")], [entry("a", "directory")], "'a' is a file, and paths.json says directory"),
        ([T("a", b"a"), hardlink("h", "a")], [entry("a"), entry("h", "softlink")], "'h' is a hardlink, and"),
        ([T("a", b"a"), hardlink("h", "a")], [entry("a"), path_entry("h", b"b")], "'h' has not the digest"),
        ([T("a", b"a"), hardlink("h", "a")], [entry("a")], "'h' is not listed"),
        ([T("a", b"a"), hardlink("h", "a")], [{"_path": "a"}, entry("h")], "another name of has none"),
        (
            [T("a", b"a"), hardlink("h", "a"), hardlink("i", "h")],
            [entry("a"), {"_path": "h"}, path_entry("i", b"b")],
            "'i' has not the digest",
        ),
        ([T("a", b"ab")], [entry("a")], "'a' has 2 bytes, and paths.json says 1"),
        ([T("a", b"b")], [entry("a")], "'a' has not the digest"),
        ([T("a", b"a")], [entry("a"), {"_path": "d", "path_type": "directory"}], "'d', which is not there"),
        ([T("a", b"a"), T("b")], [entry("a")], "'b' is not listed"),
        ([T("a", b"a"), symlink("l", "a")], [entry("a")], "'l' is not listed"),
        ([T("../a", b"a")], [entry("a")], "'../a' has '..' in its path"),
        ([T("a", type=tarfile.FIFOTYPE)], [entry("a")], "'a' is a FIFO"),
    ],
)
def test_payloads_that_are_not_as_listed(
    tmp_path: Path, members: list[T], entries: Sequence[Mapping[str, object]], why: str
) -> None:
    assert why in (compared(tmp_path, members, entries) or "nothing was said")
