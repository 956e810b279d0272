"""Symlinks that leave the prefix or lead nowhere."""

from __future__ import annotations

import pytest

from builder.check import SiblingFiles
from builder.check.symlinks import check_symlinks
from builder.model.finding import Severity
from builder.model.payload import RelocatedEntry
from tests.check.packages import around, brief, host, link, plain, relocated


def checked(*entries: RelocatedEntry, **fields: object) -> list[tuple[str, Severity, str | None]]:
    return brief(check_symlinks(relocated(*entries), around(**fields)))


@pytest.mark.parametrize(
    "target", ["x", "./x", "../lib/x", "../lib", "..", "../share/y", "../share", "again", "../lib/../lib/x"]
)
def test_targets_inside(target: str) -> None:
    own = (plain("lib/x"), plain("share/y"), link("lib/again", "x"))
    assert checked(link("lib/l", target), *own) == []


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "/etc/hostname", "/bakehouse/host_env/lib/x", "../../etc/passwd", "../.."]
)
def test_trust_d20_targets_outside_are_errors(target: str) -> None:
    assert checked(link("lib/l", target), plain("lib/x")) == [("symlinks", Severity.ERROR, "lib/l")]


def test_circles_are_errors() -> None:
    assert checked(link("a", "b"), link("b", "a")) == [
        ("symlinks", Severity.ERROR, "a"),
        ("symlinks", Severity.ERROR, "b"),
    ]


def test_a_way_out_through_another_symlink_is_an_error() -> None:
    assert checked(link("deep/up", "../.."), link("l", "deep/up/etc")) == [
        ("symlinks", Severity.ERROR, "deep/up"),
        ("symlinks", Severity.ERROR, "l"),
    ]


def test_targets_in_the_environment_or_a_sibling() -> None:
    assert checked(link("bin/l", "../lib/z.so"), host=host(("lib/z.so", "z"))) == []
    sibling = SiblingFiles(name="s", paths=frozenset({"lib/libfoo.so.1"}))
    assert checked(link("lib/libfoo.so", "libfoo.so.1"), siblings=(sibling,)) == []
    assert checked(link("l", "lib"), siblings=(sibling,)) == []


def test_a_target_that_nobody_has_is_a_warning() -> None:
    assert checked(link("lib/l", "gone"), plain("lib/x")) == [("symlinks", Severity.WARNING, "lib/l")]
    assert checked(link("lib/l", "x/deeper"), plain("lib/x")) == [("symlinks", Severity.WARNING, "lib/l")]


def test_the_message_says_where_it_leads() -> None:
    (found,) = check_symlinks(relocated(link("lib/l", "/etc/hostname")), around())
    assert "/etc/hostname" in found.message
    assert found.remedy is not None
