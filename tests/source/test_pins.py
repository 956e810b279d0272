"""Finding pins in recipes' text, whatever the layout."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.source.pins import Pin, Scalar, lock_pins, pins, solve

ONE, TWO = "1" * 64, "2" * 64
FILE = Path("recipe.yaml")


def found(text: str) -> list[Pin]:
    return list(pins(FILE, text))


def short(text: str) -> list[tuple[str | None, str | None]]:
    """Path and first digit of the sha256 of each pin."""
    return [(pin.path, pin.sha256.text[0] if pin.sha256 else None) for pin in found(text)]


LAYOUTS = {
    "single": f"source:\n  url: debian:pool/a_1_all.deb\n  sha256: {ONE}\n",
    "sha256 first": f"source:\n  sha256: {ONE}\n  url: debian:pool/a_1_all.deb\n",
    "list": f"source:\n  - url: debian:pool/a_1_all.deb\n    sha256: {ONE}\n",
    "list without indent": f"source:\n- url: debian:pool/a_1_all.deb\n  sha256: {ONE}\n",
    "quoted": f'source:\n  - url: "debian:pool/a_1_all.deb"\n    sha256: "{ONE}"\n',
    "single quotes": f"source:\n  - url: 'debian:pool/a_1_all.deb'\n    sha256: '{ONE}'\n",
    "flow": f"source: [{{url: debian:pool/a_1_all.deb, sha256: {ONE}}}]\n",
    "flow, sha256 first": f'source:\n  - {{sha256: "{ONE}", url: "debian:pool/a_1_all.deb"}}\n',
    "comments": f"source:\n  # about it\n  - url: debian:pool/a_1_all.deb # why\n\n    # more\n    sha256: {ONE} # x\n",
    "other keys": f"source:\n  - url: debian:pool/a_1_all.deb\n    target_directory: x\n    sha256: {ONE}\n",
    "list of addresses": f"source:\n  - url:\n      - debian:pool/a_1_all.deb\n      - https://x/y\n    sha256: {ONE}\n",
    "flow list of addresses": f"source:\n  url: [debian:pool/a_1_all.deb, https://x/y]\n  sha256: {ONE}\n",
    "second address": f"source:\n  url:\n  - https://x/y\n  - debian:pool/a_1_all.deb\n  sha256: {ONE}\n",
    "in an output": f"outputs:\n  - package:\n      name: x\n    source:\n      - url: debian:pool/a_1_all.deb\n        sha256: {ONE}\n",
    "nested lists before": f"source:\n  - patches:\n      - a.patch\n    url: debian:pool/a_1_all.deb\n    sha256: {ONE}\n",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_layouts(text: str) -> None:
    [pin] = found(text)
    assert pin.path == "pool/a_1_all.deb"
    assert pin.sha256 is not None
    assert pin.sha256.text == ONE
    lines = text.splitlines()
    assert pin.address.text in lines[pin.address.line]
    assert ONE in lines[pin.sha256.line]


def test_neighbours_keep_their_own_sha256() -> None:
    text = (
        f"source:\n  - url: debian:pool/a_1_all.deb\n    sha256: {ONE}\n"
        f"  - url: https://example.org/x\n    sha256: {'3' * 64}\n"
        f"  - sha256: {TWO}\n    url: debian:pool/b_1_all.deb\n"
        f"  - {{url: debian:pool/c_1_all.deb, sha256: {'4' * 64}}}\n"
    )
    assert short(text) == [("pool/a_1_all.deb", "1"), ("pool/b_1_all.deb", "2"), ("pool/c_1_all.deb", "4")]


def test_a_source_without_sha256_takes_nobody_elses() -> None:
    text = f"source:\n  - url: debian:pool/a_1_all.deb\n  - url: debian:pool/b_1_all.deb\n    sha256: {ONE}\nabout:\n  sha256: {TWO}\n"
    assert short(text) == [("pool/a_1_all.deb", None), ("pool/b_1_all.deb", "1")]
    assert short("source:\n  url: debian:pool/a_1_all.deb\n") == [("pool/a_1_all.deb", None)]


def test_comments_hold_no_pins() -> None:
    assert (
        found("# debian:pool/a_1_all.deb\nsource:\n  #- url: debian:pool/b_1_all.deb\n  x: 1 # debian:pool/c\n") == []
    )


@pytest.mark.parametrize(
    "line",
    [
        "debian: x86_64-linux-gnu",
        "summary: from debian:stable",
        "url: notdebian:pool/a",
        "url: debian:dists/a",
        "x: debian:",
    ],
)
def test_words_that_only_look_like_pins(line: str) -> None:
    assert found(f"source:\n  {line}\n") == []


class TestContext:
    TEXT = (
        "context:\n"
        '  version: "1.2.13"  # upstream\n'
        "  name: zlib\n"
        "  folder: pool/main/z/${{ name }}\n"
        "  file: ${{ folder }}/${{name}}_${{ version }}.dfsg.orig.tar.gz\n"
        "  number: 3\n"
        "package:\n  version: 9\n"
        "source:\n  url:\n    - debian:${{ file }}\n    - https://example.org/${{ file }}\n"
        f"  sha256: {ONE}\n"
    )

    def test_names_are_expanded(self) -> None:
        [pin] = found(self.TEXT)
        assert pin.path == "pool/main/z/zlib/zlib_1.2.13.dfsg.orig.tar.gz"
        assert pin.address == Scalar(line=10, text="${{ file }}")
        assert pin.template == "pool/main/z/${{ name }}/${{name}}_${{ version }}.dfsg.orig.tar.gz"
        assert pin.others == ("https://example.org/pool/main/z/zlib/zlib_1.2.13.dfsg.orig.tar.gz",)
        assert dict(pin.context)["version"] == Scalar(line=1, text="1.2.13")
        assert dict(pin.context)["number"].text == "3"

    def test_values_can_be_found_for_a_new_path(self) -> None:
        [pin] = found(self.TEXT)
        assert solve(pin.template, "pool/main/z/zlib/zlib_1.3.dfsg.orig.tar.gz") == {"name": "zlib", "version": "1.3"}
        assert solve(pin.template, "pool/main/z/zlib/zlib_1.3.orig.tar.gz") is None
        assert solve(pin.template, "pool/main/z/zlib/other_1.3.dfsg.orig.tar.gz") is None

    def test_more_than_names_is_no_path(self) -> None:
        [pin] = found("source:\n  url: debian:pool/a_${{ version | replace('.', '_') }}_all.deb\n")
        assert pin.path is None
        [pin] = found("source:\n  url: debian:pool/a_${{ unknown }}_all.deb\n")
        assert pin.path is None

    def test_names_that_name_each_other_end(self) -> None:
        [pin] = found("context:\n  a: x${{ b }}\n  b: y${{ a }}\nsource:\n  url: debian:pool/${{ a }}\n")
        assert pin.path is None


@given(st.dictionaries(st.sampled_from(["a", "b"]), st.from_regex(r"[a-z0-9.]{1,6}", fullmatch=True), min_size=2))
def test_solving_undoes_expanding(values: dict[str, str]) -> None:
    template = "pool/${{ a }}_${{ b }}/x_${{a}}.deb"
    path = f"pool/{values['a']}_{values['b']}/x_{values['a']}.deb"
    assert solve(template, path) == values


def test_without_names_there_is_nothing_to_solve() -> None:
    assert solve("pool/a", "pool/a") == {}
    assert solve("pool/a", "pool/b") is None
    assert solve("pool/a+b", "pool/aab") is None


def test_the_rootfs_list() -> None:
    text = f"# name, version, path, sha256, size\nbash 5.2-1 pool/main/b/bash_5.2-1_amd64.deb {ONE} 12\n\nodd line\n"
    [pin] = lock_pins(Path("rootfs.lock"), text)
    assert pin.path == "pool/main/b/bash_5.2-1_amd64.deb"
    assert pin.sha256 == Scalar(line=1, text=ONE)
    assert pin.address == Scalar(line=1, text=text.splitlines()[1])


@given(st.text(alphabet="debian:pol/ \n-{}[]$\"'#urlsha256_.", max_size=200))
def test_no_text_is_too_odd(text: str) -> None:
    for pin in pins(FILE, text):
        assert pin.address.text in text.splitlines()[pin.address.line]
