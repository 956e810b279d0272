"""Group C: hostile sources, through the real command. Each is refused, stripped, warned about or kept as its row says."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from tests.adversarial.archives import (
    FORMATS,
    GIB,
    TARS,
    Entry,
    bombs,
    file,
    folder,
    hardlink,
    many,
    special,
    symlink,
    tar,
    zipped,
)
from tests.adversarial.attack import CPU_SECONDS, Attack, Ended, row
from tests.source.server import Answer, Server, body_of, redirect, serving

RECIPE = """\
package: {{name: {name}, version: "1"}}
source:
  url: {url}
  {digest}
build:
  noarch: generic
  script: {script}
"""
NAMES = "names that Windows and macOS cannot hold are told, and refused where these are the target"
ODD = "control characters are refused; names that are no UTF-8 are kept and told, and in no package"
UNHASHED = "no sha256, or md5 alone, is refused; what --allow-unhashed takes is recorded, and never publishable"
ADDRESSES = "a farm asks no private machine and reads no file of its own, by whatever name or redirect"
LINKED = [*TARS, "deb"]
"""The formats that have hard links."""


@pytest.fixture(scope="module")
def oven(kitchen: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which a build went well before: what a command prepares only once is not an attack's cost."""
    warm = Attack(tmp_path_factory.mktemp("warm"))
    archive = warm.put("a-1.tar", tar([file("a-1/a"), file("a-1/b")]))
    ended = warm.build(recipe(warm, "warm", archive.as_uri(), archive), *out(warm), store=kitchen)
    assert ended.code == 0, ended.err
    return kitchen


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serving() as running:
        yield running


def out(attack: Attack) -> tuple[str, Path]:
    return "--out", attack.store / "channel"


def recipe(attack: Attack, name: str, url: str, content: Path | bytes | None = None, script: str = "'true'") -> Path:
    """Write a recipe with one source; ``content`` is what its sha256 is of, None for none."""
    data = content.read_bytes() if isinstance(content, Path) else content
    digest = f"sha256: {hashlib.sha256(data).hexdigest()}" if data is not None else "file_name: a"
    return attack.put(f"{name}/recipe.yaml", RECIPE.format(name=name, url=url, digest=digest, script=script))


def shelved(attack: Attack, archives: Mapping[str, bytes], script: str = "'true'") -> list[Path]:
    """Write a recipe for each archive (its file name → its bytes) and return the recipes."""
    attack.inputs += len(archives)
    made = []
    for number, (name, data) in enumerate(archives.items()):
        place = attack.put(f"r{number}/{name}", data)
        made.append(recipe(attack, f"r{number}", place.as_uri(), data, script))
    return made


def named(stem: str, entries: Sequence[Entry], formats: Sequence[str] = tuple(FORMATS)) -> dict[str, bytes]:
    """The same members in an archive of each format."""
    return {f"{stem}-{end.replace('.', '-')}.{end}": FORMATS[end](entries) for end in formats}


@dataclass(frozen=True, slots=True)
class Expected:
    """A hostile archive, and why it is refused: what the line about it matches and holds."""

    data: bytes
    because: str
    member: str


def each(archives: Mapping[str, bytes], because: str, member: str = "member '") -> dict[str, Expected]:
    return {name: Expected(data, because, member) for name, data in archives.items()}


def refused(attack: Attack, oven: Path, hostile: Mapping[str, Expected], *options: str, cpu: int = CPU_SECONDS) -> None:
    """Build from all archives at once: each is refused in one line that names it and its member, with a remedy.

    Each has ``cpu`` seconds for itself.
    """
    recipes = shelved(attack, {name: one.data for name, one in hostile.items()})
    asked: tuple[str | Path, ...] = (*recipes, "--keep-going", *out(attack), *options)
    ended = attack.run("build", *asked, store=oven, memory=None, cpu=cpu, tasks=True)
    assert ended.code in {1, 2}, (ended.code, ended.err[-2000:])
    for name, one in hostile.items():
        told = [told for told in ended.told if told.message.startswith(f"{name}: ")]
        assert told, (name, ended.err[-3000:])
        line = told[0].message
        assert re.search(one.because, line), (one.because, line)
        assert one.member in line, (one.member, line)
        assert told[0].remedy, line
        assert len(line) < 1000, line[:200]
        assert line.isprintable(), ascii(line)


def built(attack: Attack, oven: Path, archives: Mapping[str, bytes], script: str) -> tuple[list[Any], Ended]:
    """Build from all ``archives``, and return what is said of the packages, and how it ended."""
    recipes = shelved(attack, archives, script)
    ended = attack.build(*recipes, *out(attack), "--json", store=oven)
    assert ended.code == 0, ended.err[-3000:]
    attack.judge(ended)
    return ended.document(), ended


def warnings(package: Mapping[str, Any]) -> list[str]:
    return [one["message"] for one in package["findings"] if one["check"].startswith("source-")]


@row("C1", "a member that leads upward is refused, in every format")
def test_c01_upward_members(attack: Attack, oven: Path) -> None:
    archives = named("up", [file("fine"), file("../escaped")])
    ways = ["a/../../escaped", "..", "a/..", "./../escaped", "../../../../../../tmp/escaped"]
    archives |= {f"way-{number}.tar": tar([file(way)]) for number, way in enumerate(ways)}
    archives |= {f"folder-{number}.tar": tar([folder(way)]) for number, way in enumerate(ways)}
    refused(attack, oven, each(archives, r"has '\.\.' in its path"))


@row("C2", "an absolute member is refused, in every format")
def test_c02_absolute_members(attack: Attack, oven: Path) -> None:
    place = str(attack.folder / "escaped")
    archives = named("abs", [file("fine"), file(place)])
    archives |= {"slashes.tar": tar([file(f"//{place}")]), "folder.tar": tar([folder(f"{place}/")])}
    refused(attack, oven, each(archives, "has an absolute path", "member '/"))


@row("C3", "nothing is written through a symlink of the archive, and none leads out")
def test_c03_written_through_a_symlink(attack: Attack, oven: Path) -> None:
    absolute = named("absolute", [symlink("d", str(attack.folder)), file("d/escaped")])
    upward = named("upward", [folder("a"), symlink("a/d", "../../.."), file("a/d/escaped")])
    hostile = each({**absolute, **upward}, "absolute symlink|symlink that leaves the archive|lies below")
    within = named("within", [folder("a"), symlink("d", "a"), file("d/escaped")])
    chained = {
        "chain.tar": tar([symlink("a", "b"), symlink("b", "c"), folder("c"), file("a/escaped")]),
        "swap.tar": tar([folder("a"), file("a/x"), symlink("a", "/tmp"), file("a/escaped")]),
        "later.tar": tar([file("d/x"), symlink("d", "..")]),
        "sum.tar": tar([folder("a"), symlink("a/b", ".."), symlink("c", "a/b/.."), file("c/escaped")]),
    }
    hostile |= each({**within, **chained}, "lies below|as a folder and as something else|symlink")
    refused(attack, oven, hostile)


@row("C4", "a hard link to anything but a regular member before it is refused")
def test_c04_hard_links(attack: Attack, oven: Path) -> None:
    victim = attack.put("victim", "whole")
    hostile: dict[str, Expected] = {}
    for name, target in {"absolute": str(victim), "upward": "../../victim", "nothing": "never"}.items():
        archives = named(name, [hardlink("x", target), file("x", b"overwritten")], LINKED)
        hostile |= each(archives, r"hard link|absolute path|'\.\.'", "member 'x'")
    to_links = {
        "link.tar": tar([file("a"), symlink("l", "a"), hardlink("x", "l")]),
        "folder.tar": tar([folder("a"), hardlink("x", "a")]),
        "itself.tar": tar([hardlink("x", "x")]),
        "later.tar": tar([hardlink("x", "y"), file("y")]),
    }
    hostile |= each(to_links, "is a hard link to", "member 'x'")
    refused(attack, oven, hostile)
    assert victim.read_text() == "whole"


@row("C5", "a path that no kernel resolves is refused by its length and depth")
def test_c05_longer_than_paths_may_be(attack: Attack, oven: Path) -> None:
    step, letters = "d" * 247, "abcdefghijklmnop"
    entries, path = [], ""
    for letter in letters:
        entries += [folder(f"{path}{step}"), symlink(f"{path}{letter}", step)]
        path += f"{step}/"
    way = "/".join(letters)
    entries += [symlink(f"{way}/{'l' * 254}", "../" * 16), symlink("out", f"{way}/{'l' * 254}/../../../../tmp")]
    entries += [hardlink("flag", "out/escaped"), file("flag", b"escaped")]
    chain = {f"chain-{number}.{end}": FORMATS[end](entries) for number, end in enumerate(LINKED)}
    hostile = each(chain, "more than 1024 bytes", "member 'd")
    hostile |= each(named("deep", [file("/".join("a" * 65))]), "more than 64 folders deep", "member 'a/a/")
    hostile |= each(named("wide", [file("n" * 256)]), "a name of more than 255 bytes", "member 'nnn")
    ring = {"ring.tar": tar([symlink("a", "b/x"), symlink("b", "a/y"), file("a/b/escaped")])}
    refused(attack, oven, hostile | each(ring, "lies below", "member 'a/b/escaped'"))


@row("C6", "a zip whose member leads out is refused, whatever its two headers say")
def test_c06_zip_members(attack: Attack, oven: Path) -> None:
    ways = {"up": "../escaped", "deep": "a/../../escaped", "absolute": "/tmp/escaped"}
    archives = {f"{name}.zip": zipped([file(way)]) for name, way in ways.items()}
    hostile = each(archives, r"has '\.\.' in its path|absolute path")
    plain, hidden = b"aaaaaaaaaa", b"../escaped"
    good = zipped([file(plain)])
    at = good.rindex(plain)
    central = good[:at] + hidden + good[at + len(hidden) :]
    headers = {"central.zip": central, "local.zip": good.replace(plain, hidden, 1)}
    hostile |= each(headers, "the zip's directory gives member .* another name")
    refused(attack, oven, hostile)


@row("C7", "devices, pipes and sockets are refused")
def test_c07_special_members(attack: Attack, oven: Path) -> None:
    what = "device|pipe|FIFO|fifo|no file, folder or symlink|socket|neither"
    hostile: dict[str, Expected] = {}
    for kind in ("char", "block", "fifo"):
        hostile |= each(named(kind, [file("fine"), special("escaped", kind)]), what, "'escaped'")
    hostile |= each(named("socket", [special("escaped", "socket")], ["zip", "whl", "7z"]), what, "'escaped'")
    refused(attack, oven, hostile)


@row("C8", "set-user and set-group bits, and leave for all to write, are dropped and told", "stripped")
def test_c08_mode_bits(attack: Attack, oven: Path) -> None:
    entries = [folder("t", 0o2777), file("t/set-user", mode=0o4755), file("t/set-group", mode=0o2755),
               file("t/all", mode=0o666), file("t/sticky", mode=0o1755)]  # fmt: skip
    archives = named("bits", entries, ["tar.gz", "zip", "7z", "deb"])
    script = "find . -perm /7022 | grep . && exit 1; mkdir -p $PREFIX/share && find . -name set-user -exec cp -p {} $PREFIX/share/$PKG_NAME \\;"
    packages, ended = built(attack, oven, archives, json.dumps(script))
    assert len(packages) == len(archives)
    for package, name in zip(sorted(packages, key=lambda one: one["path"]), archives, strict=True):
        told = warnings(package)
        assert len(told) == 2, told
        assert all(line.startswith(f"{name}: member ") for line in told), told
        assert any(
            "set-user, set-group or sticky bits" in line and re.search(r"\(and [23] more", line) for line in told
        ), told
        assert any("written by anybody" in line for line in told), told
    assert "warning" in ended.err or ended.err == ""


@row("C9", "what expands more than 200 times is refused, before it fills the disk")
def test_c09_bombs(attack: Attack, oven: Path) -> None:
    made = bombs(4 * GIB)
    assert all(len(data) < 5 << 20 for data in made.values()), {name: len(data) for name, data in made.items()}
    archives = {f"bomb-{number}.{end}": data for number, (end, data) in enumerate(made.items())}
    refused(attack, oven, each(archives, "expands|holds more than", ""))


MANY = "more than 500,000 members are refused, or than the user allows"


@row("C10", MANY)
def test_c10_too_many_members(attack: Attack, oven: Path) -> None:
    refused(attack, oven, each({"many.7z": many(500_001)}, "500,?00[01] members", ""), cpu=20)


@row("C10", MANY)
def test_c10_as_many_as_the_user_says(attack: Attack, oven: Path) -> None:
    """In every format, by an option or a file; what is as many passes."""
    crowd = named("crowd", [file(f"t/{number}") for number in range(50)])
    because = "(50 members|one more than the 49 members).* allowed"
    refused(attack, oven, each(crowd, because, ""), "--archive-limit", "members=49")
    attack.put("bakehouse.yaml", "archives: {members: 49}\n")
    some = {name: data for name, data in crowd.items() if name.endswith((".gz", ".zip", ".7z"))}
    refused(attack, oven, each(some, because, ""))
    asked: list[str | Path] = [*shelved(attack, some), *out(attack), "--archive-limit", "members=50"]
    ended = attack.run("build", *asked, store=oven, memory=None, tasks=True)
    assert ended.code == 0, ended.err


TWINS = ["README", "Readme", "caf\u00e9", "cafe\u0301", "con", "aux.c", "name.", "blank "]


@row("C11", NAMES, "warned")
def test_c11_names_for_other_systems(attack: Attack, oven: Path) -> None:
    archives = named("twins", [file(f"t/{name}") for name in TWINS], ["tar.gz", "zip", "7z", "whl", "deb"])
    packages, _ = built(attack, oven, archives, "'true'")
    for package, name in zip(sorted(packages, key=lambda one: one["path"]), archives, strict=True):
        told = warnings(package)
        assert len(told) == 3, told
        assert all(line.startswith(f"{name}: member ") and line.endswith("(and 1 more like it)") for line in told), told
        for words in ("Windows keeps for a device", "which Windows drops", "are one where case"):
            assert any(words in line for line in told), (words, told)


@row("C11", NAMES)
def test_c11_for_those_systems(attack: Attack, oven: Path) -> None:
    kinds = {"case": TWINS[:2], "accents": TWINS[2:4], "device": TWINS[4:6], "dot": TWINS[6:]}
    archives = {f"{kind}.tar": tar([file(f"t/{name}") for name in names]) for kind, names in kinds.items()}
    because = "are one where case|Windows keeps for a device|Windows drops"
    refused(attack, oven, each(archives, because, "member 't/"), "--target-platform", "osx-arm64")


@row("C12", ODD)
def test_c12_control_characters(attack: Attack, oven: Path) -> None:
    names = {"newline": "escaped\nerror: all is well", "ansi": "escaped\x1b[2J", "del": "escaped\x7f"}
    hostile: dict[str, Expected] = {}
    for stem, name in names.items():
        hostile |= each(named(stem, [file(name)]), "has a control character in its path", "member 'escaped\\")
    refused(attack, oven, hostile)


@row("C12", ODD, "kept")
def test_c12_odd_bytes_are_kept(attack: Attack, oven: Path) -> None:
    odd = b"t/caf\xe9", b"t/a\\b"
    archives = {f"odd.{end}": FORMATS[end]([file(name) for name in odd]) for end in ("tar.gz", "zip", "deb")}
    script = "find . -type f | LC_ALL=C grep -qa $(printf 'caf\\351') && find . -type f | grep -qF 'a\\b'"
    packages, _ = built(attack, oven, archives, json.dumps(script))
    for package in packages:
        assert any("is no UTF-8" in line for line in warnings(package)), package["findings"]
        assert any("backslash" in line for line in warnings(package)), package["findings"]


@row("C12", ODD)
def test_c12_not_in_packages(attack: Attack, oven: Path) -> None:
    data = tar([file(b"t/caf\xe9")])
    [made] = shelved(attack, {"odd.tar": data}, json.dumps("mkdir -p $PREFIX/share && cp * $PREFIX/share/"))
    ended = attack.build(made, *out(attack), store=oven)
    assert ended.code == 1, ended.err
    attack.judge(ended)
    assert any("UTF-8" in one.message and one.remedy for one in ended.told), ended.err


@row("C13", UNHASHED)
def test_c13_no_sha256(attack: Attack) -> None:
    data = tar([file("a/b")])
    place = attack.put("a.tar", data)
    digests = {"none": "", "md5": f"md5: {hashlib.md5(data).hexdigest()}", "wrong": f"md5: {'0' * 32}"}
    recipes = {
        name: attack.put(f"{name}/recipe.yaml", RECIPE.format(name=name, url=place.as_uri(), digest=digest, script=1))
        for name, digest in digests.items()
    }
    legacy = "package: {{name: {name}, version: '1'}}\nsource: {{url: {url}, {digest}}}\nbuild: {{noarch: generic}}\n"
    sha1 = f"sha1: {hashlib.sha1(data).hexdigest()}"
    for name, digest in {"old-md5": digests["md5"], "old-sha1": sha1}.items():
        recipes[name] = attack.put(f"{name}/meta.yaml", legacy.format(name=name, url=place.as_uri(), digest=digest))
    attack.inputs = len(recipes)
    for verb in ("plan", "build"):
        attack.refused("has no sha256", verb, recipes["md5"], *out(attack))
    ended = attack.run("fetch", *recipes.values(), memory=None)
    assert ended.code == 2, ended.err
    assert len(ended.told) == 3, "what all say alike is said once"
    for told in ended.told:
        assert "has no sha256" in told.message
        assert f"sha256: {hashlib.sha256(data).hexdigest()}" in (told.remedy or "")
    assert sum("md5 alone proves nothing" in told.message for told in ended.told) == 2


@row("C13", UNHASHED, "warned")
def test_c13_allowed(attack: Attack, oven: Path) -> None:
    data = tar([file("a/b")])
    place, attack.inputs = attack.put("a.tar", data), 1
    digest = f"md5: {hashlib.md5(data).hexdigest()}"
    made = attack.put("md5/recipe.yaml", RECIPE.format(name="md5", url=place.as_uri(), digest=digest, script="'true'"))
    ended = attack.build(made, *out(attack), "--allow-unhashed", "--json", store=oven)
    assert ended.code == 0, ended.err
    attack.judge(ended)
    [package] = ended.document()
    [finding] = [one for one in package["findings"] if one["check"] == "unhashed"]
    sha256 = hashlib.sha256(data).hexdigest()
    assert sha256 in finding["remedy"]
    [inspected] = attack.run("inspect", package["path"], "--json").document()
    keys = inspected["bakehouse"]["keys"]
    assert keys["publishable"] is False
    assert keys["sources"] == [{"kind": "url", "sha256": sha256, "unhashed": True, "url": place.as_uri()}]
    sources = inspected["statement"]["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert [one["annotations"] for one in sources if one["digest"] == {"sha256": sha256}] == [{"unhashed": True}]
    user = (
        "package: {name: user, version: '1'}\nbuild: {noarch: generic, script: 'true'}\nrequirements: {host: [md5]}\n"
    )
    built = attack.build(attack.put("user/recipe.yaml", user), *out(attack), "--json", store=oven)
    assert [one["check"] for one in built.document()[0]["findings"]] == ["unpublishable"]
    attack.put("bakehouse.yaml", "policy: farm\n")
    attack.refused("not there on a farm", "build", made, *out(attack), "--allow-unhashed", store=oven)
    attack.refused("md5-1-.* is never to be published", "index", attack.store / "channel")
    attack.refused("user-1-.* is never to be published", "index", attack.store / "channel")
    attack.put("other/recipe.yaml", user.replace("user", "other"))
    attack.refused("is never to be published", "build", attack.folder / "other", *out(attack), store=oven)


def over_long(data: bytes, promised: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % promised + data)
        handler.close_connection = True

    return answer


@row("C14", "wrong bytes, lengths, redirects and pages are refused, and never in the store")
def test_c14_servers_that_lie(attack: Attack, server: Server) -> None:
    data = tar([file("a/b", b"bytes" * 2000)])
    page = b"<!doctype html><html><title>Please log in</title></html>"
    lies: dict[str, tuple[Answer, str]] = {
        "other": (body_of(data[::-1]), "sha256 is"),
        "page": (body_of(page, "text/html"), r"a page of HTML \(.Please log in.\)"),
        "long": (over_long(data + b"more", len(data) - 1), "sha256 is"),
        "loop": (redirect("/loop"), "more than 10 redirects"),
        "file": (redirect("file:///etc/passwd"), "redirects from http to file:"),
        "scheme": (redirect("ftp://example.org/a"), "redirects from http to ftp:"),
    }
    recipes = [recipe(attack, name, server.say(f"/{name}", answer), data) for name, (answer, _) in lies.items()]
    attack.inputs = len(lies)
    ended = attack.run("fetch", *recipes, "--no-rootfs", memory=None)
    assert ended.code in {2, 3}
    for name, (_, because) in lies.items():
        [told] = [one for one in ended.told if f"/{name}: " in f"{one.file}: {one.message}"]
        assert re.search(because, told.message), told
        assert told.remedy
    assert not list((attack.store / "files").rglob("*") if (attack.store / "files").exists() else ())


FORBIDDEN = {
    "metadata": "http://169.254.169.254/latest/meta-data/a.tar",
    "docker": "http://127.0.0.1:2375/a.tar",
    "file": "file:///etc/passwd",
    "private": "https://10.0.0.1/a.tar",
    "decimal": "http://2130706433/a.tar",
    "octal": "http://0177.0.0.1/a.tar",
    "hex": "http://0x7f.0.0.1/a.tar",
    "short": "http://127.1/a.tar",
    "six": "http://[::1]/a.tar",
    "mapped": "http://[::ffff:169.254.169.254]/a.tar",
    "translated": "http://[64:ff9b::7f00:1]/a.tar",
    "sixtofour": "http://[2002:7f00:1::]/a.tar",
    "zone": "http://[fe80::1%25lo]/a.tar",
    "name": "http://localhost/a.tar",
    "inner": "https://metadata.google.internal/a.tar",
    "port": "https://example.org:2375/a.tar",
    "user": "https://user:secret@example.org/a.tar",
    "back": "https://example.org\\@127.0.0.1/a.tar",
    "ftp": "ftp://example.org/a.tar",
}


@row("C15", ADDRESSES)
def test_c15_addresses_on_a_farm(attack: Attack, server: Server) -> None:
    attack.put("bakehouse.yaml", "policy: farm\n")
    data = tar([file("a/b")])
    own = {"server": server.serve("/a.tar", data), "copy": attack.put("a.tar", data).as_uri()}
    addresses = {**FORBIDDEN, **own}
    attack.inputs = len(addresses)
    recipes = {name: recipe(attack, name, json.dumps(url), data) for name, url in addresses.items()}
    for verb in ("fetch", "plan"):
        for name, made in recipes.items() if verb == "plan" else ():
            ended = attack.run(verb, made, *out(attack), memory=None)
            assert ended.code == 2, (name, ended.err)
            assert any(one.line and one.remedy for one in ended.told), (name, ended.err)
            assert "secret" not in ended.err.replace(str(attack.folder), "").split("│")[0]
            break
    ended = attack.run("fetch", *recipes.values(), "--no-rootfs", memory=None)
    assert ended.code == 2, ended.err
    assert server.seen == []


@row("C15", ADDRESSES)
def test_c15_redirects_on_a_farm(attack: Attack, server: Server) -> None:
    data = tar([file("a/b")])
    with serving() as other:
        target = other.serve("/a.tar", data)
        server.say("/mirror/moved.tar", redirect(target))
        server.serve("/mirror/a.tar", data)
        mirror = f"policy: farm\nmirrors: {{'https://files.internal/': ['{server.base}/mirror/']}}\n"
        attack.put("bakehouse.yaml", mirror)
        fine = recipe(attack, "fine", "https://files.internal/a.tar", data)
        assert attack.run("fetch", fine, "--no-rootfs", memory=None).code == 0
        moved = recipe(attack, "moved", "https://files.internal/moved.tar", b"other bytes")
        ended = attack.run("fetch", moved, "--no-rootfs", memory=None)
        assert ended.code == 2
        assert f"{target} is no address that this farm fetches from" in ended.err
        assert ended.told[0].remedy
        upward = recipe(attack, "upward", "https://files.internal/../secret.tar", b"others")
        assert attack.run("fetch", upward, "--no-rootfs", memory=None).code == 2
        assert other.seen == []
        assert server.asked("/secret.tar") == 0
