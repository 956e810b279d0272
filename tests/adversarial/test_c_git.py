"""C16 through the real command: hostile git repositories, their servers and submodules, and hostile patches.

Repositories are made object by object where git would refuse to make them, and are served as files, by a server that
only has files, and by git's own. What must not run touches a file; what must not be written begins with a canary.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import zlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from builder.store import Store
from tests.adversarial.attack import CANARY, Attack, Told, row
from tests.source.git.making import Handmade, bomb, upstream
from tests.source.server import Server, redirect

RECIPE = """\
package: {{name: {name}, version: "1"}}
source:
{source}
build:
  noarch: generic
  script: {script}
"""
HUNK = "@@ -1 +1 @@\n-old\n+new\n"
ABSENT = "a" * 40
WORDS = "patches, repositories, submodules and large files change nothing but the source's own tree"


def out(attack: Attack) -> tuple[str, Path]:
    return "--out", attack.store / "channel"


def recipe(
    attack: Attack, name: str, address: str, patch: str | None = None, keys: str = "", script: str = "'true'"
) -> Path:
    """Write a recipe of one git source, with a patch if there is one."""
    source = f"  git: {address!r}\n" + "".join(f"  {line}\n" for line in keys.splitlines())
    if patch is not None:
        attack.put(f"recipes/{name}/x.patch", patch)
        source += "  patches: [x.patch]\n"
    text = RECIPE.format(name=name, source=source, script=script)
    return attack.put(f"recipes/{name}/recipe.yaml", text)


def refused(attack: Attack, oven: Path, recipes: Mapping[str, tuple[Path, str]]) -> dict[str, Told]:
    """Build all recipes at once (name → recipe, pattern): each is refused in one line with a remedy."""
    attack.inputs += len(recipes)
    paths = [path for path, _ in recipes.values()]
    ended = attack.run("build", *paths, "--keep-going", *out(attack), store=oven, memory=None, tasks=True)
    assert ended.code in {1, 2}, (ended.code, ended.err[-3000:])
    found = {}
    for name, (_, pattern) in recipes.items():
        told = [one for one in ended.told if re.search(pattern, f"{one.file}: {one.message}")]
        assert told, (name, pattern, ended.err[-4000:])
        for one in told:
            line = f"{one.file}: {one.message}"
            assert one.remedy, line
            assert len(line) < 1000, line
            assert line.isprintable(), ascii(line)
        found[name] = told[0]
    return found


# Patches


EVIL = f"../{CANARY}"
PATCHES = {
    "upward": (f"--- a/{EVIL}\n+++ b/../{EVIL}\n{HUNK}", "names 'a/../escaped'"),
    "winding": (f"--- a/f\n+++ b/a/b/../../../{EVIL}\n{HUNK}", r"names 'b/a/b/\.\./"),
    "absolute": (f"--- /dev/null\n+++ /tmp/{CANARY}\n@@ -0,0 +1 @@\n+x\n", "names '/tmp/escaped'"),
    "quoted": (f'--- "a/\\056\\056/{CANARY}"\n+++ b/f\n{HUNK}', r"names 'a/\.\./escaped'"),
    "renamed": (f"diff --git a/f b/{EVIL}\nrename from f\nrename to {EVIL}\n", r"names 'b/\.\./escaped'"),
    "copied": (f"diff --git a/f /tmp/{CANARY}\ncopy from f\ncopy to x\n", "names '/tmp/escaped'"),
    "indexed": (f"Index: {EVIL}\n{HUNK}", r"names '\.\./escaped'"),
    "unnamed": (f"diff --git {EVIL} {EVIL}\nnew file mode 100644\nindex 0000000..e69de29\n", r"names '\.\./escaped'"),
    "linking": ("diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc\n", "mode '120000'"),
    "relinking": ("diff --git a/l b/l\nindex 12..34 120000\n--- a/l\n+++ b/l\n@@ -1 +1 @@\n-f\n+/etc\n", "mode '120000'"),
    "submodule": ("diff --git a/s b/s\nnew file mode 160000\n--- /dev/null\n+++ b/s\n@@ -0,0 +1 @@\n+x\n", "mode '160000'"),
    "setuid": ("diff --git a/f b/f\nold mode 100644\nnew mode 104755\n", "mode '104755'"),
    "repository": ("--- /dev/null\n+++ b/.git/config\n@@ -0,0 +1 @@\n+[core]\n", "which is git's own"),
    "binary": ("diff --git a/f b/f\nindex 12..34\nGIT binary patch\nliteral 1\nIcmZ\n\n", "changes a binary file"),
    "context": ("*** a/f\n--- b/f\n***************\n*** 1 ****\n! old\n--- 1 ----\n! new\n", "is no unified diff"),
    "ed": ("1,2c\nhello\n.\n!touch {mark}\n", "is no unified diff"),
    "disguised": (f"  --- a/{EVIL}\n  +++ b/{EVIL}\n  {HUNK}", "is no unified diff"),
    "miscounted": (f"--- a/f\n+++ b/f\n@@ -1 +1 @@\n-old\n-old\n--- /tmp/{CANARY}\n", "other lines than its first line says"),
    "unreadable": ("--- a/f\n+++ b/f\n@@ -1+1 @@\n-old\n+new\n", "whose first line cannot be read"),
    "linked": (f"--- a/l\n+++ b/l\n{HUNK}", "'l' is a symlink in the sources"),
    "behind": (f"--- a/d/f\n+++ b/d/f\n{HUNK}", "'d' is a symlink in the sources"),
    "fuzzy": ("--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n-old\n+new\n other\n", "does not apply"),
}  # fmt: skip


@row("C16", WORDS)
def test_c16_patches(attack: Attack, oven: Path) -> None:
    made = upstream(attack.folder / "up", {"f": "old\n", "l": "-> f", "d": "-> e", "e/f": "old\n"})
    recipes = {
        name: (
            recipe(attack, name, made.address, patch=text.replace("{mark}", str(attack.mark))),
            f"x.patch.*: .*{because}",
        )
        for name, (text, because) in PATCHES.items()
    }
    told = refused(attack, oven, recipes)
    assert all(one.file.endswith("x.patch") for one in told.values())


@row("C16", WORDS)
def test_c16_patches_that_are_no_files(attack: Attack, oven: Path) -> None:
    made = upstream(attack.folder / "up", {"f": "old\n"})
    recipes = {
        name: (recipe(attack, name, made.address, keys="patches: [y]"), because)
        for name, because in {
            "pipe": "there is no file or folder 'y'", "folder": "folder/y.*no regular file",
            "absent": "there is no file or folder 'y'", "outside": "'y' lies outside the recipe's folder",
        }.items()
    }  # fmt: skip
    os.mkfifo(attack.folder / "recipes/pipe/y")
    attack.put("recipes/folder/y/z", "")
    attack.put("secret.patch", f"--- a/f\n+++ b/f\n{HUNK}")
    (attack.folder / "recipes/outside/y").symlink_to("../../secret.patch")
    refused(attack, oven, recipes)


# Trees


def handmade(attack: Attack, name: str) -> Handmade:
    return Handmade(attack.folder / "evil" / name)


@row("C16", WORDS)
def test_c16_trees(attack: Attack, oven: Path) -> None:
    recipes = {}

    def tried(name: str, because: str, *entries: tuple[str, str, str]) -> None:
        evil = handmade(attack, name)
        blob, config = evil.write("blob", b"x"), evil.write("blob", b"[core]\n")
        inner = evil.tree(("100755", CANARY, blob), ("100644", "config", config))
        outward = evil.write("blob", os.fsencode(attack.folder))
        upward = evil.write("blob", b"../../..")
        inward = evil.write("blob", b".git")
        ids = {"blob": blob, "inner": inner, "outward": outward, "upward": upward, "inward": inward}
        evil.commit(evil.tree(*((mode, one, ids[what]) for mode, one, what in entries)))
        recipes[name] = (recipe(attack, name, evil.address), f"{name}: .*({because})")

    broken = "fsck error|bad object|index-pack failed"
    for number, one in enumerate(
        (".git", ".GIT", "git~1", "GIT~1", ".g\u200cit", ".git.", ".git ", ".git::$INDEX_ALLOCATION")
    ):
        tried(f"own{number}", f"{broken}|may not be in", ("40000", one, "inner"))
    tried("ownlink", broken, ("120000", ".git", "outward"))
    tried("dots", broken, ("40000", "..", "inner"))
    tried("dot", broken, ("40000", ".", "inner"))
    tried("slash", broken, ("100644", f"../../{CANARY}", "blob"))
    tried("rooted", broken, ("100644", f"/tmp/{CANARY}", "blob"))
    tried("nameless", "possible repository corruption", ("100644", "", "blob"))
    tried("twice", broken, ("120000", "d", "outward"), ("40000", "d", "inner"))
    tried("through", broken, ("120000", "d", "outward"), ("100644", f"d/{CANARY}", "blob"))
    tried("absolute", "absolute symlink", ("120000", "out", "outward"))
    tried("up", "symlink that leaves", ("120000", "up", "upward"))
    tried("escape", "control character", ("100644", "a\x1b[31m", "blob"))
    tried("line", "control character", ("100644", "a\nb", "blob"))
    tried("device", f"mode|{broken}", ("020644", "dev", "blob"))
    tried("long", "name of more than|fsck error", ("100644", "x" * 300, "blob"))
    tried("modules", broken, ("120000", ".gitmodules", "inward"))
    refused(attack, oven, recipes)


@row("C16", WORDS)
def test_c16_a_repository_to_wait_for(attack: Attack, oven: Path) -> None:
    made = upstream(attack.folder / "up")
    os.mkfifo(made.folder / ".git" / "refs" / "tags" / "pipe")
    refused(attack, oven, {"up": (recipe(attack, "up", made.address), "pipe' is neither a file nor a folder")})


@row("C16", WORDS)
def test_c16_bombs(attack: Attack, oven: Path) -> None:
    """Ten trees that are 10^10 files, one that is 200 deep, and packs of few bytes that are gigabytes."""
    wide, deep = (handmade(attack, name) for name in ("wide", "deep"))
    id_, mode = wide.write("blob", b"bomb"), "100644"
    for _ in range(10):
        id_, mode = wide.tree(*((mode, f"f{number}", id_) for number in range(10))), "40000"
    wide.commit(id_)
    id_, mode = deep.write("blob", b"deep"), "100644"
    for _ in range(200):
        id_, mode = deep.tree((mode, "d", id_)), "40000"
    deep.commit(id_)
    recipes = {
        "wide": (recipe(attack, "wide", wide.address), "the tree holds [0-9]{7,} files"),
        "deep": (recipe(attack, "deep", deep.address), "more than 64 folders deep"),
    }
    refused(attack, oven, recipes)


@row("C16", WORDS)
def test_c16_packs_that_are_bombs(attack: Attack, oven: Path, server: Server) -> None:
    """A copy of one piece a million times, and a stream of zeros: from a folder, and of a server that only has files."""
    recipes = {}
    for form in ("delta", "stream"):
        size = (4 if form == "delta" else 1) << 30
        evil = handmade(attack, form)
        commit = evil.commit(evil.tree(("100644", "zero", bomb(evil, size, form))))
        subprocess.run(["git", "update-server-info"], cwd=evil.folder, check=True)
        server.serve_folder(f"/{form}.git", evil.folder)
        because = f"an object of it takes {size + 1} bytes, more than the 268435456 bytes that"
        for way, address in {"file": evil.address, "http": f"{server.base}/{form}.git"}.items():
            name = f"{form}-{way}"
            recipes[name] = (recipe(attack, name, address, keys=f"rev: {commit}"), f"{form}.*: .*{because}")
    told = refused(attack, oven, recipes)
    assert all("--archive-limit ratio_from=" in str(one.remedy) for one in told.values())


# Submodules


@row("C16", WORDS)
def test_c16_submodules(attack: Attack, oven: Path, server: Server) -> None:
    recipes = {}

    def tried(name: str, listing: str, because: str, path: str = "s") -> None:
        evil = handmade(attack, name)
        text = evil.write("blob", listing.replace("{mark}", str(attack.mark)).encode())
        entries = sorted([("100644", ".gitmodules", text), ("160000", path, ABSENT)], key=lambda one: one[1])
        evil.commit(evil.tree(*entries))
        recipes[name] = (recipe(attack, name, evil.address), because)

    refusal = "fsck error|outside of itself|no address of a git|neither an address|which it may not|does not appear|is not a git"
    for number, path in enumerate((f"../../{CANARY}", f"/tmp/{CANARY}", "a/../../b", "-x", ".git/hooks", "a/GIT~1/b")):
        tried(
            f"path{number}",
            f'[submodule "s"]\n\tpath = "{path}"\n\turl = ../x\n[submodule "t"]\n\tpath = s\n\turl = ../x\n',
            refusal,
        )
    for number, url in enumerate(
        ("-u./{mark}", "ext::sh -c touch% {mark}", "--upload-pack=touch {mark}", "ssh://-oProxyCommand=touch%20{mark}/x",
         "fd::3", "git://127.0.0.1/x", "../../../nowhere", "nowhere")
    ):  # fmt: skip
        tried(f"url{number}", f'[submodule "s"]\n\tpath = s\n\turl = "{url}"\n', refusal)
    tried("update", '[submodule "s"]\n\tpath = s\n\turl = ../x\n\tupdate = !touch {mark}\n', refusal)
    tried("name", '[submodule "../../s"]\n\tpath = s\n\turl = ../x\n', refusal)
    tried("listing", "[submodule", "fsck error|cannot be read")
    tried("unlisted", "", "has no address in .gitmodules")
    refused(attack, oven, recipes)


@row("C16", WORDS)
def test_c16_submodules_without_end(attack: Attack, oven: Path, server: Server) -> None:
    """Ten commits, each ten times a submodule of the next: 10^10 checkouts; and a chain of them."""
    wide = handmade(attack, "wide")
    names = [f"s{number}" for number in range(10)]
    text = "".join(f'[submodule "{name}"]\n\tpath = {name}\n\turl = ../wide\n' for name in names)
    listing, commit = wide.write("blob", text.encode()), wide.commit(wide.tree())
    for _ in range(6):
        entries = [("100644", ".gitmodules", listing), *(("160000", name, commit) for name in names)]
        commit = wide.commit(wide.tree(*entries))
    chain = handmade(attack, "chain")
    listing, commit = (
        chain.write("blob", b'[submodule "x"]\n\tpath = x\n\turl = ../chain\n'),
        chain.commit(chain.tree()),
    )
    for _ in range(10):
        commit = chain.commit(chain.tree(("100644", ".gitmodules", listing), ("160000", "x", commit)))
    recipes = {
        "wide": (recipe(attack, "wide", wide.address), "submodules of which there are more than 1000"),
        "chain": (recipe(attack, "chain", chain.address), "submodules more than 8 deep"),
    }
    refused(attack, oven, recipes)


def served(attack: Attack, server: Server, name: str, repository: Path) -> str:
    """Serve a repository as files, the way that a server without git does; returns its address."""
    bare = attack.folder / "store" / f"{name}.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(repository), str(bare)], check=True, capture_output=True)
    subprocess.run(["git", "update-server-info"], cwd=bare, check=True)
    server.serve_folder(f"/{name}.git", bare)
    listing = (bare / "info" / "refs").read_bytes()
    server.serve(f"/{name}.git/info/refs?service=git-upload-pack", listing, "text/plain")
    return f"{server.base}/{name}.git"


# Servers


@row("C16", WORDS)
def test_c16_servers_that_lie(attack: Attack, oven: Path, server: Server) -> None:
    inner = upstream(attack.folder / "inner", {"i": "i"})
    outer = upstream(attack.folder / "outer", {"o": "o"})
    outer.git("submodule", "--quiet", "add", inner.address, "s")
    outer.commit({})
    plain = upstream(attack.folder / "plain", {"f": "f"})
    commit = plain.git("rev-parse", "HEAD")
    local = served(attack, server, "local", outer.folder)
    away = f"{server.base}/away.git"
    server.say("/away.git/info/refs?service=git-upload-pack", redirect(f"{plain.address}/.git/info/refs"))
    garbled = f"{server.base}/garbled.git"
    refs = f"{ABSENT}\trefs/heads/main\x1b[31m\n{commit}\trefs/heads/\x00x\nrubbish\n"
    server.serve("/garbled.git/info/refs?service=git-upload-pack", refs.encode(), "text/plain")
    other = served(attack, server, "other", plain.folder)
    for path in list(server.answers):
        if path.startswith(f"/other.git/objects/{commit[:2]}/"):
            server.serve(path, zlib.compress(b"commit 5\0evil\n"))
    wrong = handmade(attack, "wrong")
    blob = wrong.write("blob", b"good")
    wrong.commit(wrong.tree(("100644", "f", blob)))
    wrong.write("blob", b"evil", named=blob)
    recipes = {
        "local": (recipe(attack, "local", local), "names file:///.* as a submodule, which it may not"),
        "away": (recipe(attack, "away", away, keys=f"rev: {commit}"), "away.git: "),
        "other": (recipe(attack, "other", other, keys=f"rev: {commit}"), "other.git: "),
        "wrong": (recipe(attack, "wrong", wrong.address), "wrong: "),
        "absent": (recipe(attack, "absent", plain.address, keys=f"rev: {ABSENT}"), f"plain: .*{ABSENT}"),
        "tag": (recipe(attack, "tag", plain.address, keys="rev: " + plain.git("rev-parse", "HEAD:f")), "plain: "),
    }
    attack.inputs += 1
    ended = attack.run("fetch", recipe(attack, "garbled", garbled, keys="branch: main"), "--no-rootfs")
    assert ended.code in {2, 3}
    assert "\x1b" not in ended.err
    known = {name: one for name, one in recipes.items() if name not in {"away", "other"}}
    refused(attack, oven, known)
    for name in ("away", "other"):  # nobody can say whether such a server lies or is broken
        attack.inputs += 1
        ended = attack.run("build", recipes[name][0], *out(attack), "-q", store=oven, memory=None)
        assert ended.code in {1, 2, 3}
        assert re.search(recipes[name][1], "".join(f"{one.file}: {one.message}" for one in ended.told)), ended.err


@row("C16", WORDS)
def test_c16_addresses_that_are_commands(attack: Attack, oven: Path) -> None:
    mark = attack.mark
    addresses = [
        f"ext::sh -c 'touch% {mark}'", f"--upload-pack=touch {mark}", f"-u touch {mark}", f"-oProxyCommand=touch {mark}:x",
        f"ssh://-oProxyCommand=touch%20{mark}/x", f"https://-oProxyCommand=touch {mark}/x", "fd::17", "git://127.0.0.1/x",
        "ftp://127.0.0.1/x", "persistent-https://127.0.0.1/x", f"file://{mark.parent}\n/x", f"user@-oProxyCommand=touch {mark}:x",
    ]  # fmt: skip
    recipes = {
        f"n{number}": (
            recipe(attack, f"n{number}", address.replace("'", "")),
            "(no|not the) address of a git repository",
        )
        for number, address in enumerate(addresses)
    }
    early = {
        name for name, address in zip(recipes, addresses, strict=True) if address.startswith("-") or "::" in address
    }
    refused(attack, oven, {name: one for name, one in recipes.items() if name in early})
    refused(attack, oven, {name: one for name, one in recipes.items() if name not in early})


@row("C16", WORDS)
def test_c16_a_farm_goes_nowhere_private(attack: Attack, oven: Path, server: Server) -> None:
    made = upstream(attack.folder / "up", {"f": "f"})
    attack.put("recipes/bakehouse.yaml", "policy: farm\n")
    addresses = {
        "file": made.address, "path": "../../up", "port": served(attack, server, "up", made.folder), "cloud": "https://169.254.169.254/x",
        "local": "https://localhost/x", "ssh": "ssh://git@example.org/x", "scp": "git@example.org:x", "secret": "https://me:it@example.org/x",
        "plain": "http://example.org/x", "inner": "https://git.internal/x",
    }  # fmt: skip
    recipes = {
        name: (recipe(attack, name, address), "is no address that this farm fetches from")
        for name, address in addresses.items()
    }
    refused(attack, oven, recipes)
    assert not server.seen


# What is kept


HOSTILE_FILES = {
    ".gitattributes": "* filter=evil ident eol=crlf working-tree-encoding=UTF-16 export-subst\n*.bin filter=lfs diff=lfs -text\n",
    ".lfsconfig": '[lfs]\n\turl = file:///\n[lfs "customtransfer.x"]\n\tpath = touch\n',
    "f": "one\n$Id$\n$Format:%H$\n",
    "large.bin": f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 1\n",
    "config": "[core]\n\tbare = true\n",
}


def hostile_configuration(mark: Path) -> str:
    """Settings that make git start programs, one way or another."""
    touch = f"touch {mark}"
    return (
        f'[core]\n\tfsmonitor = "{touch}"\n\tsshCommand = "{touch}"\n\tpager = "{touch}"\n\teditor = "{touch}"\n'
        f'\thooksPath = {mark.parent}/hooks\n\taskPass = "{touch}"\n\tgitProxy = "{touch}"\n\talternateRefsCommand = "{touch}"\n'
        f'[filter "evil"]\n\tsmudge = "{touch}"\n\tclean = "{touch}"\n\tprocess = "{touch}"\n\trequired = true\n'
        f'[diff]\n\texternal = "{touch}"\n[diff "lfs"]\n\ttextconv = "{touch}"\n[credential]\n\thelper = "!{touch}"\n'
        f'[uploadpack]\n\tpackObjectsHook = "{touch}"\n[gpg]\n\tprogram = "{touch}"\n[pager]\n\tdescribe = "{touch}"\n'
        f'[alias]\n\tdescribe = "!{touch}"\n[include]\n\tpath = {mark.parent}/absent\n[protocol]\n\tallow = always\n'
        f'[remote "origin"]\n\turl = "ext::sh -c touch% {mark}"\n\tuploadpack = "{touch}"\n\tpromisor = true\n'
        f'[url "ext::sh -c touch% {mark} "]\n\tinsteadOf = file://\n\tinsteadOf = https://\n'
    )


def arm(attack: Attack, repository: Path) -> None:
    """Make a repository of this machine, and its user's own configuration, as hostile as they can be."""
    text = hostile_configuration(attack.mark)
    with (repository / "config").open("a") as config:
        config.write(text)
    for name in (
        "post-checkout",
        "reference-transaction",
        "post-merge",
        "pre-auto-gc",
        "fsmonitor-watchman",
        "post-index-change",
    ):
        for folder in (repository / "hooks", attack.folder / "hooks"):
            folder.mkdir(exist_ok=True)
            (folder / name).write_text(f"#!/bin/sh\ntouch {attack.mark}\n")
            (folder / name).chmod(0o755)
    home = attack.folder / "store" / "home"
    home.mkdir(parents=True)
    (home / ".gitconfig").write_text(text)
    settings = {"core.fsmonitor": f"touch {attack.mark}", "protocol.ext.allow": "always"}
    attack.environment |= {"GIT_CONFIG_COUNT": str(len(settings)), "GIT_EXTERNAL_DIFF": f"touch {attack.mark}"}
    attack.environment |= {"GIT_SSH_COMMAND": f"touch {attack.mark}", "GIT_TEMPLATE_DIR": str(attack.folder)}
    for number, (key, value) in enumerate(settings.items()):
        attack.environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}


@row("C16", WORDS, "kept")
def test_c16_filters_hooks_and_settings(attack: Attack, oven: Path) -> None:
    """A repository that wants all of git's ways to run something is built from: byte by byte, and nothing runs."""
    made = handmade(attack, "up")
    files = sorted((name, made.write("blob", text.encode())) for name, text in HOSTILE_FILES.items())
    made.commit(made.tree(*(("100644", name, id_) for name, id_ in files)))
    arm(attack, made.folder)
    sums = "\n".join(f"{hashlib.sha256(text.encode()).hexdigest()}  {name}" for name, text in HOSTILE_FILES.items())
    attack.put("recipes/kept/sums", f"{sums}\n")
    script = "['sha256sum --check \"$RECIPE_DIR/sums\"', 'test ! -e .git']"
    kept = recipe(attack, "kept", made.address, keys="branch: main", script=script)
    attack.inputs += 1
    ended = attack.build(kept, *out(attack), store=oven)
    assert ended.code == 0, ended.err
    attack.judge(ended)


@row("C16", WORDS, "kept")
@pytest.mark.parametrize("place", ["cloned", "embedded"])
def test_c16_a_recipes_own_repository(attack: Attack, place: str) -> None:
    """Who renders in a cloned repository runs nothing of it, nor of a bare one that lies among its files."""
    made = upstream(
        attack.folder / "cloned", {"recipes/a/recipe.yaml": "", ".gitattributes": "* filter=evil diff=lfs\n"}
    )
    made.git("tag", "1.5")
    head = made.git("rev-parse", "HEAD")
    arm(attack, made.folder / ".git")
    folder = made.folder / "recipes" / "a"
    if place == "embedded":
        subprocess.run(["git", "clone", "-q", "--bare", str(made.folder), str(folder / "t")], check=True, capture_output=True,
                       env={"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"})  # fmt: skip
        for one in (folder / "t").iterdir():
            one.rename(folder / one.name)
        (folder / "t").rmdir()
        with (folder / "config").open("a") as config:
            config.write(hostile_configuration(attack.mark))
        assert (folder / "HEAD").exists()
    attack.mark.unlink(missing_ok=True)
    questions = "".join(
        f"  q{number}: ${{{{ git.{name}('{text}') }}}}\n"
        for number, (name, text) in enumerate(
            (name, text)
            for name in ("head_rev", "latest_tag", "latest_tag_rev", "latest_tag_distance")
            for text in (".", "..")
        )
    )
    text = f'context:\n{questions}package: {{name: "a-${{{{ q0[:8] }}}}", version: "${{{{ q2 }}}}"}}\n'
    (folder / "recipe.yaml").write_text(text)
    attack.inputs += 1
    ended = attack.run("render", folder, "--experimental", "--json")
    assert ended.code == 0, ended.err
    [shown] = ended.document()
    assert (shown["name"], shown["version"]) == (f"a-{head[:8]}", "1.5")


def loosened(repository: Path) -> Path:
    """Make each object of a stored repository a file of its own that can be written; returns their folder."""
    subprocess.run(["chmod", "-R", "u+w", str(repository)], check=True)
    variables = {"GIT_DIR": str(repository), "PATH": os.environ["PATH"]}
    for pack in list((repository / "objects" / "pack").glob("*.pack")):
        content = pack.read_bytes()
        for part in pack.parent.iterdir():
            part.unlink()
        subprocess.run(["git", "unpack-objects", "-q"], cwd=repository, input=content, check=True, env=variables)
    return repository / "objects"


@row("C16", WORDS)
@pytest.mark.parametrize("what", ["blob", "tree", "commit"])
def test_c16_a_store_that_was_changed(attack: Attack, oven: Path, what: str) -> None:
    """Between fetch and use somebody writes other bytes into the store: that is found out, whatever they are."""
    made = upstream(attack.folder / "up", {"f": "good\n", what: "x"})
    commit = made.git("rev-parse", "HEAD")
    source = recipe(attack, what, made.address, keys=f"rev: {commit}")
    assert attack.run("fetch", source, "--no-rootfs", store=oven, memory=None).code == 0
    with closing(Store(oven)) as store:
        folder = store.folder("git", commit)
    assert folder is not None
    objects = loosened(folder)
    id_ = made.git("rev-parse", {"blob": "HEAD:f", "tree": "HEAD^{tree}", "commit": "HEAD"}[what])
    target = objects / id_[:2] / id_[2:]
    body = zlib.decompress(target.read_bytes()).partition(b"\0")[2]
    for good, evil in ((b"good", b"evil"), (b"100644 f", b"100755 f"), (b"change", b"chance")):
        body = body.replace(good, evil)
    target.chmod(0o644)
    target.write_bytes(zlib.compress(f"{what} {len(body)}\0".encode() + body))
    attack.inputs += 1
    ended = attack.run("build", source, *out(attack), "-q", store=oven, memory=None)
    assert ended.code == 3, ended.err
    assert f"damaged: object '{id_}' is not what its id says" in ended.told[0].message
    assert ended.told[0].remedy


@row("C16", WORDS, "kept")
def test_c16_settings_in_the_store(attack: Attack, oven: Path) -> None:
    """Whoever can write into the store still makes nobody run anything."""
    made = upstream(attack.folder / "up", {"f": "settings\n"})
    commit = made.git("rev-parse", "HEAD")
    source = recipe(attack, "settings", made.address, keys=f"rev: {commit}")
    assert attack.run("fetch", source, "--no-rootfs", store=oven, memory=None).code == 0
    with closing(Store(oven)) as store:
        folder = store.folder("git", commit)
    assert folder is not None
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    arm(attack, folder)
    attack.inputs += 1
    ended = attack.build(source, *out(attack), store=oven)
    assert ended.code == 0, ended.err
    attack.judge(ended)
