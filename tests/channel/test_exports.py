"""``run_exports.json``: an entry for every package, as conda-build's tools and rattler read it (CEP 12)."""

from __future__ import annotations

import json
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.channel import Channel, exports
from builder.channel.index import canonical
from tests.channel.making import make_package

WEAK = {"weak": ["libx >=1,<2.0a0"], "strong_constrains": ["größe >1"]}

names = st.from_regex(r"[a-z]{1,5}-[0-9]-[a-z0-9]{1,3}\.(conda|tar\.bz2)", fullmatch=True)
some = st.dictionaries(
    st.sampled_from(["weak", "strong", "noarch"]), st.lists(st.text(max_size=8), max_size=2), max_size=2
)
entries = st.dictionaries(names, st.one_of(st.none(), some), max_size=8)


def records(found: dict[str, object]) -> dict[str, str]:
    plain = {file: {"name": file, "license": 'says "run_exports": {}'} for file in found}
    return {
        file: canonical(record | ({} if found[file] is None else {"run_exports": found[file]}))
        for file, record in plain.items()
    }


def test_a_channel_has_it(tmp_path: Path) -> None:
    channel = Channel(tmp_path / "channel")
    channel.publish(make_package(tmp_path / "made", "libx", extra={"run_exports": WEAK}))
    channel.publish(make_package(tmp_path / "made", "old", extra={"suffix": ".tar.bz2"}))
    document = json.loads((channel.root / "linux-64" / "run_exports.json").read_bytes())
    assert document == {
        "info": {"arch": "x86_64", "platform": "linux", "subdir": "linux-64", "version": 1, "generation": 2},
        "packages": {"old-1.0-h0_0.tar.bz2": {"run_exports": {}}},
        "packages.conda": {"libx-1.0-h0_0.conda": {"run_exports": WEAK}},
    }
    noarch = json.loads((channel.root / "noarch" / "run_exports.json").read_bytes())
    assert noarch["packages.conda"] == {}
    assert noarch["info"]["subdir"] == noarch["info"]["arch"] == noarch["info"]["platform"] == "noarch"


@settings(max_examples=40)
@given(entries)
def test_every_package_has_an_entry_of_its_own(found: dict[str, object]) -> None:
    document = json.loads(exports.render("linux-64", records(found), 3))
    listed = document["packages"] | document["packages.conda"]
    assert listed == {file: {"run_exports": one or {}} for file, one in found.items()}
    assert all(file.endswith(".conda") for file in document["packages.conda"])
    assert document["info"]["generation"] == 3


@settings(max_examples=40)
@given(entries, entries)
def test_what_is_known_is_taken_over_and_gives_the_same(found: dict[str, object], more: dict[str, object]) -> None:
    before, now = records(found), records({**found, **more})
    known = exports.parse(exports.render("linux-64", before, 1))
    assert known.keys() == before.keys()
    unchanged = {file: text for file, text in known.items() if before[file] == now[file]}
    assert exports.render("linux-64", now, 2, unchanged) == exports.render("linux-64", now, 2)
