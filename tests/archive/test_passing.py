"""Members that go to another process are the same there, or the loss is seen."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.archive import Member, MemberKind
from builder.archive.member import MalformedError
from builder.archive.passing import receive, send
from builder.errors import MachineError

Given = tuple[Member, bytes]


def walk(members: Iterable[Given]) -> Iterator[tuple[Member, Iterator[memoryview]]]:
    """Give members as archives do: contents in pieces of any length."""
    for member, data in members:
        yield member, iter([memoryview(data)[:3], memoryview(data)[3:]])


def sent(members: Iterable[Given]) -> bytes:
    file = io.BytesIO()
    send(walk(members), file)
    return file.getvalue()


def received(data: bytes) -> list[Given]:
    return [(member, b"".join(content)) for member, content in receive(io.BytesIO(data))]


FILE = (Member(path="a", kind=MemberKind.FILE, size=6), b"\nnull\n")

texts = st.text(st.characters() | st.sampled_from("\udce9\udcff\n\0/\x1b"), max_size=20)
files = st.builds(
    lambda path, mode, mtime, data: (
        Member(path=path, kind=MemberKind.FILE, mode=mode, size=len(data), mtime=mtime), data,
    ),
    texts, st.integers(0, 0o7777), st.integers(0, 2**40), st.binary(max_size=20),
)  # fmt: skip
others = st.builds(
    lambda path, kind, target: (Member(path=path, kind=kind, target=target), b""),
    texts, st.sampled_from([MemberKind.SYMLINK, MemberKind.DIRECTORY, MemberKind.HARDLINK]), st.none() | texts,
)  # fmt: skip


@given(st.lists(files | others, max_size=5))
def test_whatever_they_are_called_and_hold(members: list[Given]) -> None:
    assert received(sent(members)) == members


def test_contents_may_be_left_unread() -> None:
    assert [member.path for member, _ in receive(io.BytesIO(sent([FILE, FILE])))] == ["a", "a"]


def test_a_large_content_comes_in_pieces() -> None:
    data = bytes(range(256)) * 4096
    member = Member(path="a", kind=MemberKind.FILE, size=len(data))
    ((_, content),) = [(one, list(pieces)) for one, pieces in receive(io.BytesIO(sent([(member, data)])))]
    assert max(map(len, content)) < len(data)
    assert b"".join(content) == data


def test_wherever_it_breaks_off_it_is_seen() -> None:
    whole = sent([FILE, FILE])
    for end in range(len(whole)):
        with pytest.raises(MalformedError, match="breaks off"):
            received(whole[:end])


@pytest.mark.parametrize("size", [5, 7])
def test_a_content_of_another_length_is_told_and_has_no_end(size: int) -> None:
    file = io.BytesIO()
    with pytest.raises(MachineError, match="'a' changed while it was read"):
        send(walk([(Member(path="a", kind=MemberKind.FILE, size=size), b"123456")]), file)
    assert not file.getvalue().endswith(b"null\n")


def test_what_no_rule_admits_is_shortened() -> None:
    """A name of megabytes is refused on the other side, not carried there."""
    ((member, _),) = received(sent([(Member(path="x" * 10_000, kind=MemberKind.SYMLINK, target="y" * 10_000), b"")]))
    assert member.target is not None
    assert 1024 < len(member.path) == len(member.target) < 10_000
