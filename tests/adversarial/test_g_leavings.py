"""What hostile scripts leave for others to read, run or believe: ids G12 and G17 to G22 of the table."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest

from builder.archive import read_package
from tests.adversarial.attack import SECRET, row
from tests.adversarial.leftovers import seen_by
from tests.adversarial.trial import BACK_ENDS, PLACES, Oven, Tried

TOKEN = "s3cr3t/Tok3n+of==nobody"
FORMS = {
    "plain": TOKEN,
    "base64": base64.b64encode(TOKEN.encode()).decode(),
    "inside base64": base64.b64encode(b"user:" + TOKEN.encode()).decode()[8:24],
    "url": quote(TOKEN, safe=""),
}

LINKS = {
    "license": ("ln -s {planted} LICENSE", "about: {{license: MIT, license_file: LICENSE}}"),
    "tests": ("mkdir d; ln -s {planted} d/one; ln -s {home} two", "tests: [{{script: ['true'], files: {{source: [d/one, two/]}}}}]"),
    "prefix": ("ln -s {planted} $PREFIX/one; ln -s {home} $PREFIX/two; ln -s ../../../../../../../../../../../..{planted} $PREFIX/three", ""),
    "listing": ("ln -sf {planted} $RATTLER_BUILD_PACKAGE_FILES; mkdir -p $PREFIX/x; echo x > $PREFIX/x/y", ""),
    "folder": ("ln -s {home} $PREFIX/conda-meta || (mv $PREFIX/conda-meta $PREFIX/gone; ln -s {home} $PREFIX/conda-meta); exit 7", ""),
    "python": ("mkdir -p $PREFIX/Menu $PREFIX/bin; ln -s {planted} $PREFIX/Menu/x.json; ln -s {planted} $PREFIX/bin/.x-post-link.sh", ""),
}  # fmt: skip
"""What each script leaves, and what its recipe asks for of that."""

FLOUR = """
package: {name: flour, version: "1.0"}
build:
  script: |
    mkdir -p $PREFIX/share/flour $PREFIX/bin
    echo good > $PREFIX/share/flour/data; echo good > $PREFIX/share/flour/other; ln -s data $PREFIX/share/flour/link
    printf '#!/bin/sh\\necho good\\n' > $PREFIX/bin/flour; chmod 755 $PREFIX/bin/flour
about: {license: CC0-1.0}
"""
POISON = """
echo bad > $PREFIX/share/flour/data; echo bad >> $PREFIX/share/flour/link; truncate -s 1 $PREFIX/share/flour/other
printf '#!/bin/sh\\necho bad\\n' > $PREFIX/bin/flour; chmod 777 $PREFIX/bin/flour; touch -d 2001-01-01 $PREFIX/bin/flour
ln $PREFIX/share/flour/other $PREFIX/share/hard; echo bad > $PREFIX/share/hard; mv $PREFIX/share/flour/link $PREFIX/moved
rm -rf $PREFIX/conda-meta
echo "@poisoned $(flour)" $(cat $PREFIX/share/flour/*)
"""
NEEDS_FLOUR = "requirements: {host: [flour], run: [flour]}\n"
VICTIM = """
package: {name: victim, version: "1.0"}
requirements: {host: [flour], run: [flour]}
build: {script: 'echo "@build $(flour) $(echo $(cat $PREFIX/share/flour/*))"'}
tests:
  - script: 'echo "@test $(flour) $(echo $(cat $PREFIX/share/flour/*))"'
about: {license: CC0-1.0}
"""

LEAVE = """
for place in /tmp /dev/shm /var/tmp /run "$HOME" "$HOME/.cache/pip" "$HOME/.ccache" "$HOME/.cache/sccache" "$HOME/.config" \
    "${PIP_CACHE_DIR:-/tmp}" "${SRC_DIR:-.}" /bakehouse /bakehouse/script; do
    { mkdir -p "$place" && echo 'touch /tmp/ran' > "$place/evil"; } 2>/dev/null && echo "@left $place" || true
done
"""
FIND = "find / -xdev -name evil -print 2>/dev/null | sed 's/^/@found /' || true; find /tmp /dev/shm $HOME ${SRC_DIR:-.} $PREFIX -name evil | sed 's/^/@found /'"
CACHES = """
package: {{name: {name}, version: "1.0"}}
build: {{script: {build}}}
tests: [{{script: {test}}}]
about: {{license: CC0-1.0}}
"""

FORGED = """
mkdir -p $PREFIX/conda-meta $PREFIX/info/bakehouse $PREFIX/.git/hooks $PREFIX/share .git/hooks info
echo '{"name": "evil"}' | tee $PREFIX/conda-meta/evil.json $PREFIX/conda-meta/history >/dev/null
printf '#!/bin/sh\\ntouch /tmp/ran\\n' | tee $PREFIX/.git/hooks/post-checkout .git/hooks/pre-commit >/dev/null
echo forged > $PREFIX/share/real
"""
FORGED_INFO = (
    "mkdir -p $PREFIX/info/bakehouse; echo '{}' | tee $PREFIX/info/index.json $PREFIX/info/bakehouse/keys.json"
)
ONE = """
package: {{name: {name}, version: "1.0"}}
build: {{script: {script}}}
{more}
"""
FREE = "about: {license: CC0-1.0}"
TESTED = """
package: {{name: {name}, version: "1.0"}}
tests: [{{script: {script}}}]
about: {{license: CC0-1.0}}
"""

PRINTS = r"""
printf '\033[31mred\n\033]0;title\007\033[2J\033]52;c;ZXZpbA==\007 \233 31m \r overwritten\n'
printf '::set-output name=evil::1\n  ::add-mask::x\n##vso[task.setvariable variable=evil]1\n##[command]evil\n##teamcity[evil]\n'
printf '\033[c\033[6n\033P$q"p\033\\ \000 \377\376 \302\205 \342\200\256\n'
printf 'half of a line '; printf '\xe2\x80'; echo
"""
EMBEDDED = {
    "time": "date +%s%N",
    "cpus": "nproc; echo $CPU_COUNT",
    "random": "cat /proc/sys/kernel/random/uuid",
    "mounts": "cat /proc/self/mountinfo",
}
CONSTANT = "hostname; id; umask; date -d @$SOURCE_DATE_EPOCH; echo $PREFIX $PWD $TZ $LC_ALL $HOME"
EMBEDS = "mkdir -p $PREFIX/share; {{ {}; }} > $PREFIX/share/embedded"
ALLOWED = "extra: {bakehouse: {leak_allowlist: [share/embedded]}}\n"
SHOWN = 16 << 20
"""Bytes of a script's log that are shown while it runs (docs/reference/limits.md); what is more is in its file alone."""
LONG = "head -c 20M /dev/zero | tr '\\0' x; echo; echo THE-END"
MUCH = "set +o pipefail; yes $(head -c 4000 /dev/zero | tr '\\0' y) | head -c 20M; echo; echo THE-END"
TELLS = f"""
echo "plain $TOKEN"; echo "$TOKEN" | base64 -w0; echo; printf 'user:%s' "$TOKEN" | base64 -w0; echo; echo "url $(printf %s "$TOKEN" | sed 's,/,%2F,g; s,+,%2B,g; s,=,%3D,g')"
printf 'split {TOKEN[:9]}'; sleep 0.05; printf '{TOKEN[9:]}\\n'; printf '%s\\n' "$TOKEN" >&2; set -x; : "$TOKEN"; set +x
printf 'colour {TOKEN[:5]}\\033[0m{TOKEN[5:]}\\n'; exit 9
"""


@pytest.fixture(scope="session", params=BACK_ENDS)
def oven(
    request: pytest.FixtureRequest, kitchen: Path, docker_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Oven:
    """The command on each back end; its user has a secret in the environment."""
    folder = tmp_path_factory.mktemp(f"leave-{request.param}")
    variables = {"DOCKER_HOST": docker_engine, "TOKEN": TOKEN}
    return Oven(store=kitchen, back_end=request.param, folder=folder, variables=variables)


@pytest.fixture(scope="session")
def planted(oven: Oven) -> Path:
    """A file of the machine, alone in its folder."""
    planted = oven.folder / "planted" / "secret"
    planted.parent.mkdir()
    planted.write_text(SECRET)
    return planted


@pytest.fixture(scope="session")
def links(oven: Oven, planted: Path) -> Tried:
    """Leave links."""
    for name, (script, more) in LINKS.items():
        text = script.format(planted=planted, home=planted.parent)
        asked = more.format() or "about: {license: CC0-1.0}"
        oven.put(f"links/{name}-build", ONE.format(name=f"link-{name}-build", script=json.dumps(text), more=asked))
        text = text.replace("$RATTLER_BUILD_PACKAGE_FILES", "listing")
        text += f"; ln -s {planted.parent} $HOME/x; ln -s / $PREFIX/root; ln -s {planted.parent} ../out"
        oven.put(f"links/{name}-test", TESTED.format(name=f"link-{name}-test", script=json.dumps(text)))
    return oven.build(oven.folder / "recipes" / "links", "--keep-going", "-j", "2")


@pytest.fixture(scope="session")
def forged(oven: Oven) -> Tried:
    """Leave records that are lies."""
    for name, script in {"forged": FORGED, "forged-info": FORGED_INFO}.items():
        oven.put(f"forged/{name}-build", ONE.format(name=f"{name}-build", script=json.dumps(script), more=FREE))
        oven.put(f"forged/{name}-test", TESTED.format(name=f"{name}-test", script=json.dumps(script)))
    return oven.build(oven.folder / "recipes" / "forged", "--keep-going", "-j", "2")


@pytest.fixture(scope="session")
def logs(oven: Oven) -> Tried:
    """Print what harms, too much, and secrets."""
    for name, script in {"prints": PRINTS, "long": LONG, "much": MUCH, "tells": TELLS}.items():
        said = json.dumps({"secrets": ["TOKEN"], "content": script} if name == "tells" else script)
        oven.put(f"logs/{name}-build", ONE.format(name=f"{name}-build", script=said, more=FREE))
        oven.put(f"logs/{name}-test", TESTED.format(name=f"{name}-test", script=said))
    return oven.build(oven.folder / "recipes" / "logs", "--keep-going", "-j", "2")


@pytest.fixture(scope="session")
def caches(oven: Oven) -> Tried:
    """Leave files where caches are, and look for them in the next script."""
    oven.put("caches/a", CACHES.format(name="cache-1", build=json.dumps(LEAVE), test=json.dumps(f"{FIND}; {LEAVE}")))
    oven.put("caches/b", CACHES.format(name="cache-2", build=json.dumps(FIND), test=json.dumps(FIND)))
    return oven.build(oven.folder / "recipes" / "caches", "-j", "1")


@pytest.fixture(scope="session")
def twice(oven: Oven) -> Tried:
    """Put into a package what differs from one build to the next, and into a test's environment."""
    for name, script in {**EMBEDDED, "constant": CONSTANT}.items():
        text = json.dumps(EMBEDS.format(script))
        oven.put(f"twice/{name}-build", ONE.format(name=f"{name}-build", script=text, more=ALLOWED + FREE))
        oven.put(f"twice/{name}-test", TESTED.format(name=f"{name}-test", script=text))
    return oven.build(oven.folder / "recipes" / "twice", "--keep-going", "-j", "2", "--check-reproducible")


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> str:
    """Where the script runs."""
    return str(request.param)


@row("G12", "links out of what a script leaves are never followed", "contained")
def test_g12_links(oven: Oven, planted: Path, links: Tried, place: str) -> None:
    ends = {name: links.finished(f"link-{name}-{place}-1.0") for name in LINKS}
    assert {end["ending"] for end in ends.values()} <= {"built", "failed"}
    assert planted.read_text() == SECRET
    assert [path.name for path in planted.parent.iterdir()] == ["secret"]
    for package in oven.folder.glob(f"channel/*/link-*-{place}-1.0-*.conda"):
        tree = oven.folder / "extracted" / package.name
        read_package(package).extract(tree)
        assert SECRET.encode() not in b"".join(path.read_bytes() for path in seen_by(tree))
    assert SECRET not in links.err + "".join(links.lines())
    kept = oven.store / "failed"
    assert not [path for path in seen_by(kept) if SECRET.encode() in path.read_bytes()]
    if place == "build":
        assert "no file" in str(ends["listing"]["errors"]) or "cannot be read" in str(ends["listing"]["errors"])


@row("G17", "a log steers no terminal and no CI service, and is bounded", "contained")
def test_g17_logs(oven: Oven, logs: Tried, place: str) -> None:
    for name in ("prints", "long", "much"):
        assert logs.finished(f"{name}-{place}-1.0")["ending"] == "built"
    files = [path for path in oven.store.glob("logs/**/*") if path.is_file() and place in str(path)]
    text = "\n".join(logs.lines(f"prints-{place}-1.0"))
    assert "red" in text
    assert "overwritten" in text
    for said in (text, *(path.read_text("utf-8") for path in files if f"prints-{place}" in str(path))):
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", said)
        assert not re.search(r"^\s*::[a-z-]+.*::|##vso\[|##\[|##teamcity\[", said, re.MULTILINE)
    for name in ("long", "much"):
        (log,) = [path for path in files if f"{name}-{place}" in str(path)]
        assert log.stat().st_size < 21 << 20
        assert log.read_bytes().rstrip().endswith(b"THE-END")
        assert sum(map(len, logs.lines(f"{name}-{place}-1.0"))) < SHOWN + (1 << 20)


@row("G18", "a secret is hidden as it is, in base64, in an address, and in pieces", "contained")
def test_g18_secrets(oven: Oven, logs: Tried, place: str) -> None:
    end = logs.finished(f"tells-{place}-1.0")
    assert end["ending"] == "failed"
    lines = logs.lines(f"tells-{place}-1.0")
    assert any("********" in line for line in lines)
    files = [
        path.read_text("utf-8")
        for path in oven.store.glob("logs/**/*")
        if path.is_file() and f"tells-{place}" in str(path)
    ]
    assert files
    for said in ("\n".join(lines), logs.err, json.dumps(end), *files):
        assert not [name for name, form in FORMS.items() if form in said]
    kept = [path for path in seen_by(oven.store / "failed") if f"tells-{place}" in str(path)]
    assert not [path for path in kept if re.search(rb"(?<!')" + re.escape(TOKEN).encode(), path.read_bytes())]


@row("G20", "nothing that a script leaves in a cache is there for the next one", "contained")
def test_g20_caches(caches: Tried, place: str) -> None:
    assert caches.code == 0, caches.err
    assert {"@left /tmp", "@left /bakehouse/home"} <= set(caches.lines("cache-1"))
    assert not [line for line in caches.lines("cache-2") if line.startswith("@found")]
    assert not [line for line in caches.lines("cache-1") if line.startswith("@found")]


@row("G21", "what a script writes of itself is not believed: records, info, hooks, statements", "contained")
def test_g21_forged_records(oven: Oven, forged: Tried, place: str) -> None:
    assert forged.finished(f"forged-{place}-1.0")["ending"] == "built"
    (package,) = oven.folder.glob(f"channel/*/forged-{place}-1.0-*.conda")
    members = {one.path for one in read_package(package).members()}
    assert not [path for path in members if path.startswith("conda-meta/")]
    assert read_package(package).index()["name"] == f"forged-{place}"
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    statement = json.loads(package.with_name(f"{package.name}.intoto.json").read_text())
    assert [one["digest"]["sha256"] for one in statement["subject"]] == [digest]
    info = forged.finished(f"forged-info-{place}-1.0")
    if place == "build":
        assert (info["ending"], "info/" in str(info["errors"])) == ("failed", True)
    else:
        assert info["ending"] == "built"
    assert not (oven.folder / "tmp" / "ran").exists()


@pytest.fixture(scope="session", params=(*BACK_ENDS, "none"))
def poisoned(
    request: pytest.FixtureRequest, kitchen: Path, docker_engine: str, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Tried, Tried, dict[str, str], dict[str, str]]:
    """Let a script and a test change their environment in place; with isolation ``none`` that is a copy."""
    folder = tmp_path_factory.mktemp(f"poison-{request.param}")
    oven = Oven(store=kitchen, back_end=request.param, folder=folder, variables={"DOCKER_HOST": docker_engine})
    flour = oven.put("flour", FLOUR)
    poison = oven.put("poison/b", ONE.format(name="poison-build", script=json.dumps(POISON), more=NEEDS_FLOUR + FREE))
    oven.put("poison/t", TESTED.format(name="poison-test", script=json.dumps(POISON)) + NEEDS_FLOUR)
    victim, later = oven.put("victim", VICTIM), oven.put("later", VICTIM.replace("victim", "later"))
    first = oven.build(flour, victim)
    assert first.code == 0, first.err
    shared = [kitchen / "folders" / "environments", kitchen / "folders" / "unpacked"]
    before = {str(path): _state(path) for place in shared for path in seen_by(place)}
    bad = oven.build(poison.parent, "--keep-going")
    after = {str(path): _state(path) for place in shared for path in seen_by(place)}
    last = oven.build(later)
    return bad, last, before, {path: after.get(path, "gone") for path in before}


@row("G19", "an environment that a script changes in place is its own alone: on overlays, on copies", "contained")
def test_g19_poisoned_environments(poisoned: tuple[Tried, Tried, dict[str, str], dict[str, str]], place: str) -> None:
    bad, last, before, after = poisoned
    assert [line for line in bad.lines(f"poison-{place}") if line.startswith("@")] == ["@poisoned bad bad bad bad"]
    assert before == after
    assert [line for line in last.lines("later") if line.startswith("@")] == [
        "@build good good good good",
        "@test good good good good",
    ]


@row("G22", "time, processors, chance and mounts in a package are told by --check-reproducible", "contained")
def test_g22_embedded_surroundings(oven: Oven, twice: Tried, place: str) -> None:
    assert twice.finished(f"constant-{place}-1.0")["ending"] == "built", twice.err
    for name in EMBEDDED:
        end = twice.finished(f"{name}-{place}-1.0")
        published = list(oven.folder.glob(f"channel/*/{name}-{place}-1.0-*"))
        if place == "test":
            assert end["ending"] == "built", "what a test writes is in no package"
        else:
            assert "with other bytes when it was built once more" in str(end["errors"])
            assert not published


def _state(path: Path) -> str:
    found = path.stat()
    return f"{found.st_mode:o} {found.st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
