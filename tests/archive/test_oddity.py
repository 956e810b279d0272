from __future__ import annotations

import posixpath
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive import Member, MemberKind, lay_out, unpack
from builder.archive.oddity import ELSEWHERE, Oddities, Oddity, OddKind, collisions, is_usual, odd_modes, odd_names
from builder.archive.policy import PACKAGES, Gate, UnpackLimits
from builder.errors import SourceError
from tests.archive.making import T, folder, hardlink, symlink, tar, tree


def odd(members: list[T], at: Path) -> tuple[Oddity, ...]:
    """What is told of an archive of ``members``, which is unpacked."""
    (at / "a.tar").write_bytes(tar(members))
    return unpack(at / "a.tar", at / "out", strip=False).warnings


def refusal(members: list[T], at: Path) -> str:
    """Why it is refused for a target that ignores case; nothing is left."""
    (at / "a.tar").write_bytes(tar(members))
    with pytest.raises(SourceError) as caught:
        unpack(at / "a.tar", at / "out", case_blind=True)
    assert sorted(path.name for path in at.iterdir()) == ["a.tar"]
    assert caught.value.problems[0].remedy
    return str(caught.value)


@pytest.mark.parametrize(
    ("mode", "kinds"),
    [
        (0o644, set()),
        (0o664, set()),
        (0o4755, {OddKind.SET_BITS}),
        (0o2755, {OddKind.SET_BITS}),
        (0o1755, {OddKind.SET_BITS}),
        (0o666, {OddKind.WRITABLE}),
        (0o7777, {OddKind.SET_BITS, OddKind.WRITABLE}),
    ],
)
def test_bits_are_dropped_and_told(mode: int, kinds: set[OddKind], tmp_path: Path) -> None:
    found = odd([folder("d", mode=mode), T("d/f", b"x", mode=mode)], tmp_path)
    assert {one.kind for one in found} == kinds
    for one in found:
        both = one.kind is OddKind.WRITABLE and not mode & 0o1000
        assert (one.path, one.count) == (("d", 2) if both else ("d/f", 1))
        assert one.sentence.endswith("dropped (and 1 more like it)" if both else " dropped")
    assert (tmp_path / "out/d/f").stat().st_mode & 0o7022 == 0
    assert (tmp_path / "out/d").stat().st_mode & 0o7777 == 0o755


def test_a_folder_for_temporary_files_is_not_odd(tmp_path: Path) -> None:
    assert odd([folder("tmp", mode=0o1777), folder("var", mode=0o777)], tmp_path)[0].path == "var"
    assert (tmp_path / "out/tmp").stat().st_mode & 0o7777 == 0o755


def test_modes_of_links_mean_nothing() -> None:
    links = [Member(path="l", kind=kind, mode=0o7777, target="x") for kind in (MemberKind.SYMLINK, MemberKind.HARDLINK)]
    assert [list(odd_modes(link)) for link in links] == [[], []]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("a\\b", OddKind.BACKSLASH),
        ("units/system\\x2dtty.slice", OddKind.BACKSLASH),
        ("caf\udce9", OddKind.NOT_UTF8),
        ("invoice\u202efdp.exe", OddKind.DECEIVING),
        ("a\u2028b", OddKind.DECEIVING),
        ("con", OddKind.RESERVED),
        ("src/AUX.c", OddKind.RESERVED),
        ("nul .txt", OddKind.RESERVED),
        ("com1/x", OddKind.RESERVED),
        ("lpt\u00b2.log", OddKind.RESERVED),
        ("conin$", OddKind.RESERVED),
        ("a.", OddKind.TRAILING),
        ("a /b", OddKind.TRAILING),
        ("d.../x", OddKind.TRAILING),
    ],
)
def test_names_that_mean_something_else_elsewhere(path: str, kind: OddKind) -> None:
    assert list(odd_names(path)) == [kind]


@pytest.mark.parametrize(
    "path",
    ["con1", "console", "com", "com10", "lpt", "auxiliary.c", "nullable", "prn_", ".a", "a b", "ä", "日本", "a:b"],
)
def test_usual_names_are_not_odd(path: str) -> None:
    assert list(odd_names(path)) == []


@given(st.text(st.characters(blacklist_categories=["Cc", "Cs"]), min_size=1, max_size=12))
def test_names_are_judged_whatever_is_in_them(name: str) -> None:
    kinds = set(odd_names(name))
    assert (OddKind.TRAILING in kinds) == any(part[-1:] in {".", " "} for part in name.split("/"))
    assert (OddKind.BACKSLASH in kinds) == ("\\" in name)


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "lib/python3.13/a-b_c.py",
        "aconda/falcon",
        ".hidden/..x",
        "share/+~!",
        "a/b/c/d/e/f/g/h/i/j",
        "CONSOLE/config",
        "common/lpt_",
    ],
)
def test_most_paths_are_usual(path: str) -> None:
    assert is_usual(path)


@pytest.mark.parametrize(
    "path",
    [
        *("", "/", "a/", "/a", "a//b", ".", "..", "./a", "a/../b", "a/.", "a.", "a./b", "a b", "a\\b", "a\n", "\x7f"),
        *("é", "con", "a/CON/b", "lpt1", "x/com9.y", "Aux.c", "conIN$", "\u212aelvin"),
    ],
)
def test_paths_to_look_at(path: str) -> None:
    assert not is_usual(path)


DEVICES = ("con", "PRN", "aux", "Nul", "conin$", "CONOUT$", "com1", "LPT9")


@given(st.lists(st.text("aAcCoOnN./ \\é\n~", max_size=5) | st.sampled_from(DEVICES), max_size=4).map("/".join))
def test_of_a_usual_path_there_is_nothing_to_say(path: str) -> None:
    if is_usual(path):
        gate = Gate("x", PACKAGES, UnpackLimits())
        assert gate.admit(Member(path=path, kind=MemberKind.FILE)) == path == posixpath.normpath(path)
        assert (list(odd_names(path)), gate.oddities()) == ([], ())
    else:
        parts = path.lower().split("/")
        device = r"^(con|prn|aux|nul|conin\$|conout\$|com[0-9]|lpt[0-9])(\.|$)"
        assert any(re.search(rf"^$|{device}|\.$|\\|[^!-~]", part) for part in parts)


def test_what_one_name_holds_where_case_does_not_count() -> None:
    nfc, nfd = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
    assert list(collisions(["a", "b", "A"])) == [("A", "a")]
    assert list(collisions([nfc, nfd])) == [(nfd, nfc)]
    assert list(collisions(["straße", "STRASSE"])) == [("STRASSE", "straße")]
    assert list(collisions(["a/b", "a/c", "é", "e", "ß", "b"])) == []


@given(st.lists(st.text("aAbBé/", min_size=1, max_size=4), unique=True))
def test_collisions_are_all_but_one_of_each_name(paths: list[str]) -> None:
    assert len(list(collisions(paths))) == len(paths) - len({path.casefold() for path in paths})


def test_collisions_are_told_and_refused_for_other_targets(tmp_path: Path) -> None:
    members = [T("d/README", b"1"), T("d/readme", b"2"), T("D/x", b"3")]
    (told,) = odd(members, tmp_path)
    assert (told.kind, told.path, told.count) == (OddKind.COLLISION, "d/readme", 2)
    assert "'d/README' are one where case" in told.sentence
    assert tree(tmp_path / "out") == {"d": None, "d/README": b"1", "d/readme": b"2", "D": None, "D/x": b"3"}
    (tmp_path / "other").mkdir()
    assert "'d/readme' and 'd/README' are one" in refusal(members, tmp_path / "other")


@pytest.mark.parametrize("kind", [symlink("LINK", "x"), folder("LINK"), hardlink("LINK", "x")])
def test_links_and_folders_collide_too(kind: T, tmp_path: Path) -> None:
    assert [one.kind for one in odd([T("x", b""), T("link"), kind], tmp_path)] == [OddKind.COLLISION]


@pytest.mark.parametrize("name", ["aux.h", "a\\b", "x.", "nul"])
def test_names_are_refused_for_other_targets(name: str, tmp_path: Path) -> None:
    assert repr(name) in refusal([T(name, b"")], tmp_path)


def test_what_is_odd_everywhere_is_never_refused(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(tar([T("caf\udce9", b"1"), T("b", b"2", mode=0o4777)]))
    found = unpack(tmp_path / "a.tar", tmp_path / "out", case_blind=True).warnings
    assert [one.kind for one in found] == [OddKind.SET_BITS, OddKind.WRITABLE, OddKind.NOT_UTF8]
    assert (bytes(tmp_path / "out") + b"/caf\xe9").endswith(b"\xe9")
    assert b"caf\xe9" in {path.name.encode("utf-8", "surrogateescape") for path in (tmp_path / "out").iterdir()}


def test_commits_are_judged_as_archives_are(tmp_path: Path) -> None:
    files = [(Member(path=path, kind=MemberKind.FILE), iter(())) for path in ("Makefile", "makefile")]
    (told,) = lay_out(iter(files), tmp_path / "out", name="a repository").warnings
    assert told.kind is OddKind.COLLISION
    with pytest.raises(SourceError, match="Makefile"):
        lay_out(iter(files), tmp_path / "again", name="a repository", case_blind=True)


def test_many_are_told_once() -> None:
    odd = Oddities()
    for number in range(10_000):
        odd.note(OddKind.WRITABLE, f"f{number}")
    odd.note(OddKind.SET_BITS, "x" * 1000)
    first, second = odd.told()
    assert first.kind is OddKind.SET_BITS
    assert len(first.sentence) < 300
    assert (second.path, second.count) == ("f0", 10_000)
    assert second.sentence.endswith("(and 9,999 more like it)")
    assert OddKind.WRITABLE not in ELSEWHERE
