from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive import Member, MemberKind, UnpackLimits
from builder.archive.policy import DEBIAN, PACKAGES, SOURCES, Gate, Rules
from builder.errors import SourceError, WorkError

FILE, FOLDER, SYMLINK, HARDLINK = MemberKind.FILE, MemberKind.DIRECTORY, MemberKind.SYMLINK, MemberKind.HARDLINK


NO_LIMITS = UnpackLimits()


def gate(rules: Rules = SOURCES, limits: UnpackLimits = NO_LIMITS) -> Gate:
    return Gate("a.tar", rules, limits)


def file(path: str, size: int = 0) -> Member:
    return Member(path=path, kind=FILE, size=size)


def link(path: str, target: str | None) -> Member:
    return Member(path=path, kind=SYMLINK, target=target)


def refused(members: list[Member], rules: Rules = SOURCES, limits: UnpackLimits = NO_LIMITS) -> str:
    """The reason why the last of ``members`` is refused."""
    judge = gate(rules, limits)
    for member in members[:-1]:
        judge.admit(member)
    with pytest.raises(SourceError) as caught:
        judge.admit(members[-1])
    message = str(caught.value)
    assert message.startswith(f"a.tar: member {members[-1].path[:200]!r} ")
    [problem] = caught.value.problems
    assert problem.code in {"archive.member", "archive.limit"}
    assert ("--archive-limit" in str(problem.remedy)) is (problem.code == "archive.limit")
    return message


@pytest.mark.parametrize("rules", [SOURCES, DEBIAN, PACKAGES])
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/etc/passwd", "absolute"),
        ("//etc/passwd", "absolute"),
        ("..", "'..'"),
        ("../x", "'..'"),
        ("a/../../x", "'..'"),
        ("a/..", "'..'"),
        ("a/../b", "'..'"),
        ("", "no name"),
        ("a\nb", "control"),
        ("a\x00b", "control"),
        ("a\x1b[2Jb", "control"),
        ("a\x7fb", "control"),
        ("x" * 256, "name of more than 255"),
        ("a/" + "é" * 128, "name of more than 255"),
        ("/".join(["x" * 100] * 11), "path of more than 1024"),
        ("/".join(["d"] * 65), "64 folders deep"),
    ],
)
def test_paths_that_no_archive_may_have(path: str, why: str, rules: Rules) -> None:
    assert why in refused([file(path)], rules)


@pytest.mark.parametrize("rules", [SOURCES, DEBIAN, PACKAGES])
@pytest.mark.parametrize(
    "path", ["a", "a/b", "..a", "a..", "...", "a b", "-rf", "ä/ö", "x" * 255, "/".join(["d"] * 64), "~", "C:x"]
)
def test_paths_that_every_archive_may_have(path: str, rules: Rules) -> None:
    assert gate(rules).admit(file(path)) == path


@pytest.mark.parametrize("path", ["a\\b", "d/invoice\u202efdp.exe", "a\u2028b"])
def test_names_that_no_package_may_have(path: str) -> None:
    """Sources have them (systemd's units, for one) and are kept as they are; writing refuses what reading refuses."""
    assert gate(SOURCES).admit(file(path)) == path
    assert gate(DEBIAN).admit(file(path)) == path
    assert "in its path" in refused([file(path)], PACKAGES)


@pytest.mark.parametrize("path", ["a\x80b", "a\x9b2Jb"])
def test_control_characters_of_eight_bits(path: str) -> None:
    """A terminal may take U+009B for what begins its commands."""
    assert "control" in refused([file(path)])


@pytest.mark.parametrize(
    ("path", "tidy"), [("./a", "a"), ("a//b", "a/b"), ("a/./b", "a/b"), ("a/", "a"), ("./a/./b//", "a/b")]
)
def test_sources_may_be_untidy(path: str, tidy: str) -> None:
    assert gate().admit(Member(path=path, kind=FOLDER)) == tidy


def test_packages_may_not() -> None:
    for path in ("a//b", "a/./b"):
        assert "shortest form" in refused([file(path)], PACKAGES)
    assert "shortest form" in refused([file("a/")], PACKAGES)
    assert gate(PACKAGES).admit(file("./a")) == "a"
    assert gate(PACKAGES).admit(Member(path="a/", kind=FOLDER)) == "a"
    assert gate(PACKAGES).admit(Member(path="./a/", kind=FOLDER)) == "a"


@pytest.mark.parametrize("path", [".", "./"])
def test_the_root_can_only_be_a_folder(path: str) -> None:
    assert "no name" in refused([file(path)])
    refused([file(path)], PACKAGES)


@pytest.mark.parametrize("path", [".", "./", "././"])
def test_the_root_itself_is_no_member(path: str) -> None:
    assert gate().admit(Member(path=path, kind=FOLDER)) is None


def test_bytes_that_are_no_utf8_stay_in_sources_and_out_of_packages() -> None:
    path = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert gate().admit(file(path)) == path
    assert "no UTF-8" in refused([file(path)], PACKAGES)


def test_a_file_may_come_twice_in_sources_and_once_in_packages() -> None:
    judge = gate()
    assert judge.admit(file("a/b")) == judge.admit(file("./a/b"))
    assert "twice" in refused([file("a/b"), file("./a/b")], PACKAGES)
    assert "twice" in refused([Member(path="a", kind=FOLDER), Member(path="a/", kind=FOLDER)], PACKAGES)


@pytest.mark.parametrize("rules", [SOURCES, PACKAGES])
def test_an_implied_folder_may_be_named(rules: Rules) -> None:
    judge = gate(rules)
    judge.admit(file("a/b/c"))
    assert judge.admit(Member(path="a/b", kind=FOLDER)) == "a/b"


@pytest.mark.parametrize(
    "members",
    [
        [file("a"), Member(path="a", kind=FOLDER)],
        [Member(path="a", kind=FOLDER), file("a")],
        [file("a/b"), file("a")],
        [file("a/b"), link("a", "x")],
        [link("a", "x"), Member(path="a", kind=FOLDER)],
    ],
)
def test_a_folder_stays_a_folder(members: list[Member]) -> None:
    assert "twice" in refused(members)


@pytest.mark.parametrize("rules", [SOURCES, DEBIAN, PACKAGES])
@pytest.mark.parametrize("path", ["l/x", "l/x/y", "./l/x"])
def test_nothing_lies_below_a_symlink(path: str, rules: Rules) -> None:
    """C3, D3: the link itself is harmless, what would be written through it is not."""
    assert "lies below 'l', which is a symlink" in refused([link("l", "elsewhere"), file(path)], rules)


def test_nothing_lies_below_a_file_or_a_hard_link() -> None:
    assert "which is a file" in refused([file("f"), file("f/x")])
    members = [file("f"), Member(path="h", kind=HARDLINK, target="f"), file("h/x")]
    assert "which is a hardlink" in refused(members)


def test_a_link_that_was_replaced_by_a_file_is_forgotten() -> None:
    judge = gate()
    judge.admit(link("a/l", "../out"))
    judge.admit(file("a/l"))
    judge.finish()


@pytest.mark.parametrize("rules", [SOURCES, PACKAGES])
@pytest.mark.parametrize(
    ("path", "target", "why"),
    [
        ("l", "/etc/passwd", "absolute"),
        ("l", "..", "leaves"),
        ("l", "../x", "leaves"),
        ("a/l", "../..", "leaves"),
        ("a/l", "../../x", "leaves"),
        ("a/l", "b/../../../x", "leaves"),
        ("l", "", "nothing that can be"),
        ("l", "a\0b", "nothing that can be"),
        ("l", "a\nb", "nothing that can be"),
        ("l", "x" * 1025, "nothing that can be"),
        ("l", None, "nothing that can be"),
    ],
)
def test_links_that_leave(path: str, target: str | None, why: str, rules: Rules) -> None:
    assert why in refused([link(path, target)], rules)


@pytest.mark.parametrize("rules", [SOURCES, PACKAGES])
@pytest.mark.parametrize(
    ("path", "target"),
    [("l", "x"), ("a/l", "../x"), ("a/l", ".."), ("l", "."), ("l", "a/../b"), ("l", "l"), ("l", "a//b")],
)
def test_links_that_stay(path: str, target: str, rules: Rules) -> None:
    judge = gate(rules)
    judge.admit(link(path, target))
    judge.finish()


@pytest.mark.parametrize("target", ["/usr/lib64/ld-linux-x86-64.so.2", "../../../out", "/"])
def test_debian_links_are_texts(target: str) -> None:
    judge = gate(DEBIAN)
    judge.admit(link("lib/l", target))
    judge.finish()


def test_a_chain_of_links_that_leaves_together() -> None:
    """Each stays inside by its own text: ``a`` is the root, so ``a/..`` is above it."""
    judge = gate()
    judge.admit(link("a", "."))
    judge.admit(link("d/out", "../a/../x"))
    with pytest.raises(SourceError, match="'d/out' is a symlink that leaves"):
        judge.finish()


def test_a_chain_that_stays() -> None:
    judge = gate()
    judge.admit(link("a", "deep/er"))
    judge.admit(link("b", "a/../x"))
    judge.admit(file("deep/er/f"))
    judge.admit(link("deep/er/up", ".."))
    judge.admit(link("c", "a/up/er"))
    judge.finish()


def test_circles_and_endless_chains_lead_nowhere() -> None:
    judge = gate()
    judge.admit(link("a", "b"))
    judge.admit(link("b", "a"))
    judge.admit(link("self/l", "l/x"))
    for number in range(100):
        judge.admit(link(f"n{number}", f"n{number + 1}"))
    judge.finish()


def test_a_top_folder_that_goes_is_the_limit_for_links() -> None:
    judge = gate()
    judge.admit(file("top/a"))
    judge.admit(link("top/l", "../top/a"))
    judge.finish()
    assert judge.single_folder() == "top"
    with pytest.raises(SourceError, match="leaves"):
        judge.finish("top")


@pytest.mark.parametrize(
    ("members", "top"),
    [
        ([file("top/a"), file("top/b/c")], "top"),
        ([Member(path="top/", kind=FOLDER)], "top"),
        ([file("top")], None),
        ([link("top", "x")], None),
        ([file("top/a"), file("b")], None),
        ([], None),
    ],
)
def test_a_single_folder(members: list[Member], top: str | None) -> None:
    judge = gate()
    for member in members:
        judge.admit(member)
    assert judge.single_folder() == top


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "missing", "folder", "l", None, "", "later", "self"])
def test_hard_links_name_a_regular_member_before_them(target: str | None) -> None:
    """C4, D4, D5."""
    members = [
        file("f"),
        Member(path="folder", kind=FOLDER),
        link("l", "f"),
        Member(path="self", kind=HARDLINK, target=target),
    ]
    refused(members)


def test_hard_links_to_files_and_to_other_hard_links() -> None:
    judge = gate()
    judge.admit(file("a/f"))
    one = Member(path="h", kind=HARDLINK, target="./a/f")
    judge.admit(one)
    judge.admit(Member(path="i", kind=HARDLINK, target="h"))
    assert judge.original(one) == "a/f"


def test_budgets() -> None:
    assert "2 members that are allowed" in refused([file("a"), file("b"), file("c")], limits=UnpackLimits(members=2))
    assert "10 bytes that are allowed" in refused([file("a", 6), file("b", 5)], limits=UnpackLimits(size=10))
    judge = gate(limits=UnpackLimits(members=2, size=10))
    judge.admit(file("a", 5))
    judge.admit(file("b", 5))
    assert (judge.members, judge.size) == (2, 10)


def test_what_members_say_that_they_hold_counts_before_they_do() -> None:
    """Of an archive that is known to be small; not below the size from which on that counts."""
    limits = UnpackLimits(ratio=10, ratio_from=50, size=1000)
    for packed, most in {0: 50, 4: 50, 5: 50, 6: 60, 99: 990, 100: 1000, 500: 1000}.items():
        judge = Gate("a.tar", SOURCES, limits, packed=packed)
        judge.admit(file("a", most))
        with pytest.raises(SourceError) as caught:
            judge.admit(file("b", 1))
        why = "makes it more than the 1000 bytes" if most == 1000 else "expands it to more than 10 times its own size"
        assert f"member 'b' {why}" in str(caught.value)
        assert f"--archive-limit {'size' if most == 1000 else 'ratio'}=" in str(caught.value.problems[0].remedy)


@pytest.mark.parametrize("depth", [1, 64, 200])
def test_how_deep_members_may_lie(depth: int) -> None:
    path = "/".join("a" * (depth + 1))
    limits = UnpackLimits(depth=depth)
    assert gate(limits=limits).admit(file(path[:-2])) == path[:-2]
    assert f"lies more than {depth} folders deep" in refused([file(path)], limits=limits)


@pytest.mark.parametrize(
    ("cap", "fine", "too_much"),
    [("members", [file("a")], file("b")), ("size", [file("a", 1)], file("b", 1)), ("depth", [file("a")], file("b/c"))],
)
def test_a_budget_that_is_spent_says_which_key_has_more(cap: str, fine: list[Member], too_much: Member) -> None:
    judge = gate(limits=UnpackLimits(**{cap: 1}))
    for member in fine:
        judge.admit(member)
    with pytest.raises(SourceError) as caught:
        judge.admit(too_much)
    [problem] = caught.value.problems
    assert problem.code == "archive.limit"
    assert f"--archive-limit {cap}=… lets it pass, and so does `archives` in bakehouse.yaml" in str(problem.remedy)


def test_a_package_has_the_same_budget_everywhere() -> None:
    judge = gate(PACKAGES, UnpackLimits(members=1))
    judge.admit(file("a"))
    with pytest.raises(SourceError, match="one more than the 1 members") as caught:
        judge.admit(file("b"))
    [problem] = caught.value.problems
    assert (problem.code, "--archive-limit" in str(problem.remedy)) == ("archive.member", False)


def test_who_writes_an_archive_gets_another_error() -> None:
    judge = Gate("a.conda", PACKAGES, UnpackLimits(), WorkError)
    with pytest.raises(WorkError):
        judge.admit(file("../x"))


names = st.sampled_from(["a", "b", "c", "..", ".", "", "a/b"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
members = st.lists(
    st.builds(Member, path=paths, kind=st.sampled_from(list(MemberKind)), target=st.one_of(st.none(), paths)),
    max_size=12,
)


@given(members)
def test_whatever_is_admitted_is_tidy_unique_and_not_below_a_link(found: list[Member]) -> None:
    judge = gate(PACKAGES)
    seen: dict[str, MemberKind] = {}
    for member in found:
        try:
            path = judge.admit(member)
        except SourceError:
            return
        if path is None:
            continue
        parts = path.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert path not in seen
        above = ["/".join(parts[:at]) for at in range(1, len(parts))]
        assert all(seen.get(parent, FOLDER) is FOLDER for parent in above)
        seen[path] = member.kind
