"""Hostile channels, ids E8 to E10, E12 and E13: mixed, rolled back and impersonated ones, through the real command."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from builder.channel import Channel
from builder.model import generation
from tests.adversarial.attack import CANARY, Attack, Told, problems, row
from tests.channel.judging import problems_of
from tests.channel.making import make_package
from tests.environment.private_sigstore import Sigstore, statement
from tests.environment.served import served

RECIPE = """
package: {{name: {name}, version: "1"}}
build: {{noarch: generic, script: "true"}}
requirements: {{host: [{needs}]}}
"""
_NOARCH: dict[str, object] = {"subdir": "noarch", "noarch": "generic"}
OURS = "acme-core-1.0-h0_0.conda"
_NONE = ("--isolation", "none")
_SHARDS = "repodata_shards.msgpack.zst"


def published(folder: Path, *versions: str, name: str = "acme-core") -> Channel:
    """A channel of ours with a package that may not get anywhere where it is refused."""
    channel = Channel(folder)
    for version in versions:
        made = folder.parent / f"made-{folder.name}"
        channel.publish(make_package(made, name, version=version, content=version.encode(), extra=dict(_NOARCH)))
        shutil.rmtree(made)
    return channel


def solve(attack: Attack, *arguments: str, needs: str = "acme-core", policy: str = "") -> list[str]:
    """The command line that solves for a recipe without building it."""
    attack.put("recipes/bakehouse.yaml", policy or "recipes: [.]\n")
    recipe = attack.put("recipes/user/recipe.yaml", RECIPE.format(name="user", needs=needs))
    options = ("--render-only", "--with-solve", "--out", str(attack.store / "out"))
    return ["build", str(recipe), *options, *arguments]


def chosen(attack: Attack, *arguments: str, needs: str = "acme-core", policy: str = "") -> list[str]:
    """The packages that are chosen for a recipe."""
    ended = attack.run(*solve(attack, *arguments, needs=needs, policy=policy), memory=None)
    assert ended.code == 0, ended.err[-3000:]
    (output,) = ended.document()
    environment = output["finalized_dependencies"]["host"]["resolved"]
    return [one.get("file_name") or one["fn"] for one in environment]


def channels(*addresses: object) -> list[str]:
    """Options that name channels."""
    return [word for address in addresses for word in ("-c", str(address))]


def failure(err: str, name: str) -> Told:
    """The one problem of a recipe's task, out of the summary."""
    lines = iter(err.splitlines())
    assert any(re.fullmatch(rf"noarch/{name}-1-\w+: failed", line) for line in lines), err[-3000:]
    (told,) = problems("\n".join(itertools.takewhile(lambda line: line.startswith("    "), lines)))
    return told


# -- E8: an index that says different things -----------------------------------------------------------------------------


def _edited(folder: Path) -> None:
    """A record that says other than the package: who solves from it is told of dependencies that there are not."""
    path = folder / "repodata.json"
    path.write_bytes(path.read_bytes().replace(b'"depends":[]', b'"depends":["evil"]'))


def _of_another(name: str) -> Callable[[Path], None]:
    """One form of the index is that of another channel."""

    def change(folder: Path) -> None:
        other = published(folder.parent.parent / "other", "6.6.6")
        shutil.copy(other.root / "noarch" / name, folder / name)
        shutil.rmtree(other.root)

    return change


def _story(folder: Path) -> None:
    (folder / generation.FILE_NAME).write_bytes(b"\xff\x00")


def _foreign(folder: Path) -> None:
    """The index is another tool's, which knows nothing of generations, and lists a package that is not there."""
    for name in (generation.FILE_NAME, "bakehouse_keys.json", "repodata.json.zst", _SHARDS):
        (folder / name).unlink()
    document = json.loads((folder / "repodata.json").read_bytes())
    records = document["packages.conda"]
    records["gone-1-0.conda"] = records.pop("acme-core-1.0-h0_0.conda")
    (folder / "repodata.json").write_text(json.dumps(document, indent=2))


MIXED: dict[str, tuple[Callable[[Path], None], str]] = {
    "edited": (_edited, r"repodata\.json is not what"),
    "shards": (_of_another(_SHARDS), rf"{re.escape(_SHARDS)} is not what"),
    "story": (_story, r"bakehouse_generation\.json says nothing"),
    "foreign": (_foreign, "not there: gone-1-0.conda"),
}
"""As many as there are ways to notice; `tests.channel.test_forms` has each form."""


@row("E8", "an index whose forms disagree is told, and nothing is published on top of it")
def test_e08_forms_of_an_index_disagree(attack: Attack, oven: Path) -> None:
    recipe = attack.put("recipe/recipe.yaml", RECIPE.format(name="new", needs=""))
    for name, (change, because) in MIXED.items():
        folder = attack.folder / name
        published(folder, "1.0", "2.0", "3.0")
        change(folder / "noarch")
        told = attack.refused(because, "build", recipe, *_NONE, "--out", folder, store=oven)
        assert told.remedy is not None
        assert f"bakehouse index {folder}" in told.remedy
        assert told.file.startswith(str(folder))
        assert not list(folder.glob("*/new*"))


@row("E8", "an index whose forms disagree is told, and nothing is published on top of it")
def test_e08_the_remedy_is_one(attack: Attack, oven: Path) -> None:
    recipe = attack.put("recipe/recipe.yaml", RECIPE.format(name="new", needs=""))
    folder = attack.store / "channel"
    published(folder, "1.0", "2.0", "3.0")
    _edited(folder / "noarch")
    _story(folder / "noarch")
    ended = attack.run("index", folder, "--json", memory=None)
    assert ended.code == 0, ended.err
    assert ended.document()["packages"]["noarch"] == 3
    assert problems_of(folder, leftovers=True) == []
    ended = attack.run("build", recipe, *_NONE, "--out", folder, store=oven, memory=None, tasks=True)
    assert ended.code == 0, ended.err
    assert list(folder.glob("noarch/new-1-*.conda"))


# -- E9: a shard with other bytes than its name says ---------------------------------------------------------------------


@row("E9", "a shard that is not what its name says is fetched once more, then refused")
def test_e09_a_shard_with_other_bytes(attack: Attack) -> None:
    for name, data in {"torn": b"\x28\xb5\x2f\xfd", "swapped": None}.items():
        channel = published(attack.folder / name, "1.0")
        (shard,) = (channel.root / "noarch" / "shards").iterdir()
        other = published(attack.folder / f"not-{name}", "99.0")
        (evil,) = (other.root / "noarch" / "shards").iterdir()
        shard.write_bytes(evil.read_bytes() if data is None else data)
        with served(channel.root) as server:
            attack.refused("is not what its index says", *solve(attack, "-c", server.url))
            assert server.asked.count(f"/noarch/shards/{shard.name}") == 2
            assert not any(path.endswith(".conda") for path in server.asked)


# -- E10: an index that is older than one that was seen ------------------------------------------------------------------


@row("E10", "an index that is older than one that was seen is refused, unless --allow-rollback")
@pytest.mark.parametrize("how", ["folder", "http"])
def test_e10_an_index_that_was_set_back(attack: Attack, how: str) -> None:
    folder, old = attack.folder / "channel", attack.folder / "old"
    story = folder / "noarch" / generation.FILE_NAME
    published(folder, "1.0")
    shutil.copytree(folder, old)
    published(folder, "2.0")
    with served(folder) as server:
        asked = ["-c", server.url if how == "http" else str(folder)]
        assert chosen(attack, *asked) == ["acme-core-2.0-h0_0.conda"]
        now = story.read_bytes()
        shutil.rmtree(folder)
        shutil.copytree(old, folder, copy_function=shutil.copyfile)
        told = attack.refused("generation 1, but 2 was seen before", *solve(attack, *asked))
        assert told.remedy is not None
        assert "--allow-rollback" in told.remedy
        then = story.read_bytes()
        story.write_bytes(now)  # only the index was exchanged
        attack.refused("generation 1, but 2 was seen before", *solve(attack, *asked))
        story.unlink()
        attack.refused("generation none, but 2 was seen before", *solve(attack, *asked))
        story.write_bytes(then)
        hidden = (folder / "noarch").rename(folder / "hidden")
        attack.refused("generation none, but 2 was seen before|is not a channel", *solve(attack, *asked))
        hidden.rename(folder / "noarch")
        assert chosen(attack, *asked, "--allow-rollback") == [OURS]
        assert chosen(attack, *asked) == [OURS]


@row("E10", "an index that is older than one that was seen is refused, unless --allow-rollback")
def test_e10_an_index_of_no_generation(attack: Attack) -> None:
    """It is one that the channel never had."""
    folder = attack.folder / "channel"
    published(folder, "1.0")
    _edited(folder / "noarch")
    attack.refused("of no generation", *solve(attack, "-c", str(folder)))


# -- E12: a name in a channel that it does not belong to -----------------------------------------------------------------

OWNED = "namespaces:\n  acme-*: [{}]\n"


@row("E12", "names of a namespace come from its channels alone, whatever order, priority or version")
def test_e12_a_public_package_of_our_name(attack: Attack) -> None:
    ours, public = published(attack.folder / "ours", "1.0"), published(attack.folder / "public", "99.0")
    policy = OWNED.format(ours.root)
    with served(public.root) as server:
        pairs = ((ours.root, public.root), (public.root, ours.root), (server.url, ours.root))
        for pair, priority in zip(pairs, ("disabled", "strict", "disabled"), strict=True):
            attack.inputs += 1
            given = [*channels(*pair), "--channel-priority", priority]
            assert chosen(attack, *given, policy=policy) == [OURS]
        given = [*channels(public.root, ours.root), "--channel-priority", "disabled"]
        assert chosen(attack, *given) == ["acme-core-99.0-h0_0.conda"], "without a namespace that is what happens"
        told = attack.refused("acme-core", *solve(attack, *channels(public.root), policy=policy))
        assert "acme-core-99.0-h0_0.conda" in told.message
        assert f"acme-core may come from {ours.root} alone" in told.message


@row("E12", "names of a namespace come from its channels alone, whatever order, priority or version")
def test_e12_a_lock_file_that_breaks_a_namespace(attack: Attack, oven: Path) -> None:
    public, lock = published(attack.folder / "public", "99.0"), attack.store / "evil.lock"
    recipe = attack.put("recipes/user/recipe.yaml", RECIPE.format(name="user", needs="acme-core"))
    given = ["build", str(recipe), "-c", str(public.root), *_NONE, "--lock-file", str(lock), "--out"]
    ended = attack.run(*given, attack.store / "first", store=oven, memory=None, tasks=True)
    assert ended.code == 0, ended.err[-3000:]
    attack.put("recipes/bakehouse.yaml", OWNED.format("https://packages.example.org"))
    because = "acme-core may come from https://packages.example.org alone"
    attack.refused(because, *given, attack.store / "second", "--locked", store=oven)


@row("E12", "names of a namespace come from its channels alone, whatever order, priority or version")
def test_e12_what_we_build_is_ours(attack: Attack, oven: Path) -> None:
    """The collection that makes acme-core may build with it, though its output is not the namespace's channel yet."""
    public = published(attack.folder / "public", "99.0")
    attack.put("recipes/bakehouse.yaml", "recipes: [.]\n" + OWNED.format("https://packages.example.org"))
    core = attack.put("recipes/core/recipe.yaml", RECIPE.format(name="acme-core", needs="")).parent
    user = attack.put("recipes/user/recipe.yaml", RECIPE.format(name="user", needs="acme-core")).parent
    lock = attack.store / "own.lock"
    given = ["-c", str(public.root), *_NONE, "--out", str(attack.store / "out"), "--lock-file", str(lock)]
    attack.inputs += 1
    ended = attack.run("build", core, user, *given, store=oven, memory=None, tasks=True)
    assert ended.code == 0, ended.err[-3000:]
    (name,) = (one["file_name"] for one in json.loads(lock.read_bytes())["packages"].values())
    assert name.startswith("acme-core-1-")


# -- E13: attestations ---------------------------------------------------------------------------------------------------

PUBLISHER = "https://code.example.org/acme/packages/.ci/publish.yml@refs/heads/main"
ISSUER = "https://tokens.example.org"
HOME = "https://packages.example.org/acme"
BUNDLE = dict[str, Any]


def _attested(sigstore: Sigstore, name: str, digest: str, **changes: Any) -> BUNDLE:
    """A bundle for a package file, right but for ``changes``."""
    said = {"file": name, "sha256": digest, "channel": HOME, "identity": PUBLISHER, "issuer": ISSUER, **changes}
    return sigstore.bundle(
        statement(said["file"], said["sha256"], said["channel"]),
        identity=said["identity"], issuer=said["issuer"], logged=said.get("logged", True),
    )  # fmt: skip


def _tampered(bundle: BUNDLE, name: str) -> BUNDLE:
    """The same signature under another payload."""
    payload = json.dumps(statement(name, "0" * 64, HOME)).encode()
    bundle["dsseEnvelope"]["payload"] = b64encode(payload).decode()
    return bundle


def sidecars(sigstore: Sigstore) -> dict[str, tuple[Callable[[str, str], bytes | None], str]]:
    """What lies beside a package (its name, its sha256 → bytes), and what is said of it; "" for what is good."""

    def one(**changes: Any) -> Callable[[str, str], bytes]:
        return lambda name, sha256: json.dumps([_attested(sigstore, name, sha256, **changes)]).encode()

    stranger = Sigstore()
    return {
        "good": (one(), ""),
        "several": (
            lambda name, sha256: json.dumps(
                [_attested(stranger, name, sha256), _attested(sigstore, name, sha256)]
            ).encode(),
            "",
        ),
        "absent": (lambda *_: None, "its index speaks of none"),
        "garbage": (lambda *_: b"\xff\x00 garbage", "malformed"),
        "empty": (lambda *_: b"[]", "malformed.* empty"),
        "unlogged": (one(logged=False), "must have an inclusion proof"),
        "publisher": (one(identity=f"{PUBLISHER}-evil"), "does not match the trusted publisher"),
        "issuer": (one(issuer="https://tokens.example.com"), "does not match the trusted publisher"),
        "channel": (one(channel="https://packages.example.org/other"), "targets channel .*/other"),
        "file": (one(file="other-1.0-h0_0.conda"), "subject is .*other-1.0"),
        "digest": (one(sha256="0" * 64), "artifact hash does not match"),
        "tampered": (
            lambda name, sha256: json.dumps([_tampered(_attested(sigstore, name, sha256), name)]).encode(),
            "signature",
        ),
        "stranger": (
            lambda name, sha256: json.dumps([_attested(stranger, name, sha256)]).encode(),
            "No log key|not trusted|certificate",
        ),
        "large": (
            lambda name, sha256: b" " * (4 << 20) + json.dumps([_attested(sigstore, name, sha256)]).encode(),
            "exceeds the maximum size of 4194304 bytes",
        ),
    }


def attested_channel(folder: Path, cases: Mapping[str, tuple[Callable[[str, str], bytes | None], str]]) -> Channel:
    """A channel with a package for each of ``cases``, and what lies beside it."""
    channel = Channel(folder)
    for name, (sidecar, _) in cases.items():
        package = make_package(
            folder.parent / "made", f"pkg-{name}", content=f"{CANARY} {name}".encode(), extra=dict(_NOARCH)
        )
        final = channel.publish(package).path
        if (data := sidecar(final.name, package.sha256)) is not None:
            final.with_name(f"{final.name}.sigs").write_bytes(data)
    shutil.rmtree(folder.parent / "made")
    channel.ensure()
    return channel


@row("E13", "packages that must be attested to and are not are refused, for each with the reason")
@pytest.mark.parametrize("how", ["folder", "http"])
def test_e13_attestations(attack: Attack, oven: Path, how: str) -> None:
    sigstore = Sigstore()
    cases = sidecars(sigstore)
    channel = attested_channel(attack.folder / "channel", cases)
    attack.put("recipes/trusted_root.json", sigstore.trusted_root())
    with served(channel.root) as server:
        address = server.url if how == "http" else str(channel.root)
        rule = {"publisher": PUBLISHER, "issuer": ISSUER, "root": "trusted_root.json", "published_to": HOME}
        policy = json.dumps({"attestations": {address: rule}, "recipes": ["."]})
        attack.put("recipes/bakehouse.yaml", policy)
        bad = {name: because for name, (_, because) in cases.items() if because}
        paths = [
            attack.put(f"recipes/{name}/recipe.yaml", RECIPE.format(name=f"for-{name}", needs=f"pkg-{name}"))
            for name in bad
        ]
        given = ["--keep-going", *_NONE, "--out", str(attack.store / "out"), "-c", address]
        attack.inputs += len(cases)
        ended = attack.run("build", *paths, *given, store=oven, memory=None, tasks=True)
        assert ended.code in {1, 2}
        for name, because in bad.items():
            told = failure(ended.err, f"for-{name}")
            assert re.search(because, told.message), (name, told)
            assert told.remedy
            assert PUBLISHER in told.remedy
            assert told.file.startswith(address if how == "http" else channel.root.as_uri())
        assert not list(oven.glob("packages/*/*/share/pkg-*.txt")), "something of it was unpacked"
        assert len(chosen(attack, "-c", address, needs="pkg-good, pkg-several", policy=policy)) == 2
