"""Records of revision 3: apart from the others, in the form of CEP 48, read back, and solved with by rattler."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rattler import MatchSpec
from rattler.channel.channel import Channel
from rattler.package.build_string import BuildString
from rattler.package.package_name import PackageName
from rattler.repo_data.sparse import SparseRepoData
from rattler.solver.solver import solve_with_sparse_repodata
from rattler.version.version import Version
from rattler.virtual_package.generic import GenericVirtualPackage

from builder.channel import index
from builder.channel.revision import is_revised, revised


def record(name: str, version: str = "1", **more: object) -> str:
    return index.canonical(
        {
            "build": "0", "build_number": 0, "depends": [], "name": name, "version": version, "subdir": "noarch", "noarch": "generic",
            "sha256": "0" * 64, "md5": "0" * 32, "size": 1, "schema_version": 2, **more,
        }
    )  # fmt: skip


APP = record(
    "app",
    depends=["dep >=1", 'lin[when="__unix"]', 'win 1.*[when="__win"]', "pip"],
    constrains=["old <2"],
    extra_depends={"gpu": ["gpu >=1,<2 h*", "dep"]},
    flags=["cuda", "blas:mkl"],
    schema_version=3,
    repodata_revision=3,
)
RECORDS = {
    "app-1-0.conda": APP,
    "app-2-0.tar.bz2": record("app", "2", flags=["cpu"], repodata_revision=3),
    **{f"{name}-1-0.conda": record(name) for name in ("dep", "lin", "win", "gpu", "pip")},
}


def test_they_stand_in_a_section_of_their_own() -> None:
    document = json.loads(index.render("noarch", RECORDS))
    assert document["info"] == {"subdir": "noarch", "repodata_revisions": {"v3": {"n_packages": 2}}}
    assert document["repodata_version"] == 1
    assert set(document["packages.conda"]) == {f"{name}-1-0.conda" for name in ("dep", "lin", "win", "gpu", "pip")}
    assert document["packages"] == {}
    assert {extension: set(found) for extension, found in document["v3"].items()} == {
        "conda": {"app-1-0"},
        "tar.bz2": {"app-2-0"},
    }


def test_their_specs_have_brackets() -> None:
    found = json.loads(index.render("noarch", RECORDS))["v3"]["conda"]["app-1-0"]
    assert found["depends"] == [
        'dep[version=">=1"]', 'lin[when="__unix"]', 'win[version="1.*",when="__win"]', "pip",
    ]  # fmt: skip
    assert found["constrains"] == ['old[version="<2"]']
    assert found["extra_depends"] == {"gpu": ['gpu[version=">=1,<2",build="h*"]', "dep"]}


def test_without_them_nothing_is_said_of_revisions() -> None:
    assert b"v3" not in index.render("noarch", {"dep-1-0.conda": record("dep")})


def test_a_text_that_only_mentions_the_mark_is_no_mark() -> None:
    assert not is_revised(record("a", summary='"schema_version":3'))
    assert not is_revised(record("a"))
    assert is_revised(record("a", schema_version=3))
    assert is_revised(record("a", repodata_revision=3))


def test_a_spec_that_nobody_can_read_stays_as_it_is() -> None:
    assert json.loads(revised(record("a", depends=["???", "b  1"])))["depends"] == ["???", 'b[version="==1"]']


specs = st.sampled_from(["a", "b >=1", "c 1.* h*_0", 'd >=2[when="a<3 and b"]', "e[extras=[x, y]]", "f[flags=[g]]"])
records = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}-[0-9]\.[0-9]-[a-z0-9]{1,4}_0(\.conda|\.tar\.bz2)", fullmatch=True),
    st.builds(
        record,
        name=st.text(max_size=5),
        depends=st.lists(specs, max_size=3),
        schema_version=st.sampled_from([1, 2, 3]),
        extra_depends=st.dictionaries(st.sampled_from(["x", "y"]), st.lists(specs, max_size=2)),
    ),
    max_size=6,
)


@given(records)
def test_what_is_rendered_is_parsed_back_and_stays_so(made: dict[str, str]) -> None:
    data = index.render("noarch", made)
    expected = {name: revised(text) if is_revised(text) else text for name, text in made.items()}
    assert index.parse("noarch", data) == expected
    assert index.render("noarch", index.parse("noarch", data)) == data


@given(records, st.sampled_from([None, 2]))
def test_another_tools_layout_is_read_as_well(made: dict[str, str], indent: int | None) -> None:
    theirs = json.dumps(json.loads(index.render("noarch", made)), indent=indent).encode()
    assert index.parse("noarch", theirs) == index.parse("noarch", index.render("noarch", made))


def test_what_is_cut_off_is_no_index() -> None:
    whole = index.render("noarch", RECORDS)
    assert set(index.parse("noarch", whole)) == set(RECORDS)
    for length in range(len(whole) - 400, len(whole) - 1, 7):
        assert index.parse("noarch", whole[:length]) == {}


@pytest.mark.parametrize("section", ["null", "[]", '{"conda": []}', '{"conda": {"a-1-0": 1}}', '{"whl": {"a": {}}}'])
def test_a_section_that_is_none_holds_nothing(section: str) -> None:
    assert index.parse("noarch", f'{{"packages": {{}}, "v3": {section}}}'.encode()) == {}


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (["app"], ["app-2-0.tar.bz2"]),
        (["app[flags=[cuda]]"], ["app-1-0.conda", "dep-1-0.conda", "lin-1-0.conda", "pip-1-0.conda"]),
        (["app[flags=['blas:*'], extras=[gpu]]"],
         ["app-1-0.conda", "dep-1-0.conda", "gpu-1-0.conda", "lin-1-0.conda", "pip-1-0.conda"]),
        (["app[extras=[none]]"], ["app-2-0.tar.bz2"]),
    ],
)  # fmt: skip
def test_rattler_solves_with_them(tmp_path: Path, asked: list[str], found: list[str]) -> None:
    file = tmp_path / "repodata.json"
    gpu = {**RECORDS, "gpu-1-0.conda": record("gpu", build="h1")}
    file.write_bytes(index.render("noarch", gpu))
    data = SparseRepoData(Channel(tmp_path.as_uri()), "noarch", file)
    unix = GenericVirtualPackage(PackageName("__unix"), Version("0"), BuildString("0"))
    solved = asyncio.run(solve_with_sparse_repodata([MatchSpec(one) for one in asked], [data], virtual_packages=[unix]))
    assert sorted(one.file_name for one in solved) == found
