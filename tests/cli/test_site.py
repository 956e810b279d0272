"""Where a command works: options over the collection over defaults; what is read from the environment."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path

import click
import pytest

from builder.cli.collection import Collection
from builder.cli.options import Places
from builder.cli.site import secrets, site, source_date_epoch
from builder.errors import UsageError
from builder.model.policy import Policy
from builder.model.recipe import UrlSource
from builder.model.solving import SolveRules
from builder.model.variant import Variant
from builder.sandbox.rootfs import rootfs_lock
from tests.report.values import rendering

NOTHING = Places(output=None, channels=(), offline=False, store=None)


def asked(**given: object) -> Places:
    values: dict[str, object] = {"output": None, "channels": (), "offline": False, "store": None, **given}
    return Places(**values)  # type: ignore[arg-type]


def test_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    made = site(NOTHING, Collection())
    assert made.output == tmp_path / "channel"
    assert made.channels == ()
    assert made.store.root == tmp_path / "cache" / "bakehouse" / "store"
    assert not made.offline
    assert made.addresses.pypi is None
    assert list(tmp_path.iterdir()) == [], "nothing is made before it is needed"


def test_the_collection_wins_over_defaults_and_options_over_it(tmp_path: Path) -> None:
    collection = Collection(root=tmp_path, output=tmp_path / "ours", channels=("a", "b"))
    made = site(NOTHING, collection)
    assert (made.output, made.channels) == (tmp_path / "ours", ("a", "b"))
    made = site(asked(output=tmp_path / "said", channels=("c",), store=tmp_path / "store", offline=True), collection)
    assert (made.output, made.channels, made.offline) == (tmp_path / "said", ("c",), True)
    assert made.store.root == tmp_path / "store"
    assert made.channel.root == tmp_path / "said"


def test_relative_places_are_where_the_caller_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = site(asked(output=Path("out"), store=Path("st")), Collection())
    monkeypatch.chdir("/")
    assert (made.output, made.store.root) == (tmp_path / "out", tmp_path / "st")


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://pip.example.org/simple")
    assert site(NOTHING, Collection()).addresses.pypi == "https://pip.example.org/simple"
    collection = Collection(
        debian="https://debian.example.org", pypi="https://pypi.example.org", mirrors=(("https://a/", ("https://b/",)),)
    )
    addresses = site(NOTHING, collection).addresses
    assert addresses.pypi == "https://pypi.example.org", "the collection says more than pip's configuration"
    assert addresses.debian == "https://debian.example.org"
    assert dict(addresses.mirrors) == {"https://a/": ("https://b/",)}
    assert not addresses.policy.farm
    assert not addresses.allow_unhashed
    assert site(NOTHING, Collection(policy=Policy(farm=True))).addresses.policy.farm
    assert site(asked(allow_unhashed=True), Collection()).addresses.allow_unhashed


@pytest.mark.parametrize("name", ["ftp://example.org/x", "https://", "https:/example.org"])
def test_a_channel_that_nobody_can_ask_is_refused_whoever_names_it(name: str) -> None:
    """Nor is it first found out when something is solved: a plan solves nothing."""
    for places, collection in ((asked(channels=(name,)), Collection()), (NOTHING, Collection(channels=(name,)))):
        with pytest.raises(UsageError, match="as a channel"):
            site(places, collection)


def test_the_fetcher_fills_the_sites_store(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes(b"hello")
    source = UrlSource(urls=((tmp_path / "x.txt").as_uri(),), sha256=hashlib.sha256(b"hello").hexdigest())
    made = site(asked(store=tmp_path / "s"), Collection())
    path = asyncio.run(made.fetcher(lambda event: None).fetch(source))
    assert path.read_bytes() == b"hello"
    assert path.is_relative_to(made.store.root)


def test_the_sandboxs_root_goes_by_the_digest_of_its_list() -> None:
    assert site(NOTHING, Collection()).rootfs_digest == rootfs_lock().digest


def test_a_commands_end_ends_the_stores_session(tmp_path: Path) -> None:
    with click.Context(click.Command("x")):
        store = site(asked(store=tmp_path / "s"), Collection()).store
        store.add_file([b"x"], sha256=None)
        assert list((tmp_path / "s" / "sessions").iterdir())
    assert list((tmp_path / "s" / "sessions").iterdir()) == []


@pytest.mark.parametrize(("text", "expected"), [(None, None), ("", None), ("0", 0), ("1700000000", 1700000000)])
def test_the_users_epoch(monkeypatch: pytest.MonkeyPatch, text: str | None, expected: int | None) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if text is not None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    assert source_date_epoch() == expected


@pytest.mark.parametrize("text", ["-1", "1.5", "now", "4294967296", "9" * 5000])
def test_what_is_no_epoch(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", text)
    with pytest.raises(UsageError, match="is not a number of seconds"):
        source_date_epoch()


def test_secrets_are_read_by_name_and_unset_ones_are_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "t")
    monkeypatch.setenv("EMPTY", "")
    monkeypatch.delenv("UNSET", raising=False)
    assert secrets(("TOKEN", "EMPTY", "UNSET")) == {"TOKEN": "t", "EMPTY": ""}
    assert secrets(()) == {}


def test_a_secret_that_is_too_short_to_be_hidden_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"PIN": "123", "TOKEN": "long enough", "EMPTY": ""}.items():
        monkeypatch.setenv(name, value)
    secrets(("PIN", "TOKEN", "EMPTY"))
    assert capsys.readouterr().err == "warning: PIN, a secret, has fewer than 4 signs: it is not hidden in logs\n"


def test_mirrors_of_options_come_before_those_of_the_collection() -> None:
    collection = Collection(mirrors=(("https://a/", ("https://b/", "https://c/")), ("https://x/", ("https://y/",))))
    chosen = asked(mirrors=("https://a/=https://c/", "https://z/=https://w/"))
    assert dict(site(chosen, collection).addresses.mirrors) == {
        "https://a/": ("https://c/", "https://b/"), "https://z/": ("https://w/",), "https://x/": ("https://y/",),
    }  # fmt: skip


def test_git_is_given_the_callers_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", "/some/socket")
    assert site(NOTHING, Collection()).addresses.environment["SSH_AUTH_SOCK"] == "/some/socket"


def test_who_names_the_channels(tmp_path: Path) -> None:
    """The command line, else the collection, else the variant, but on a farm, else a configuration file."""
    collection = Collection(root=tmp_path, channels=("theirs",))
    plain = rendering("a")
    sourced = replace(plain, variant=Variant.of({"channel_sources": "x, y"}))
    config = tmp_path / "config.toml"
    config.write_text('default-channels = ["configured"]\n')
    for places, known, channels in (
        (asked(channels=("c",)), collection, (("c",), ("c",))),
        (NOTHING, collection, (("theirs",), ("theirs",))),
        (NOTHING, Collection(), ((), ("x", "y"))),
        (NOTHING, Collection(policy=Policy(farm=True)), ((), ())),
        (asked(config_file=config), Collection(), (("configured",), ("x", "y"))),
    ):
        place = site(places, known)
        assert (place.channels_of(plain), place.channels_of(sourced)) == channels


def test_the_priority_of_channels_is_a_rule_of_the_place() -> None:
    assert site(NOTHING, Collection()).rules == SolveRules()
    assert site(asked(channel_priority="disabled"), Collection()).rules.channel_priority == "disabled"


def test_packages_that_failed_lie_outside_of_the_channel(tmp_path: Path) -> None:
    made = site(asked(output=tmp_path / "out", store=tmp_path / "store"), Collection())
    assert not made.broken.is_relative_to(made.output)


def test_how_channels_are_asked(capsys: pytest.CaptureFixture[str]) -> None:
    policy = Policy(hosts=("cdn.example.org",))
    access = site(asked(offline=True), Collection(policy=policy)).access()
    assert (access.offline, access.policy, access.allow_rollback) == (True, policy, False)
    access.report("something is left out")
    assert capsys.readouterr().err == "warning: something is left out\n"
    heard: list[str] = []
    site(NOTHING, Collection()).access(heard.append).report("something")
    assert heard == ["something"]
