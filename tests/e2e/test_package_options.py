"""What a build's options do, end to end: metadata, what is not built, ages of dependencies, what is left behind."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from builder.archive import read_package
from tests.cli.conftest import Command, write_recipe
from tests.e2e.command import indexed, packages
from tests.e2e.treats import STEM, TREAT, endings, peer_built
from tests.environment.packages import EPOCH, Made, channel

pytestmark = pytest.mark.sandbox


# -- what the user adds and leaves out -------------------------------------------------------------------------------------


def test_what_the_user_adds_is_in_the_package_and_in_its_key(command: Command, treat: Path, tmp_path: Path) -> None:
    """CEP 31."""
    out = tmp_path / "c"
    extra = ("--extra-meta", "sha=0123abc", "--extra-meta", "flow_run_id=github_7")
    assert command("build", treat, "--out", out, *extra, "-q").code == 0
    opened = read_package(out / "linux-64" / f"{STEM}.conda")
    assert opened.about()["extra"] == {"sha": "0123abc", "flow_run_id": "github_7", "maintainers": ["cook"]}
    assert b'extra_meta:\n  flow_run_id: github_7\n  sha: "0123abc"\n' in opened.read_info(
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
    assert "the channels are those that you name" in said.err
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
