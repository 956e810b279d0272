"""What scripts may be allowed: what counts of it, and what several permissions come to."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from builder.model.permission import NOTHING, Allowed, ExtraMount, Permissions, union

_MOUNTS = st.builds(
    ExtraMount,
    source=st.sampled_from([Path("/srv/a"), Path("/srv/b")]),
    inside=st.sampled_from([PurePosixPath("/opt/x"), PurePosixPath("/opt/y")]),
    writable=st.booleans(),
    digest=st.sampled_from([None, "a" * 64]),
)
_PERMISSIONS = st.builds(Permissions, network=st.booleans(), mounts=st.lists(_MOUNTS, max_size=3).map(tuple))


def mount(source: str, inside: str = "/opt/data", *, writable: bool = False, digest: str | None = None) -> ExtraMount:
    return ExtraMount(source=Path(source), inside=PurePosixPath(inside), writable=writable, digest=digest)


def test_nothing_is_allowed_unless_somebody_says_so() -> None:
    assert not Permissions()
    assert not NOTHING
    assert list(Permissions().asked()) == []


def test_what_counts_is_what_scripts_see_and_never_where_it_lies() -> None:
    here = Permissions(network=True, mounts=(mount("/home/me/data", digest="d" * 64),))
    there = Permissions(network=True, mounts=(mount("/srv/data", digest="d" * 64),))
    assert list(here.asked()) == list(there.asked())
    assert list(here.asked()) == [
        ("the network", "allowed"),
        ("the mount /opt/data", f"read-only, sha256 {'d' * 64}"),
    ]
    other = Permissions(mounts=(mount("/srv/data", digest="e" * 64),))
    assert list(other.asked()) != list(here.asked())[1:]


def test_what_may_be_written_to_has_no_digest_that_counts() -> None:
    (entry,) = Permissions(mounts=(mount("/srv/cache", "/opt/cache", writable=True),)).asked()
    assert entry == ("the mount /opt/cache", "writable")


def test_build_and_tests_are_allowed_each_for_itself() -> None:
    network = Permissions(network=True)
    both = Allowed(build=network) | Allowed(tests=network)
    assert both == Allowed(build=network, tests=network)
    assert Allowed(build=network).tests == Permissions()
    assert Allowed(tests=network)


def test_an_order_tells_all_that_differ_apart() -> None:
    """Sets have no order: two that are sorted alike would change places from run to run."""
    one, two = (Permissions(mounts=(mount("/a", writable=True, digest=digest),)) for digest in (None, "a" * 64))
    assert (one | two).mounts == (two | one).mounts == (*one.mounts, *two.mounts)


@given(_PERMISSIONS, _PERMISSIONS, _PERMISSIONS)
def test_a_union_allows_what_any_of_them_does(one: Permissions, two: Permissions, three: Permissions) -> None:
    both = one | two
    assert both == two | one
    assert (one | two) | three == one | (two | three) == union((one, two, three))
    assert both.network == (one.network or two.network)
    assert set(both.mounts) == {*one.mounts, *two.mounts}
    assert len(both.mounts) == len(set(both.mounts))


def test_mounts_come_in_the_order_of_their_places() -> None:
    found = union([Permissions(mounts=(mount("/a", "/opt/z"),)), Permissions(mounts=(mount("/b", "/opt/a"),))])
    assert [str(one.inside) for one in found.mounts] == ["/opt/a", "/opt/z"]
