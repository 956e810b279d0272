"""What a build's options do to packages, end to end: both formats, metadata, ages of dependencies, what is left behind."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tarfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from conda_package_handling import api as cph
from rattler import install

from builder.archive import read_package
from builder.channel import Channel
from builder.model.inside import SEALED
from tests.channel.test_peers import solved
from tests.cli.conftest import Command, write_recipe
from tests.conformance.members import differences, extracted
from tests.e2e.command import indexed, packages
from tests.e2e.test_peer_builds import DIFFERENCES
from tests.environment.packages import EPOCH, Made, channel

pytestmark = pytest.mark.sandbox

TREAT = """\
context: {version: "1.0"}
package: {name: treat, version: "${{ version }}"}
build:
  script: |
    mkdir -p "$PREFIX/bin" "$PREFIX/share/treat"
    printf '#!/bin/sh\\ncat "%s/share/treat/taste"\\n' "$PREFIX" > "$PREFIX/bin/treat"
    chmod +x "$PREFIX/bin/treat"
    echo sweet > "$PREFIX/share/treat/taste"
    ln -s treat "$PREFIX/bin/sweet"
    seq 20000 > "$PREFIX/share/treat/numbers"
tests:
  - script:
    - sweet
    - test "$(sweet)" = sweet
about: {summary: A treat, license: CC0-1.0}
extra: {sha: theirs, maintainers: [cook]}
"""
STEM = "treat-1.0-hb0f4dca_0"


@pytest.fixture
def treat(tmp_path: Path) -> Path:
    return write_recipe(tmp_path / "treat", TREAT)


def endings(said: str) -> list[str]:
    return [package["ending"] for package in json.loads(said)]


# -- formats ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def both(command: Command, treat: Path, tmp_path: Path) -> Path:
    """A channel with one package in both formats."""
    for form in ("conda", "tar-bz2"):
        assert command("build", treat, "--out", tmp_path / "c", "--package-format", form, "-q").code == 0
    return tmp_path / "c"


def test_both_formats_lie_in_one_channel(both: Path) -> None:
    assert set(packages(both)) == {f"linux-64/{STEM}.conda", f"linux-64/{STEM}.tar.bz2"}
    assert packages(both) == indexed(both)
    before = {path: path.read_bytes() for path in both.rglob("*.json")}
    Channel(both).reindex()
    assert {path: path.read_bytes() for path in both.rglob("*.json")} == before


def test_both_have_the_same_members(both: Path, tmp_path: Path) -> None:
    one, other = (extracted(both / "linux-64" / f"{STEM}{end}", tmp_path / end) for end in (".conda", ".tar.bz2"))
    found = {str(difference) for difference in differences(one, other)}
    place = "info/recipe/rendered_recipe.yaml: build_configuration/packaging_settings"
    keys = "info/bakehouse/keys.json: "
    assert found == {
        f"{place}/archive_type", f"{place}/compression_level", f"{keys}build_key", f"{keys}recipe_key",
    }  # fmt: skip


def test_each_is_reused_by_those_who_ask_for_it(both: Path, command: Command, treat: Path) -> None:
    before = packages(both)
    for form in ("tar.bz2", "tarbz2:9", "tar-bz2:max", "conda", "conda:default"):
        said = command("build", treat, "--out", both, "--package-format", form, "--json", "-q")
        assert endings(said.out) == ["reused"], form
        (package,) = json.loads(said.out)
        assert package["path"].endswith(".conda" if "conda" in form else ".tar.bz2")
    said = command("build", treat, "--out", both, "--package-format", "tar-bz2:1", "--json", "-q")
    (package,) = json.loads(said.out)
    packed_anew = f"packed anew from {STEM}.conda, which has the same files"
    assert (package["ending"], package["reasons"]) == ("built", ["--package-format changed", packed_anew])
    assert {name for name, digest in packages(both).items() if before[name] != digest} == {f"linux-64/{STEM}.tar.bz2"}


def test_the_format_of_the_peers_configuration_is_taken(command: Command, treat: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[build]\npackage-format = "tar-bz2:3"\n')
    build = ("build", treat, "--out", tmp_path / "c", "--config-file", tmp_path / "config.toml", "--json")
    assert endings(command(*build).out) == ["built"]
    assert set(packages(tmp_path / "c")) == {f"linux-64/{STEM}.tar.bz2"}
    assert endings(command(*build).out) == ["reused"]
    assert endings(command(*build[:4], "--package-format", "tar-bz2:3", "--json").out) == ["reused"]


def test_solvers_take_the_new_format_and_install_the_old_one(both: Path, tmp_path: Path) -> None:
    """CEP 35."""
    (record,) = solved(both, tmp_path / "cache", "treat")
    assert record.file_name == f"{STEM}.conda"
    (both / "linux-64" / f"{STEM}.conda").unlink()
    Channel(both).ensure()
    records = solved(both, tmp_path / "cache 2", "treat")
    assert [one.file_name for one in records] == [f"{STEM}.tar.bz2"]
    prefix = tmp_path / "prefix"
    asyncio.run(install(records, prefix, cache_dir=tmp_path / "packages", show_progress=False))
    assert subprocess.run([prefix / "bin" / "sweet"], capture_output=True, text=True, check=True).stdout == "sweet\n"


def test_the_old_format_is_the_same_bytes_every_time(both: Path, command: Command, treat: Path, tmp_path: Path) -> None:
    for threads in (1, 3):
        out = tmp_path / f"again {threads}"
        said = command(
            "build", treat, "--out", out, "--package-format", "tar-bz2", "--compression-threads", str(threads), "-q"
        )
        assert said.code == 0
        assert packages(out).items() <= packages(both).items()


def test_tar_and_condas_tools_read_the_old_format(both: Path, tmp_path: Path) -> None:
    path = both / "linux-64" / f"{STEM}.tar.bz2"
    done = subprocess.run(["tar", "-tjvf", path, "--numeric-owner"], capture_output=True, text=True, check=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    assert {words[1] for words in lines} == {"0/0"}
    names = [words[5] for words in lines]
    info = [name for name in names if name.startswith("info/")]
    assert names == [*sorted(info), *sorted(set(names) - set(info))]
    cph.extract(str(path), dest_dir=str(tmp_path / "cph"))
    assert (tmp_path / "cph" / "share" / "treat" / "taste").read_text() == "sweet\n"


def test_the_old_format_carries_its_tests(both: Path, command: Command, tmp_path: Path) -> None:
    package = both / "linux-64" / f"{STEM}.tar.bz2"
    said = command("test", package, "--json", "-q")
    assert said.code == 0
    ((one,),) = [found["tests"] for found in json.loads(said.out)]
    assert one["passed"]
    logs = tmp_path / "kitchen" / "logs" / STEM
    assert Path(one["log"]).parent == logs


def test_a_package_that_fails_its_tests_is_entered_in_the_old_format_too(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "bad", TREAT.replace("= sweet\n", "= sour\n"))
    said = command("build", recipe, "--out", tmp_path / "c", "--package-format", "tar-bz2")
    assert said.code == 1
    assert packages(tmp_path / "c") == indexed(tmp_path / "c") == {}
    (package,) = (tmp_path / "kitchen" / "broken").glob("*/*.tar.bz2")
    assert f"bakehouse debug {package}" in said.err
    assert command("debug", recipe, "--test", "0", "--out", tmp_path / "c", "--json").code == 0
    good = write_recipe(tmp_path / "bad", TREAT)
    assert command("build", good, "--out", tmp_path / "c", "--package-format", "tar-bz2").code == 0
    assert not package.exists(), "what passed now is broken no more"


PEER = """
import os, sys, warnings
warnings.simplefilter("ignore")
from rattler_build.cli_api import build_recipes
recipe, out, form = sys.argv[1:]
build_recipes([recipe], channel=[], output_dir=out, test="skip", package_format=form)
os._exit(0)  # its threads now and then abort an interpreter that takes itself apart
"""


def peer_built(recipe: Path, out: Path, form: str) -> Path:
    """Let py-rattler-build build a recipe that needs no packages, with this machine's shell; return the package."""
    words = [sys.executable, "-c", PEER, str(recipe / "recipe.yaml"), str(out), form]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(out.parent), "LANG": "C.UTF-8"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    (found,) = [*out.glob("linux-64/*.conda"), *out.glob("linux-64/*.tar.bz2")]
    return found


def test_the_old_format_has_what_the_peers_has(both: Path, treat: Path, tmp_path: Path) -> None:
    theirs = peer_built(treat, tmp_path / "peer", "tar-bz2")
    ours = both / "linux-64" / theirs.name
    found = list(
        differences(
            extracted(ours, tmp_path / "ours", str(SEALED.prefix)),
            extracted(theirs, tmp_path / "theirs", str(SEALED.prefix)),
        )
    )
    unknown = [str(one) for one in found if not any(known.covers(theirs.name, one) for known in DIFFERENCES)]
    assert unknown == []
    with tarfile.open(ours) as one, tarfile.open(theirs) as other:
        mine, yours = ({member.name: member for member in archive if not member.isdir()} for archive in (one, other))
    common = [name for name in mine if name in yours]
    assert [name for name in yours if name in mine] == common
    assert [name for name in mine if not name.startswith("info/")] == [n for n in yours if not n.startswith("info/")]
    for name in common:
        assert mine[name].type == yours[name].type, name
        assert mine[name].issym() or mine[name].mode == yours[name].mode, name
        assert (mine[name].uid, mine[name].gid) == (yours[name].uid, yours[name].gid) == (0, 0)


PEER_TEST = """
import os, sys, warnings
warnings.simplefilter("ignore")
from rattler_build.cli_api import test_package
test_package(sys.argv[1], channel=[])
os._exit(0)
"""


@pytest.mark.parametrize("word", ["sweet", "sour"])
def test_the_peer_tests_the_old_format(command: Command, tmp_path: Path, word: str) -> None:
    recipe = write_recipe(tmp_path / "r", TREAT.replace("= sweet\n", f"= {word}\n"))
    build = ("build", recipe, "--out", tmp_path / "c", "--package-format", "tar-bz2", "--test", "skip", "-q")
    assert command(*build).code == 0
    words = [sys.executable, "-c", PEER_TEST, str(tmp_path / "c" / "linux-64" / f"{STEM}.tar.bz2")]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert (done.returncode == 0) == (word == "sweet"), done.stdout[-2000:] + done.stderr[-2000:]


# -- what the user adds and leaves out -------------------------------------------------------------------------------------


def test_what_the_user_adds_is_in_the_package_and_in_its_key(command: Command, treat: Path, tmp_path: Path) -> None:
    """CEP 31."""
    out = tmp_path / "c"
    extra = ("--extra-meta", "sha=0123abc", "--extra-meta", "flow_run_id=github_7")
    assert command("build", treat, "--out", out, *extra, "-q").code == 0
    opened = read_package(out / "linux-64" / f"{STEM}.conda")
    assert opened.about()["extra"] == {"sha": "0123abc", "flow_run_id": "github_7", "maintainers": ["cook"]}
    assert b'extra_meta:\n  sha: "0123abc"\n  flow_run_id: github_7\n' in opened.read_info(
        "recipe/rendered_recipe.yaml"
    )
    assert endings(command("build", treat, "--out", out, *extra, "--json").out) == ["reused"]
    said = command("build", treat, "--out", out, *extra[:2], "--json").out
    assert json.loads(said)[0]["reasons"] == ["--extra-meta flow_run_id is gone"]


def test_without_the_recipe(command: Command, treat: Path, tmp_path: Path) -> None:
    assert command("build", treat, "--out", tmp_path / "c", "--no-include-recipe", "-q").code == 0
    opened = read_package(tmp_path / "c" / "linux-64" / f"{STEM}.conda")
    assert not [name for name in opened.info_files() if fnmatchcase(name, "recipe/*")]
    assert command("test", opened.path, "-q").code == 0


def test_a_prefix_in_a_binary_file_is_refused_when_the_user_says_so(command: Command, tmp_path: Path) -> None:
    script = """printf '\\0%s\\0' "$PREFIX" > "$PREFIX/blob\""""
    recipe = write_recipe(
        tmp_path / "r", f"package: {{name: r, version: '1'}}\nbuild: {{script: {json.dumps(script)}}}\n"
    )
    out = tmp_path / "c"
    said = command("build", recipe, "--out", out, "--error-prefix-in-binary")
    assert said.code == 1
    assert "Binary file contains host prefix" in said.err
    assert packages(out) == {}
    assert command("build", recipe, "--out", out).code == 0
    said = command("build", recipe, "--out", out, "--error-prefix-in-binary", "--json")
    assert said.code == 1
    assert [error["code"] for error in said.errors] == ["check.prefix-in-binary"]


# -- what is there already -------------------------------------------------------------------------------------------------


def test_what_is_there_is_not_built_again(command: Command, treat: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "c", tmp_path / "other"
    assert command("build", treat, "--out", other, "-q").code == 0
    write_recipe(treat, TREAT.replace("A treat", "A better treat"))
    build = ("build", treat, "--out", out, "-c", other, "--json")
    assert endings(command(*build, "--skip-existing=all").out) == []
    assert packages(out) == {}
    assert (out / "noarch" / "repodata.json").is_file()
    assert endings(command(*build, "--skip-existing").out) == ["built"]
    before = packages(out)
    write_recipe(treat, TREAT.replace("A treat", "The best treat"))
    said = command(*build, "--skip-existing=local").out
    (package,) = json.loads(said)
    assert (package["ending"], package["reasons"]) == ("reused", [f"it is in {out} already"])
    assert packages(out) == before
    assert endings(command(*build, "--skip-existing", "none").out) == ["built"]
    assert packages(out) != before


def test_a_dependant_uses_what_was_not_built_again(command: Command, treat: Path, tmp_path: Path) -> None:
    other, out = tmp_path / "other", tmp_path / "c"
    assert command("build", treat, "--out", other, "-q").code == 0
    guest = write_recipe(
        tmp_path / "guest",
        "package: {name: guest, version: '1'}\nrequirements: {host: [treat]}\n"
        "build: {script: 'test -x $PREFIX/bin/treat'}\n",
    )
    said = command("build", treat, guest, "--out", out, "-c", other, "--skip-existing", "all")
    assert said.code == 0
    assert f"linux-64/{STEM}: reused (it is in {other} already)" in said.err
    assert [Path(name).name.split("-")[0] for name in packages(out)] == ["guest"]


def test_packages_of_the_peer_in_the_output_are_indexed_and_used(command: Command, treat: Path, tmp_path: Path) -> None:
    out = tmp_path / "c"
    theirs = peer_built(treat, out, "conda")
    guest = write_recipe(
        tmp_path / "guest",
        "package: {name: guest, version: '1'}\nrequirements: {host: [treat]}\n"
        "build: {script: 'test -x $PREFIX/bin/treat'}\n",
    )
    assert command("build", guest, "--out", out, "-q").code == 0
    assert packages(out) == indexed(out)
    assert f"linux-64/{theirs.name}" in packages(out)
    before = packages(out)
    assert endings(command("build", treat, "--out", out, "--skip-existing", "--json").out) == ["reused"]
    assert packages(out) == before


# -- how environments are solved -------------------------------------------------------------------------------------------

USER = """\
package: {name: user, version: "1"}
requirements: {host: [dep]}
build: {script: 'ls "$PREFIX/conda-meta" | grep ^dep- > "$PREFIX/used"'}
"""


def used(out: Path, folder: Path) -> str:
    """Which version of `dep` the package was built with."""
    (package,) = out.glob("linux-64/user-*.conda")
    read_package(package).extract(folder)
    (line,) = (folder / "used").read_text().splitlines()
    return line.split("-")[1]


def test_newer_packages_are_not_used(command: Command, tmp_path: Path) -> None:
    other = channel(
        tmp_path / "other", Made(name="dep", version="1.0"), Made(name="dep", version="2.0", time=EPOCH + 60)
    )
    recipe, out = write_recipe(tmp_path / "user", USER), tmp_path / "c"
    build = ("build", recipe, "--out", out, "-c", other, "--json")
    assert endings(command(*build, "--exclude-newer", "2020-09-13T12:26:40Z").out) == ["built"]
    assert used(out, tmp_path / "1") == "1.0"
    said = command(*build)
    assert json.loads(said.out)[0]["reasons"] == ["--exclude-newer is gone"]
    assert used(out, tmp_path / "2") == "2.0"
    said = command(*build, "--exclude-newer", "2020-09-01T00:00:00Z")
    assert said.code == 2
    assert said.errors[0]["code"] == "environment.too-new"


def test_a_lock_file_with_newer_packages_is_out_of_date(command: Command, tmp_path: Path) -> None:
    other = channel(
        tmp_path / "other", Made(name="dep", version="1.0"), Made(name="dep", version="2.0", time=EPOCH + 1)
    )
    lock = ("--lock-file", tmp_path / "lock")
    build = ("build", write_recipe(tmp_path / "user", USER), "-c", other, "--json", *lock)
    assert command(*build, "--out", tmp_path / "1").code == 0
    assert used(tmp_path / "1", tmp_path / "u1") == "2.0"
    newest = ("--exclude-newer", "2020-09-13T12:26:40Z")
    said = command(*build, "--out", tmp_path / "2", "--locked", *newest)
    assert (said.code, said.errors[0]["code"]) == (2, "environment.lock-stale")
    assert "newer than asked for: dep-2.0-h1_0.conda" in str(said.errors[0]["message"])
    assert command(*build, "--out", tmp_path / "2", *newest).code == 0
    assert used(tmp_path / "2", tmp_path / "u2") == "1.0"
    assert command(*build, "--out", tmp_path / "3", "--locked", *newest).code == 0


def test_without_priority_any_channel_may_win(command: Command, tmp_path: Path) -> None:
    first = channel(tmp_path / "first", Made(name="dep", version="1.0"))
    second = channel(tmp_path / "second", Made(name="dep", version="2.0"))
    recipe, out = write_recipe(tmp_path / "user", USER), tmp_path / "c"
    build = ("build", recipe, "--out", out, "-c", first, "-c", second, "-q")
    assert command(*build).code == 0
    assert used(out, tmp_path / "1") == "1.0"
    assert command(*build, "--channel-priority", "disabled").code == 0
    assert used(out, tmp_path / "2") == "2.0"
    rendered = read_package(next(out.glob("linux-64/user-*.conda"))).read_info("recipe/rendered_recipe.yaml")
    assert b"channel_priority: disabled\n" in rendered


def test_variants_name_their_channels(command: Command, tmp_path: Path) -> None:
    """As in conda-forge's pinning file; the command line wins, where rattler-build refuses both."""
    first = channel(tmp_path / "first", Made(name="dep", version="1.0"))
    second = channel(tmp_path / "second", Made(name="dep", version="2.0"))
    recipe, out = write_recipe(tmp_path / "user", USER), tmp_path / "c"
    variants = tmp_path / "variants.yaml"
    variants.write_text(f"channel_sources: ['{tmp_path / 'empty'},{second}']\n")
    channel(tmp_path / "empty")
    assert command("build", recipe, "--out", out, "-m", variants, "-q").code == 0
    assert used(out, tmp_path / "1") == "2.0"
    said = command("build", recipe, "--out", tmp_path / "d", "-m", variants, "-c", first)
    assert said.code == 0
    assert used(tmp_path / "d", tmp_path / "2") == "1.0"
    assert "the channels are those of the command line" in said.err
    assert [path.name for path in out.glob("linux-64/*.conda")] == [
        path.name for path in (tmp_path / "d").glob("linux-64/*.conda")
    ], "the hash knows the variant's channels either way"


# -- what is left behind ---------------------------------------------------------------------------------------------------


def test_a_good_builds_folder_is_kept_and_entered(command: Command, treat: Path, tmp_path: Path) -> None:
    said = command("build", treat, "--out", tmp_path / "c", "--keep-build", "--no-build-id", "--progress", "plain")
    assert said.code == 0
    assert "--no-build-id: the folders of builds have no time in their names anyway" in said.err
    folder = tmp_path / "kitchen" / "failed" / f"linux-64_{STEM}"
    assert f"linux-64/{STEM}: its build folder is kept: {folder} (`bakehouse debug {treat}` enters it)" in said.err
    assert folder.is_dir()
    entered = command("debug", treat, "--out", tmp_path / "c", "--json")
    assert entered.code == 0, entered.err
    again = command("build", treat, "--out", tmp_path / "c", "--keep-build", "--progress", "plain")
    assert "--keep-build: what is reused has no build to keep" in again.err


def test_the_summary_in_markdown_is_appended(command: Command, treat: Path, tmp_path: Path) -> None:
    file = tmp_path / "summary.md"
    file.write_text("# Before\n")
    build = ("build", treat, "--out", tmp_path / "c", "-q", "--markdown-summary", file)
    assert command(*build).code == 0
    write_recipe(treat, TREAT.replace("= sweet\n", "= sour\n"))
    assert command(*build).code == 1
    text = file.read_text()
    assert text.startswith("# Before\n### bakehouse: 1 built in ")
    assert f"| ✔ | <code>linux-64/{STEM}.conda</code> | built | " in text
    assert f"| ✘ | <code>linux-64/{STEM}.conda</code> | failed | " in text
    said = command("build", treat, "--out", tmp_path / "c", "--markdown-summary", tmp_path / "gone" / "file", "--json")
    assert said.code == 2
    assert said.errors[0]["code"] == "cli.markdown-summary"


def test_githubs_page_of_the_run_gets_it_as_with_the_peer(
    command: Command, treat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "page"))
    monkeypatch.setenv("RATTLER_BUILD_ENABLE_GITHUB_INTEGRATION", "true")
    assert command("build", treat, "--out", tmp_path / "c", "-q").code == 0
    assert (tmp_path / "page").read_text().startswith("### bakehouse: 1 built in ")


def test_an_output_in_which_nothing_was_built_is_a_channel(command: Command, tmp_path: Path) -> None:
    recipe = write_recipe(tmp_path / "r", "package: {name: r, version: '1'}\nbuild: {skip: true}\n")
    assert command("build", recipe, "--out", tmp_path / "c", "-q").code == 0
    assert sorted(path.parent.name for path in (tmp_path / "c").glob("*/repodata.json")) == ["linux-64", "noarch"]


def test_modes_and_folders_of_an_output(both: Path) -> None:
    umask = os.umask(0)
    os.umask(umask)
    for path in [*both.rglob("*.conda"), *both.rglob("*.tar.bz2")]:
        assert path.stat().st_mode & 0o777 == 0o644
    assert {path.name for path in both.iterdir() if path.name[0] != "."} == {"linux-64", "noarch"}
    assert all(path.stat().st_mode & 0o777 == 0o755 for path in both.iterdir() if path.is_dir())
