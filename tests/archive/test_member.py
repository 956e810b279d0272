from __future__ import annotations

import pytest

from builder.archive import ArchiveMember, Member, MemberKind
from builder.archive.member import MalformedError, archive_errors
from builder.errors import SourceError
from builder.model.payload import EntryKind


def test_every_kind_of_entry_is_a_kind_of_member() -> None:
    assert {MemberKind(kind.value) for kind in EntryKind} == set(MemberKind) - {MemberKind.HARDLINK}


def test_a_malformed_archive_is_a_source_error_with_its_name() -> None:
    with pytest.raises(SourceError, match=r"^foo\.tar: it is cut off$") as caught, archive_errors("foo.tar"):
        raise MalformedError("it is cut off")
    assert caught.value.problems[0].code == "archive.malformed"
    assert isinstance(caught.value.__cause__, MalformedError)


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), archive_errors("foo.tar"):
        _ = 1 / 0


def test_members_are_files_unless_said_otherwise() -> None:
    assert Member(path="a", kind=MemberKind.FILE).mode == 0o644
    assert ArchiveMember(path="a", content=b"").kind is MemberKind.FILE
