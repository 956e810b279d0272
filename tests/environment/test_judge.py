"""What is believed of an index: which refuse it as a whole, which records are left out, and where it may lead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.environment.access import Namespaces
from builder.environment.judge import IndexLimits, Judge, descends
from builder.environment.place import channel_place
from builder.errors import UsageError
from builder.model.policy import Namespace, Policy

KEY = "a-1.0-h_0.conda"
CONDA = ("packages.conda",)
RECORD = {
    "name": "a", "version": "1.0", "build": "h_0", "build_number": 0, "subdir": "linux-64", "depends": ["b >=1"],
    "constrains": [], "sha256": "0" * 64, "md5": "f" * 32, "size": 17, "timestamp": 1_700_000_000_000,
}  # fmt: skip


def judge(channel: str = "https://example.org/c", **more: Any) -> Judge:
    policy = more.pop("policy", Policy())
    return Judge(
        place=channel_place(channel), subdir="linux-64", where="there", namespaces=Namespaces(policy),
        hosts=policy.hosts, **more,
    )  # fmt: skip


def why(record: object, key: str = KEY, section: tuple[str, ...] = CONDA, **more: Any) -> str | None:
    """Why a record is left out."""
    one = judge(**more)
    if one.member(section, key, record, "{}"):
        assert not one.dropped
        assert not one.notes
        return None
    assert one.dropped == {(section, key)}
    ((found, reason),) = one.left_out
    assert found == key
    return reason


def refused(one: Judge, path: tuple[str, ...], key: str, value: object) -> str:
    with pytest.raises(UsageError) as caught:
        one.member(path, key, value, "")
    (problem,) = caught.value.problems
    assert str(problem.place) == "there"
    assert problem.remedy
    return problem.message


def test_what_is_well_may_stay() -> None:
    assert why(RECORD) is None
    bare = {"name": "a", "version": "1.0", "build": "h_0", "build_number": 3}
    assert why(bare) is None
    assert why({**RECORD, "depends": None, "constrains": None, "size": None, "timestamp": None, "md5": None}) is None
    assert why({**RECORD, "fn": KEY, "signatures": {"x": 1}, "unknown": [1]}) is None
    assert why(RECORD, "a-1.0-h_0.tar.bz2", ("packages",)) is None
    assert why({**RECORD, "fn": KEY}, "a-1.0-h_0", ("v3", "conda")) is None
    one = judge()
    for key, value in {"removed": ["x"], "signatures": {}, "repodata_version": 1, "info": {}, "other": [1]}.items():
        assert one.member((), key, value, "")
    assert one.member(("v3",), "whl", {"x": 1}, "")
    assert not one.notes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": None}, "must be texts"), ({"version": 1.0}, "must be texts"), ({"build": ["h_0"]}, "must be texts"),
        ({"build_number": -1}, "build number is -1"), ({"build_number": True}, "build number is True"),
        ({"build_number": 1 << 63}, "build number"), ({"build_number": "0"}, "build number is '0'"),
        ({"name": "b"}, "it says that it is b-1.0-h_0"), ({"subdir": "osx-64"}, "it says that it is for osx-64"),
        ({"subdir": None}, "it says that it is for None"), ({"subdir": "noarch"}, "for noarch"),
        ({"fn": "a-1.0-h_0.tar.bz2"}, "its file is a-1.0-h_0.tar.bz2"), ({"fn": 3}, "its file is 3"),
        ({"sha256": "0" * 63}, "its sha256 is none"), ({"sha256": "g" * 64}, "its sha256 is none"),
        ({"sha256": 0}, "its sha256 is none"), ({"md5": ""}, "its md5 is none"), ({"sha256": ""}, "its sha256 is none"),
        ({"size": -1}, "its size is -1"), ({"size": 1 << 63}, "its size is"), ({"size": 1.5}, "its size is 1.5"),
        ({"size": True}, "its size is True"), ({"timestamp": -5}, "its timestamp is -5"),
        ({"timestamp": 253_402_300_800_000}, "its timestamp is"), ({"indexed_timestamp": "x"}, "its indexed_timestamp"),
        ({"depends": "b"}, "its depends is no list"), ({"depends": {}}, "its depends is no list"),
        ({"depends": ["b", 1]}, "its depends is no list"), ({"constrains": [None]}, "its constrains is no list"),
        ({"depends": ["x"] * 5001}, "5,001 items, more than 5,000"), ({"constrains": ["x" * 2001]}, "more than 2,000 signs"),
        ({"depends": 0}, "its depends is no list"), ({"depends": ""}, "its depends is no list"),
    ],
)  # fmt: skip
def test_records_of_no_use(change: dict[str, object], reason: str) -> None:
    assert reason in str(why({**RECORD, **change}))


@pytest.mark.parametrize("field", ["name", "version", "build", "build_number"])
def test_what_is_missing_is_named(field: str) -> None:
    assert why({key: value for key, value in RECORD.items() if key != field}) == f"it has no {field}"


@pytest.mark.parametrize("record", [None, [], "x", 3, True])
def test_what_is_no_record(record: object) -> None:
    assert why(record) == "it is no map"


def test_names_that_no_package_has() -> None:
    assert "none that a package may have" in str(why({**RECORD, "version": "1 0"}, "a-1 0-h_0.conda"))
    assert "none that a package may have" in str(why({**RECORD, "version": "1-0"}, "a-1-0-h_0.conda"))
    assert "none that a package may have" in str(why({**RECORD, "build": "h-0"}, "a-1.0-h-0.conda"))
    assert "none that a package may have" in str(why({**RECORD, "name": "\u043e"}, "\u043e-1.0-h_0.conda"))
    long = "1" * 1_000_000
    assert "none that a package may have" in str(why({**RECORD, "version": long}, f"a-{long}-h_0.conda"))
    assert "too long" in str(why({**RECORD, "version": "1." * 70 + "0"}, f"a-{'1.' * 70}0-h_0.conda"))
    assert "too large" in str(why({**RECORD, "version": "9" * 40}, f"a-{'9' * 40}-h_0.conda"))
    assert why({**RECORD, "version": "20260101123456"}, "a-20260101123456-h_0.conda") is None


@pytest.mark.parametrize("part", ["name", "version", "build"])
@pytest.mark.parametrize("value", ["../x", "/x", "x/y", "..\\x", "x\0", "x\x1b[2J", "..", ".hidden", "a\nb", "\x7f"])
def test_what_is_a_path_refuses_the_index(part: str, value: str) -> None:
    told = refused(judge(), CONDA, KEY, {**RECORD, part: value})
    assert f"it has a {part} that leads out of the channel" in told
    assert told.isprintable()


@pytest.mark.parametrize(
    "key", ["../a-1.0-h_0.conda", "/etc/a-1.0-h_0.conda", "x\\a-1.0-h_0.conda", "..", "", "a\0", "a\x1b-1.0-h_0.conda"]
)
def test_a_key_that_is_a_path_refuses_the_index_whatever_its_record_is(key: str) -> None:
    if not key:
        assert "it says that it is" in str(why(RECORD, key)), "it names no file at all"
        return
    for record in (RECORD, None, {}):
        assert "it has a key that leads out of the channel" in refused(judge(), CONDA, key, record)


@given(name=st.text(), version=st.text(), build=st.text(), number=st.integers(), key=st.text())
def test_what_may_stay_is_a_file_of_the_channel(name: str, version: str, build: str, number: int, key: str) -> None:
    for tried in (key, f"{name}-{version}-{build}.conda"):
        record = {"name": name, "version": version, "build": build, "build_number": number}
        try:
            stays = judge().member(CONDA, tried, record, "")
        except UsageError:
            continue
        if stays:
            assert tried == f"{name}-{version}-{build}.conda"
            assert tried.isascii()
            assert tried.isprintable()
            assert Path(tried).name == tried


# -- the document ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", [3, 0, -1, "1", 1.5, True, [1]])
def test_versions_that_nobody_knows(version: object) -> None:
    assert "known are 1 and 2" in refused(judge(), (), "repodata_version", version)


def test_maps_that_are_none() -> None:
    for key in ("packages", "packages.conda", "v3"):
        assert f"{key!r} is no map" in refused(judge(), (), key, [])
    assert "'info' is no map" in refused(judge(), (), "info", [])
    assert "it is for 'noarch', not linux-64" in refused(judge(), (), "info", {"subdir": "noarch"})
    assert descends(CONDA)
    large: list[tuple[str, ...]] = [("v3",), ("v3", "conda"), ("v3", "whl"), ("signatures",)]
    assert all(map(descends, large))
    small: list[tuple[str, ...]] = [("info",), ("v3", "conda", "a"), ("packages", "a"), ("info", "x")]
    assert not any(map(descends, small))


def test_there_may_be_so_many_records() -> None:
    one = judge(limits=IndexLimits(records=2))
    assert one.member(CONDA, KEY, RECORD, "")
    assert one.member(CONDA, KEY, RECORD, "")
    assert "more than 2 records" in refused(one, CONDA, KEY, RECORD)


def test_what_is_left_out_is_counted() -> None:
    policy = Policy(namespaces=(Namespace(names="acme-*", channels=("https://example.org/other",)),))
    one = judge(policy=policy)
    acme, acme_key, belongs = {**RECORD, "name": "acme-a"}, "acme-a-1.0-h_0.conda", "the names belong to other channels"
    for key, record in {"x": {}, "y": {}, acme_key: acme, KEY: RECORD}.items():
        one.member(CONDA, key, record, "")
    assert one.notes == (
        "2 records of https://example.org/c for linux-64 are left out, the first x: it has no name",
        f"1 record of https://example.org/c for linux-64 is left out, the first {acme_key}: {belongs}",
    )
    assert [key for key, _ in one.left_out] == ["x", "y", acme_key]


def test_suspects_are_tried() -> None:
    asked: list[str] = []

    def tries(section: tuple[str, ...], key: str, text: str) -> str | None:
        asked.append(f"{section} {key} {text}")
        return "it bites"

    assert why(RECORD, suspects=frozenset({"a"}), tries=tries) == "it bites"
    assert asked == [f"('packages.conda',) {KEY} {{}}"]
    assert why(RECORD, suspects=frozenset({"b"}), tries=tries) is None


# -- addresses -------------------------------------------------------------------------------------------------------------


def leads(address: object, channel: str = "https://example.org/c", *hosts: str) -> str:
    return judge(channel, policy=Policy(hosts=hosts)).allow(address, "info.base_url")


@pytest.mark.parametrize(
    "address", ["", "./shards/", "../x/", "/y/", "https://example.org/z", "https://EXAMPLE.org/z", "//example.org/"]
)
def test_a_channel_may_lead_to_its_own_host(address: str) -> None:
    assert leads(address).lower().startswith("https://example.org/")


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.org/", "http://example.org/", "//evil.org/", "https://example.org:8443/", "https://x@example.org/",
        "https://example.org@evil.org/", "file:///etc/", "ftp://example.org/", "https://example.org.evil.org/",
        "///evil.org/", "https:///evil.org/", "https:evil.org", "https:/evil.org", "\\\\evil.org\\", "/\\evil.org/",
        " https://evil.org", "ht\ttps://evil.org", "https://evil.org\n", "https://[::1", "javascript:x", "https://éxample.org/",
        3, ["https://example.org"], {},
    ],
)  # fmt: skip
def test_it_may_not_lead_elsewhere(address: object) -> None:
    with pytest.raises(UsageError) as caught:
        leads(address)
    (problem,) = caught.value.problems
    assert "info.base_url" in problem.message
    assert problem.message.isprintable()
    assert problem.remedy


def test_hosts_are_allowed_by_name() -> None:
    assert leads("https://cdn.org/x", "https://example.org/c", "cdn.org") == "https://cdn.org/x"
    assert leads("https://cdn.org:8443/x", "https://example.org/c", "CDN.org:8443") == "https://cdn.org:8443/x"
    assert leads("http://cdn.org/x", "http://example.org/c", "cdn.org") == "http://cdn.org/x"
    with pytest.raises(UsageError, match="leads elsewhere") as caught:
        leads("http://cdn.org/x", "https://example.org/c", "cdn.org")
    assert "nothing unencrypted" in (caught.value.problems[0].remedy or "")
    with pytest.raises(UsageError) as caught:
        leads("https://cdn.org/x")
    assert caught.value.problems[0].code == "environment.host"
    assert "`hosts: [cdn.org]`" in (caught.value.problems[0].remedy or "")


def test_a_folder_may_lead_into_itself(tmp_path: Path) -> None:
    home = str(tmp_path / "c")
    for address in ("", "../noarch/", (tmp_path / "c" / "x").as_uri(), "a/../b"):
        assert leads(address, home).startswith(f"file://{home}/")
    for address in (
        "../../",
        "../../d/",
        "file:///etc/",
        (tmp_path / "cd").as_uri(),
        "https://example.org",
        "%2e%2e/%2e%2e/",
    ):
        with pytest.raises(UsageError):
            leads(address, home)
    assert leads("https://example.org/x", home, "example.org") == "https://example.org/x"


def test_the_addresses_of_records_count_too() -> None:
    assert why({**RECORD, "url": "https://example.org/c/linux-64/a.conda"}) is None
    assert "its url is https://evil.org/a.conda" in refused(
        judge(), CONDA, KEY, {**RECORD, "url": "https://evil.org/a.conda"}
    )
    assert "info.shards_base_url" in refused(judge(), (), "info", {"shards_base_url": "https://evil.org"})
