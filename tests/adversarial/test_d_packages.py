"""Hostile packages, ids D1 to D20 of the table: met by ``index``, given to ``inspect`` and ``test``, used by ``build``.

Each verb meets all hostile packages of one format at once, since a process costs more than they do: what it says of each
is what the tests of the ids look at.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.environment.layer import tree_in
from tests.adversarial.archives import file, folder, hardlink, special, symlink
from tests.adversarial.attack import CANARY, Attack, Ended, Told, row
from tests.adversarial.crates import FORMS, Crate, bombs, channel, doubled, listed, renamed, saying, without

VICTIM = "/etc/hostname"
BAD = f"{CANARY}-from-a-package"


CRATES: Mapping[str, tuple[Crate, ...]] = {
    "D1": (
        Crate(name="up", because=r"member '\.\./.*' has '\.\.' in its path", payload=[file(f"../{BAD}")]),
        Crate(name="up-inside", because=r"has '\.\.' in its path", payload=[file(f"share/../../{BAD}")]),
        Crate(name="up-in-info", because=r"has '\.\.' in its path", info=[file(f"info/../../{BAD}")]),
    ),
    "D2": (
        Crate(name="absolute", because="has an absolute path", payload=[file(f"/{BAD}")]),
        Crate(name="absolute-in-tmp", because="has an absolute path", payload=[file(f"/tmp/{BAD}")]),
    ),
    "D3": (
        Crate(
            name="through-absolute",
            because="member 'l' is an absolute symlink: '/tmp'",
            payload=[symlink("l", "/tmp"), file(f"l/{BAD}")],
            says=[listed("l", path_type="softlink"), listed(f"l/{BAD}")],
        ),
        Crate(
            name="through-up",
            because="member 'l' is a symlink that leaves",
            payload=[symlink("l", "../.."), file(f"l/{BAD}")],
            says=[listed("l", path_type="softlink"), listed(f"l/{BAD}")],
        ),
        Crate(
            name="through-a-chain",
            because="lies below 'c', which is a symlink",
            payload=[folder("a"), symlink("a/b", ".."), symlink("c", "a/b/.."), file(f"c/{BAD}")],
            says=[listed("a/b", path_type="softlink"), listed("c", path_type="softlink"), listed(f"c/{BAD}")],
        ),
        Crate(
            name="through-a-file",
            because="lies below 'l', which is a symlink",
            payload=[symlink("l", "share"), file(f"l/{BAD}")],
            says=[listed("l", path_type="softlink"), listed(f"l/{BAD}")],
        ),
    ),
    "D4": (
        Crate(
            name="hard-absolute",
            because="member 'h' .*absolute path",
            payload=[hardlink("h", VICTIM)],
            says=[listed("h")],
        ),
        Crate(
            name="hard-overwritten",
            because="member 'h' .*absolute path",
            payload=[hardlink("h", VICTIM), file("h")],
            says=[listed("h")],
        ),
    ),
    "D5": (
        Crate(
            name="hard-up",
            because=r"member 'h' has '\.\.'",
            payload=[hardlink("h", f"../../{BAD}")],
            says=[listed("h")],
        ),
    ),
    "D6": (
        Crate(
            name="character-device",
            because="member 'd' is a character device",
            payload=[special("d", "char")],
            says=[listed("d", b"")],
        ),
        Crate(
            name="block-device",
            because="member 'd' is a block device",
            payload=[special("d", "block")],
            says=[listed("d", b"")],
        ),
    ),
    "D7": (
        Crate(name="pipe", because="member 'f' is a FIFO", payload=[special("f", "fifo")], says=[listed("f", b"")]),
    ),
    "D10": (
        Crate(
            name="payload-twice",
            because="one pkg- and one info- archive",
            outside=doubled("pkg-", "pkg-other-1.0-0.tar.zst"),
            forms=["conda"],
        ),
        Crate(name="payload-again", because="one pkg- and one info- archive", outside=doubled("pkg-"), forms=["conda"]),
    ),
    "D11": (
        Crate(
            name="info-twice",
            because="one pkg- and one info- archive",
            outside=doubled("info-", "info-other-1.0-0.tar.zst"),
            forms=["conda"],
        ),
        Crate(name="info-again", because="one pkg- and one info- archive", outside=doubled("info-"), forms=["conda"]),
    ),
    "D12": (
        Crate(name="payload-in-info", because="lies in the info archive", info=[file(f"bin/{BAD}")], forms=["conda"]),
        Crate(
            name="info-in-payload",
            because="lies in the payload archive",
            payload=[file("info/index.json", b"{}")],
            forms=["conda"],
        ),
        Crate(
            name="info-by-capitals",
            because="lists 'INFO/index.json'",
            payload=[file("INFO/index.json", b"{}")],
            says=[listed("INFO/index.json", b"{}")],
        ),
        Crate(
            name="info-by-a-link",
            because="'info/about.json' is a symlink",
            info=[symlink("info/about.json", "../share")],
            forms=["conda"],
        ),
    ),
    "D13": (
        Crate(
            name="twice",
            because="member 'd' stands in it twice",
            payload=[file("d"), file("d", b"other")],
            says=[listed("d")],
        ),
        Crate(
            name="twice-in-info",
            because="member 'info/index.json' stands in it twice",
            info=[file("info/index.json", b"{}")],
        ),
        Crate(
            name="twice-as-a-folder",
            because="member 'd' stands in it twice",
            payload=[file("d"), folder("d")],
            says=[listed("d")],
        ),
    ),
    "D14": (
        Crate(name="no-format", because="must hold metadata.json", outside=without("metadata.json"), forms=["conda"]),
        Crate(
            name="format-99",
            because="does not say format version 2",
            outside=saying(b'{"conda_pkg_format_version": 99}'),
            forms=["conda"],
        ),
        Crate(name="format-none", because="does not say format version 2", outside=saying(b"[]"), forms=["conda"]),
    ),
    "D15": (
        Crate(name="deflated", because="'metadata.json' is not stored", deflated=True, forms=["conda"]),
        Crate(
            name="zip-up",
            because=r"must hold metadata.json, .* but holds \['\.\./",
            outside=doubled("metadata.json", f"../{BAD}"),
            forms=["conda"],
        ),
        Crate(
            name="zip-absolute",
            because="must hold metadata.json",
            outside=doubled("metadata.json", f"/{BAD}"),
            forms=["conda"],
        ),
        Crate(
            name="zip-renamed",
            because="the archives in it are those of 'zip-other-1.0-0'",
            outside=renamed("zip-renamed", "zip-other"),
            forms=["conda"],
        ),
    ),
    "D16": (
        Crate(name="another-name", because="'other'.* not the file's name", index={"name": "other"}),
        Crate(name="another-version", because="'2.0'.* not the file's name", index={"version": "2.0"}),
        Crate(name="another-build", because="not the file's name", index={"build": "1"}),
        Crate(name="a-path", because=r"'\.\./\.\./.*not the file's name", index={"name": f"../../{BAD}"}),
        Crate(name="no-name", because="None.*not the file's name", index={"name": None}),
        Crate(
            name="a-command",
            because=r"'\.\./\.\./x = a:b' is no entry point",
            index={"noarch": "python"},
            replaced={"link.json": b'{"noarch": {"type": "python", "entry_points": ["../../x = a:b"]}}'},
        ),
        Crate(
            name="a-place",
            because="python_site_packages_path cannot be",
            index={"python_site_packages_path": "../../../tmp"},
        ),
        Crate(name="a-tower", because="nested too deep", replaced={"index.json": b"[" * 100_000}),
        Crate(name="a-key-twice", because="the key 'a' stands twice", replaced={"index.json": b'{"a": 1, "a": 2}'}),
        Crate(name="half-a-sign", because="surrogates not allowed", index={"license": "\ud800"}),
        Crate(name="no-number", because="1e999 is too large", replaced={"index.json": b'{"timestamp": 1e999}'}),
        Crate(name="another-place", because="win-64", index={"subdir": "win-64"}, verbs=["index"]),
    ),
    "D17": (
        Crate(
            name="lists-too-much", because="lists 'there-is-none', which is not there", says=[listed("there-is-none")]
        ),
        Crate(name="lists-too-little", because="is not listed in paths.json", payload=[file(f"bin/{BAD}")]),
        Crate(
            name="lists-other-bytes",
            because="has not the digest",
            payload=[file(f"bin/{BAD}", b"y")],
            says=[listed(f"bin/{BAD}")],
        ),
        Crate(
            name="lists-other-sizes",
            because="has 2 bytes, and paths.json says 1",
            payload=[file(f"bin/{BAD}", b"yy")],
            says=[listed(f"bin/{BAD}")],
        ),
        Crate(
            name="lists-a-link",
            because="'l' is a symlink, and paths.json says hardlink",
            payload=[symlink("l", "share")],
            says=[listed("l")],
        ),
        Crate(name="lists-outside", because=r"lists '\.\./\.\./etc", says=[listed(f"../../etc/cron.d/{BAD}")]),
        Crate(
            name="lists-twice",
            because="lists 'share/lists-twice' twice",
            says=[listed("share/lists-twice"), listed("share/lists-twice")],
        ),
        Crate(name="lists-nothing", because="has no info/paths.json", replaced={"paths.json": None}),
        Crate(name="lists-two-ways", because="do not agree on", replaced={"files": b"bin/other\n"}),
        Crate(
            name="replaces-all",
            because="the placeholder 'a'",
            says=[listed("x", prefix_placeholder="a", file_mode="text")],
            payload=[file("x")],
        ),
    ),
    "D19": (
        Crate(name="cut-off", because=".", whole=lambda content: content[: len(content) // 2]),
        Crate(name="empty", because=".", whole=lambda _: b""),
        Crate(name="a-page", because=".", whole=lambda _: b"<!DOCTYPE html><html><body>404</body></html>"),
        Crate(
            name="a-byte-off",
            because=".",
            whole=lambda content: content[:60] + bytes([content[60] ^ 0x40]) + content[61:],
        ),
    ),
    "D20": (
        Crate(
            name="link-absolute",
            because="member 'l' is an absolute symlink: '/etc/passwd'",
            payload=[symlink("l", "/etc/passwd")],
            says=[listed("l", path_type="softlink")],
        ),
        Crate(
            name="link-up",
            because="member 'l' is a symlink that leaves",
            payload=[symlink("l", "../../etc/passwd")],
            says=[listed("l", path_type="softlink")],
        ),
        Crate(
            name="link-by-links",
            because="member 'c' is a symlink that leaves",
            payload=[folder("a"), symlink("a/b", ".."), symlink("c", "a/b/../..")],
            says=[listed("a/b", path_type="softlink"), listed("c", path_type="softlink")],
        ),
    ),
}


AT_ONCE = 16
"""Packages that one recipe needs: a solve costs more than they do."""


@dataclass(frozen=True, slots=True)
class Said:
    """What was ``told`` of packages, by format, verb and the crate's name.

    ``runs`` are those that met a format's packages, all in one: more than any of them takes alone.
    """

    told: Mapping[tuple[str, str, str], list[Told]]
    runs: Mapping[tuple[str, str], Ended]


_OUT = re.compile(r"warning: linux-64/(?P<name>.+?) stays out of the index: (?P<why>.*)")


@pytest.fixture(scope="module")
def said(oven: Path, tmp_path_factory: pytest.TempPathFactory) -> Said:
    """Let each verb meet all hostile packages of each format."""
    found: dict[tuple[str, str, str], list[Told]] = {}
    runs: dict[tuple[str, str], Ended] = {}
    for form in FORMS:
        attack = Attack(tmp_path_factory.mktemp("crates").resolve())
        for verb, ended in _ended(attack, form, oven).items():
            assert ended.code == (0 if verb == "index" else 2), (verb, ended.err[-2000:])
            runs[form, verb] = ended
            told = _stayed_out(ended) if verb == "index" else ended.told
            for crate in _crates(form):
                found[form, verb, crate.name] = [one for one in told if one.message.startswith(f"{crate.stem}.{form}")]
    return Said(found, runs)


def _crates(form: str) -> Iterator[Crate]:
    return (crate for group in CRATES.values() for crate in group if form in crate.forms)


def _ended(attack: Attack, form: str, store: Path) -> dict[str, Ended]:
    """Run the four verbs. A channel that is indexed anew changes, so that one lies where the command may write."""
    packages = channel(attack.folder / "channel", _crates(form), form)
    channel(attack.store / "indexed", _crates(form), form)
    needs = [crate.name for crate in _crates(form) if "build" in crate.verbs]
    given = [packages[name] for name in needs]
    script = f"touch $PREFIX/{CANARY}-by-script"
    recipes = []
    for number, some in enumerate(needs[first : first + AT_ONCE] for first in range(0, len(needs), AT_ONCE)):
        recipe = f"package: {{name: d{number}, version: '1'}}\nbuild: {{script: ['{script}']}}\n"
        text = f"{recipe}requirements: {{host: [{', '.join(some)}]}}\n"
        recipes.append(attack.put(f"recipes/d{number}/recipe.yaml", text))
    options: list[str | Path] = ["-c", attack.folder / "channel", "--out", attack.store / "out", "--keep-going"]
    return {
        "index": attack.run("index", attack.store / "indexed"),
        "inspect": attack.run("inspect", *given),
        "test": attack.run("test", *given, memory=None),
        "build": attack.run("build", *recipes, *options, memory=None, store=store, tasks=True),
    }


def _stayed_out(ended: Ended) -> list[Told]:
    """What ``index`` said, as problems; the remedy is that the package is in no index."""
    found = (_OUT.fullmatch(line) for line in ended.err.splitlines())
    return [
        Told(file="", line=None, column=None, message=one["why"], frame=None, caret=None, remedy="it stays out")
        for one in found
        if one is not None
    ]


def refused(attack: Attack, said: Said, identity: str) -> None:
    """Check that each package of an id was refused by every verb, in one line that says why, with a remedy."""
    for form in FORMS:
        for crate in CRATES[identity]:
            if form in crate.forms:
                attack.inputs += 1
                for verb in crate.verbs:
                    (told,) = said.told[form, verb, crate.name]
                    attack.judge(said.runs[form, verb])
                    assert re.search(crate.because, told.message), (form, verb, crate.name, told.message)
                    assert told.remedy
                    assert len(told.message) < 1000


@row("D1", "a member above the package is refused")
def test_d01_up(attack: Attack, said: Said) -> None:
    refused(attack, said, "D1")


@row("D2", "an absolute member is refused")
def test_d02_absolute(attack: Attack, said: Said) -> None:
    refused(attack, said, "D2")


@row("D3", "nothing is written through a symlink")
def test_d03_through_links(attack: Attack, said: Said) -> None:
    refused(attack, said, "D3")


@row("D4", "a hard link to a file of the machine is refused")
def test_d04_hard_links_to_files_of_the_machine(attack: Attack, said: Said) -> None:
    refused(attack, said, "D4")


@row("D5", "a hard link out of the package is refused")
def test_d05_hard_links_up(attack: Attack, said: Said) -> None:
    refused(attack, said, "D5")


@row("D6", "a device is refused, and not made")
def test_d06_devices(attack: Attack, said: Said) -> None:
    refused(attack, said, "D6")


@row("D7", "a pipe is refused, and nobody waits")
def test_d07_pipes(attack: Attack, said: Said) -> None:
    refused(attack, said, "D7")


@row("D10", "two payloads are refused")
def test_d10_two_payloads(attack: Attack, said: Said) -> None:
    refused(attack, said, "D10")


@row("D11", "two infos are refused")
def test_d11_two_infos(attack: Attack, said: Said) -> None:
    refused(attack, said, "D11")


@row("D12", "payload among the metadata is refused, and metadata in the payload")
def test_d12_each_half_in_its_place(attack: Attack, said: Said) -> None:
    refused(attack, said, "D12")


@row("D13", "a member that is there twice is refused")
def test_d13_members_twice(attack: Attack, said: Said) -> None:
    refused(attack, said, "D13")


@row("D14", "another format, or none, is refused")
def test_d14_formats_that_nobody_knows(attack: Attack, said: Said) -> None:
    refused(attack, said, "D14")


@row("D15", "a zip that is not as CEP 35 says is refused")
def test_d15_the_zip_around_it(attack: Attack, said: Said) -> None:
    refused(attack, said, "D15")


@row("D16", "a package that is not what its name says is refused")
def test_d16_another_package(attack: Attack, said: Said) -> None:
    refused(attack, said, "D16")


@row("D16", "a package that is not what its name says is refused")
@pytest.mark.parametrize(("key", "value"), [("build_number", 7)])
def test_d16_another_record(attack: Attack, oven: Path, key: str, value: object) -> None:
    """An index may say other things of what a package needs, but not of what it is."""
    channel(attack.folder / "channel", [Crate(name="liar")], "conda", **{key: value})
    attack.put("recipe.yaml", "package: {name: d, version: '1'}\nrequirements: {host: [liar]}\n")
    options: list[str | Path] = ["-c", attack.folder / "channel", "--out", attack.store / "out"]
    told = attack.refused(f"liar-1.0-0.conda has the {key} ", "build", attack.folder, *options, store=oven)
    assert f"says {value!r}" in told.message


@row("D17", "a list of files that lies is refused")
def test_d17_lists_that_lie(attack: Attack, said: Said) -> None:
    refused(attack, said, "D17")


@row("D19", "what is no package is refused")
def test_d19_no_packages(attack: Attack, said: Said) -> None:
    refused(attack, said, "D19")


@row("D20", "a symlink out of the package is refused")
def test_d20_links_out(attack: Attack, said: Said) -> None:
    refused(attack, said, "D20")


@row("D18", "four GiB in some kilobytes are refused by what is declared, or by the ratio")
@pytest.mark.parametrize(("verb", "stems"), [("inspect", None), ("test", ["silent-1.0-0"])])
def test_d18_bombs(attack: Attack, verb: str, stems: list[str] | None) -> None:
    for stem, (form, because, content) in bombs().items():
        if stems is None or stem in stems:
            assert len(content) < 1 << 20
            package = attack.put(f"{stem}.{form}", content)
            attack.refused(rf"{re.escape(package.name)}: .*{because}", verb, package)


# -- what is taken away -----------------------------------------------------------------------------------------------

STRIPPED = (
    Crate(
        name="set-bits",
        payload=[file("s", mode=0o4755), file("g", mode=0o2755), file("t", mode=0o1644)],
        says=[listed("s"), listed("g"), listed("t")],
    ),
    Crate(
        name="open-modes",
        payload=[file("a", mode=0o777), file("b", mode=0o666), folder("d", 0o777), file("d/c", mode=0)],
        says=[listed("a"), listed("b"), listed("d/c")],
    ),
)


@dataclass(frozen=True, slots=True)
class TakenIn:
    """The ``modes`` of what is in the store of each package, all of it ours, and the run that put it there."""

    modes: Mapping[str, list[dict[str, int]]]
    run: Ended


@pytest.fixture(scope="module")
def taken_in(oven: Path, tmp_path_factory: pytest.TempPathFactory) -> TakenIn:
    """Let ``test`` take packages in, in both formats."""
    attack = Attack(tmp_path_factory.mktemp("taken").resolve())
    packages = [channel(attack.folder / form, STRIPPED, form) for form in FORMS]
    ended = attack.run("test", *(path for one in packages for path in one.values()), store=oven, memory=None)
    assert ended.code == 0, ended.err[-2000:]
    found: dict[str, list[dict[str, int]]] = {crate.name: [] for crate in STRIPPED}
    for one in packages:
        for name, path in one.items():
            place = tree_in(oven / "folders" / "unpacked" / hashlib.sha256(path.read_bytes()).hexdigest())
            there = {str(file.relative_to(place)): file.lstat() for file in place.rglob("*")}
            assert {one.st_uid for one in there.values()} == {os.getuid()}
            found[name].append({file: stat.S_IMODE(one.st_mode) for file, one in there.items()})
    return TakenIn(found, ended)


@row("D8", "set-user-ID, set-group-ID and sticky bits are taken away; an error at pack", "stripped")
def test_d08_set_bits(attack: Attack, taken_in: TakenIn) -> None:
    attack.judge(taken_in.run)
    for modes in taken_in.modes["set-bits"]:
        attack.inputs += 1
        assert {name: modes[name] for name in "sgt"} == {"s": 0o755, "g": 0o755, "t": 0o644}


@row("D9", "owners, write and read bits are those of every package", "stripped")
def test_d09_modes_and_owners(attack: Attack, taken_in: TakenIn) -> None:
    attack.judge(taken_in.run)
    for modes in taken_in.modes["open-modes"]:
        attack.inputs += 1
        assert {name: modes[name] for name in ("a", "b", "d", "d/c")} == {
            "a": 0o755,
            "b": 0o644,
            "d": 0o755,
            "d/c": 0o600,
        }


# -- what we do not write either --------------------------------------------------------------------------------------

MISTAKES = """
package: {name: mistaken, version: "1"}
build:
  script:
    - cd $PREFIX && mkdir bin info share
    - echo x > bin/set && chmod 4755 bin/set && echo x > bin/group && chmod 2755 bin/group
    - ln -s /etc/hostname share/absolute && ln -s ../../out share/up && ln -s up share/chain
    - echo x > info/index.json && echo x > $'share/two\\nlines' && mkfifo share/pipe
"""


@pytest.fixture(scope="module")
def mistaken(oven: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a build says that would pack what no package may hold: by check and path."""
    attack = Attack(tmp_path_factory.mktemp("mistaken").resolve())
    attack.put("recipe.yaml", MISTAKES)
    ended = attack.build(attack.folder, "--out", attack.store / "out", store=oven)
    assert ended.code == 1, ended.err
    assert not list((attack.store / "out").rglob("mistaken*"))
    assert all(told.remedy for told in ended.told if "pipe" in told.file)
    return {told.file.rpartition(": ")[2]: told.message for told in ended.told}


@row("D8", "set-user-ID, set-group-ID and sticky bits are taken away; an error at pack")
def test_d08_nor_do_we_pack_them(mistaken: dict[str, str]) -> None:
    assert "set-user-ID" in mistaken["bin/set"]
    assert "set-user-ID" in mistaken["bin/group"]


@row("D7", "a pipe is refused, and nobody waits")
def test_d07_nor_do_we_pack_them(mistaken: dict[str, str]) -> None:
    assert "FIFO" in mistaken["share/pipe"]


@row("D12", "payload among the metadata is refused, and metadata in the payload")
def test_d12_nor_do_we_pack_them(mistaken: dict[str, str]) -> None:
    assert "nothing may be installed there" in mistaken["info/index.json"]


@row("D20", "a symlink out of the package is refused")
def test_d20_nor_do_we_pack_them(mistaken: dict[str, str]) -> None:
    assert "leads to /etc/hostname, outside of the prefix" in mistaken["share/absolute"]
    assert "out of the prefix" in mistaken["share/up"]
    assert "out of the prefix" in mistaken["share/chain"]
