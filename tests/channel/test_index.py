"""The index's bytes: sorted, one record a line, the same for the same records, read back whoever wrote them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from builder.channel import index

NAMES = st.from_regex(r"[a-z]{1,8}-[0-9]\.[0-9]-[a-z0-9]{1,4}_0(\.conda|\.tar\.bz2)", fullmatch=True)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
RECORDS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries({"name": TEXT, "depends": st.lists(TEXT, max_size=3), "build_number": st.integers(0, 99)}),
    max_size=8,
)


def canonical(records: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    return {name: index.canonical(record) for name, record in records.items()}


def test_an_empty_index_is_what_cep_36_asks_for() -> None:
    assert json.loads(index.render("noarch", {})) == {
        "info": {"subdir": "noarch"},
        "packages": {},
        "packages.conda": {},
        "removed": [],
        "repodata_version": 1,
    }


def test_packages_stand_by_their_format_and_sorted() -> None:
    records = canonical({"b-1-0.conda": {"n": 1}, "a-1-0.conda": {"n": 2}, "a-1-0.tar.bz2": {"n": 3}})
    document = json.loads(index.render("linux-64", records))
    assert list(document["packages.conda"].items()) == [("a-1-0.conda", {"n": 2}), ("b-1-0.conda", {"n": 1})]
    assert document["packages"] == {"a-1-0.tar.bz2": {"n": 3}}


def test_each_record_has_a_line_of_its_own() -> None:
    one = index.render("linux-64", canonical({"a-1-0.conda": {"n": 1}, "c-1-0.conda": {"n": 1}}))
    two = index.render("linux-64", canonical({"a-1-0.conda": {"n": 1}, "b-1-0.conda": {}, "c-1-0.conda": {"n": 1}}))
    assert set(two.splitlines()) - set(one.splitlines()) == {b'"b-1-0.conda":{},'}


@given(RECORDS)
def test_what_is_rendered_is_json_with_these_records(records: dict[str, dict[str, object]]) -> None:
    document = json.loads(index.render("linux-64", canonical(records)))
    assert document["packages"] | document["packages.conda"] == records


@given(RECORDS)
def test_what_is_rendered_is_parsed_back(records: dict[str, dict[str, object]]) -> None:
    assert index.parse("linux-64", index.render("linux-64", canonical(records))) == canonical(records)


@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_in_which_records_came_does_not_show(records: dict[str, dict[str, object]], random: object) -> None:
    names = list(records)
    random.shuffle(names)  # type: ignore[attr-defined]
    shuffled = {name: index.canonical(records[name]) for name in names}
    assert index.render("linux-64", shuffled) == index.render("linux-64", canonical(records))


@given(RECORDS, st.sampled_from([None, 2, "\t"]))
def test_another_tools_layout_is_read_as_well(records: dict[str, dict[str, object]], indent: int | str | None) -> None:
    ours = json.loads(index.render("linux-64", canonical(records)))
    theirs = json.dumps({"info": {"subdir": "linux-64", "arch": "x86_64"}, **ours}, indent=indent).encode()
    assert index.parse("linux-64", theirs) == canonical(records)


def test_a_line_that_only_looks_like_a_record_is_no_record() -> None:
    trap = {"a-1-0.conda": {"summary": 'x\n"b-1-0.conda":{"evil":1},'}}
    assert index.parse("linux-64", index.render("linux-64", canonical(trap))) == canonical(trap)
    tricked = b'{"packages.conda": {"a-1-0.conda": {"depends": [\n"b-1-0.conda"]}},\n"x.conda":{"evil":1}}'
    assert index.parse("linux-64", tricked) == {"a-1-0.conda": '{"depends":["b-1-0.conda"]}'}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b"\xff\xfe",
        b'{"packages.conda": []}',
        b'{"packages.conda": {"a-1-0.conda": 1}}',
    ],
)
def test_what_is_no_index_has_no_records(data: bytes) -> None:
    assert index.parse("linux-64", data) == {}


@pytest.mark.parametrize(
    "name", ["a\ud800-1-0.conda", 'a":{},"b-1-0.conda', "../a-1-0.conda", "a\\-1-0.conda", "a\n-1-0.conda"]
)
def test_foreign_names_that_no_file_of_ours_has_are_left_out(name: str) -> None:
    """Found by `make fuzz`: written into an index of ours, some would be two names, or none."""
    other = {"good-1-0.conda": {"name": "good"}}
    data = json.dumps({"packages.conda": {name: {"name": "a"}, **other}}).encode()
    assert index.parse("noarch", data) == {"good-1-0.conda": '{"name":"good"}'}


def test_a_foreign_record_that_is_no_text_is_left_out() -> None:
    wrong: list[dict[str, object]] = [
        {"name": "\ud800"},
        {"schema_version": 3, "depends": 1},
        {"schema_version": 3, "depends": [1]},
    ]
    for record in wrong:
        data = json.dumps({"packages.conda": {"a-1-0.conda": record}}).encode()
        assert index.parse("noarch", data) == {}


@given(st.integers(0, 400))
def test_half_an_index_has_no_records_or_all_of_them(length: int) -> None:
    records = canonical({f"p{n}-1-0.conda": {"n": n} for n in range(10)})
    whole = index.render("linux-64", records)
    complete = whole[:length].rstrip() == whole.rstrip()
    assert index.parse("linux-64", whole[:length]) == (records if complete else {})


def test_files_of_one_format_never_stand_in_the_others_section() -> None:
    document = b'{"packages": {"a-1-0.conda": {"n": 1}}, "packages.conda": {"b-1-0.tar.bz2": {"n": 2}}}'
    assert index.parse("linux-64", document) == {}


def test_the_compressed_index_is_the_index() -> None:
    data = index.render("linux-64", canonical({f"p{n}-1-0.conda": {"n": n} for n in range(100)}))
    packed = index.compress(data)
    assert zstd.decompress(packed) == data
    assert packed == index.compress(data)
    assert index.is_compressed(data, packed)
    assert index.is_compressed(data, zstd.compress(data, 19))
    assert not index.is_compressed(data + b" ", packed)
    assert not index.is_compressed(data, packed[:-3])
    assert not index.is_compressed(data, b"")


def test_canonical_json_has_one_form() -> None:
    assert index.canonical({"b": [1, "ä"], "a": None}) == '{"a":null,"b":[1,"ä"]}'
