"""Groups of options: what becomes of a command line's words."""

from __future__ import annotations

import io
import json
from pathlib import Path

import click
import pytest

from builder.cli.limiting import size_in_bytes
from builder.cli.options import BuildChoice, Places, Telling, build_choice, places, telling
from builder.cli.selection import Selection, selection
from builder.errors import UsageError
from builder.report.events import LogLine


@click.command()
@selection
@places
@build_choice
@telling
@click.option("--own", default="mine")
def everything(selection: Selection, places: Places, choice: BuildChoice, telling: Telling, own: str) -> object:
    return selection, places, choice, telling, own


def parsed(*arguments: str) -> tuple[Selection, Places, BuildChoice, Telling, str]:
    found = everything.main(list(arguments), standalone_mode=False)
    assert isinstance(found, tuple)
    return found


def test_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAKEHOUSE_STORE", raising=False)
    chosen, where, how, told, own = parsed()
    assert chosen == Selection(paths=(), recipes=(), variant_files=(), variants=(), target_platform=None)
    assert where == Places(output=None, channels=(), offline=False, store=None)
    assert how == BuildChoice(jobs=1, keep_going=False, with_deps=False, test="native", lock_file=None, locked=False)
    assert (told.json, told.progress, told.verbose, told.quiet, told.kind) == (False, None, False, False, None)
    assert own == "mine"


def test_a_store_from_the_environment_and_from_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEHOUSE_STORE", "/named")
    assert parsed()[1].store == Path("/named")
    assert parsed("--store", "/said")[1].store == Path("/said")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (("--out", "x"), ("--output-dir", "x")),
        (("-m", "v"), ("--variant-config", "v")),
        (("-r", "r"), ("--recipe", "r")),
        (("-c", "conda"), ("--channel", "conda")),
        (("--keep-going",), ("--continue-on-failure",)),
    ],
    ids=str,
)
def test_rattler_builds_names_mean_the_same(ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    assert parsed(*ours) == parsed(*theirs) != parsed()


def test_several_values() -> None:
    chosen, where, *_ = parsed("a", "-r", "b", "c", "-c", "one", "-c", "two", "-m", "x", "-m", "y")
    assert chosen.wanted == (Path("a"), Path("c"), Path("b"))
    assert chosen.variant_files == (Path("x"), Path("y"))
    assert where.channels == ("one", "two")


def test_nothing_named_means_here() -> None:
    chosen = parsed()[0]
    assert (chosen.given, chosen.wanted) == (False, (Path(),))
    assert parsed("x")[0].given
    assert parsed("-r", "x")[0].given


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a=1", {"a": ("1",)}),
        ("a=1,2", {"a": ("1", "2")}),
        ("a=b=c", {"a": ("b=c",)}),
        ("a=1.0 *_x", {"a": ("1.0 *_x",)}),
    ],
)
def test_variants(text: str, expected: dict[str, tuple[str, ...]]) -> None:
    assert parsed("--variant", text)[0].overrides() == expected


def test_the_last_word_on_a_key_counts() -> None:
    assert parsed("--variant", "a=1", "--variant", "b=2", "--variant", "a=3")[0].overrides() == {
        "a": ("3",),
        "b": ("2",),
    }


@pytest.mark.parametrize("text", ["a", "a=", "=1", "", "="])
def test_what_is_no_variant(text: str) -> None:
    with pytest.raises(UsageError, match="KEY=VALUE"):
        parsed("--variant", text)[0].overrides()


def test_quiet_wins_over_any_progress() -> None:
    assert parsed("-q", "--progress", "plain")[3].kind == "none"
    assert parsed("--progress", "plain")[3].kind == "plain"


@pytest.mark.parametrize(
    "arguments", [("-j", "0"), ("-j", "257"), ("--isolation", "x"), ("--test", "x"), ("--progress", "none")]
)
def test_values_out_of_range(arguments: tuple[str, str]) -> None:
    with pytest.raises(click.BadParameter):
        parsed(*arguments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", 0), ("1000", 1000), ("1k", 1024), ("20G", 20 << 30), ("500 MiB", 500 << 20), ("1.5M", 3 << 19), ("2TB", 2 << 40),
        (" 7 ", 7), ("3KB", 3 << 10), ("3 b", 3),
    ],
)  # fmt: skip
def test_sizes(text: str, expected: int) -> None:
    assert size_in_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "G", "-1", "1X", "1.G", "1e3", "one", "1 2"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        size_in_bytes(text)
    assert caught.value.problems[0].remedy == "write it as 20G or 500M"


def test_groups_take_only_their_own_values() -> None:
    seen: list[object] = []

    @click.command()
    @telling
    @click.option("--other")
    def one(telling: Telling, **others: object) -> None:
        seen.append((telling, others))

    one.main(["--json", "--other", "x"], standalone_mode=False)
    assert seen == [(Telling(json=True, progress=None, verbosity=0, quiet=False), {"other": "x"})]


class TestMirrors:
    def test_they_stay_in_their_order(self) -> None:
        texts = ("https://a/=https://b/", "https://a/=https://c/", "pypi:=https://d/x=y/")
        places = Places(output=None, channels=(), offline=False, store=None, mirrors=texts)
        assert places.replacements() == (
            ("https://a/", ("https://b/",)), ("https://a/", ("https://c/",)), ("pypi:", ("https://d/x=y/",)),
        )  # fmt: skip

    @pytest.mark.parametrize(
        "text", ["", "https://a/", "https://a/=", "=https://a/", "https://a/=b", "https://a/=https://b"]
    )
    def test_what_is_none(self, text: str) -> None:
        places = Places(output=None, channels=(), offline=False, store=None, mirrors=(text,))
        with pytest.raises(UsageError) as caught:
            places.replacements()
        [problem] = caught.value.problems
        assert problem.code == "cli.mirror"
        assert "example.org" in (problem.remedy or "")


class TestTelling:
    def told(self, *arguments: str) -> Telling:
        return parsed(*arguments)[3]

    @pytest.mark.parametrize(
        ("words", "kind", "verbose"),
        [
            ((), None, False),
            (("-v",), None, True),
            (("-vvv",), None, True),
            (("--log-style", "fancy"), None, True),
            (("--log-style", "plain"), "plain", True),
            (("--log-style", "simple"), "plain", True),
            (("--log-style", "json"), "json", True),
            (("--log-style", "json", "--progress", "table"), "table", True),
            (("--log-style", "json", "-q"), "none", True),
        ],
    )
    def test_rattler_builds_styles(self, words: tuple[str, ...], kind: str | None, verbose: bool) -> None:
        told = self.told(*words)
        assert (told.kind, told.verbose) == (kind, verbose)

    def test_the_style_of_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RATTLER_BUILD_LOG_STYLE", "json")
        assert self.told().kind == "json"
        assert self.told("--log-style", "plain").kind == "plain"

    def test_the_reporter_writes_what_was_asked_for(self) -> None:
        for words, lines in ((("--log-style", "plain"), "t │ said\n"), (("--progress", "plain"), ""), (("-q",), "")):
            stream = io.StringIO()
            self.told(*words).reporter(stream).emit(LogLine(task_id="t", line="said"))
            assert stream.getvalue() == lines

    def test_a_verb_may_want_another_reporter_when_none_is_asked_for(self) -> None:
        stream = io.StringIO()
        self.told().reporter(stream, otherwise="json").emit(LogLine(task_id="t", line="said"))
        assert json.loads(stream.getvalue())["line"] == "said"


def test_where_packages_go_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_BLD_PATH", "/croot")
    assert parsed()[1].output == Path("/croot")
    assert parsed("--output-dir", "/mine")[1].output == Path("/mine")


@pytest.mark.parametrize("text", ["strict", "disabled", "Disabled"])
def test_priority_of_channels(text: str) -> None:
    assert parsed("--channel-priority", text)[1].channel_priority == text.lower()


def test_the_last_word_on_tests_counts() -> None:
    assert parsed("--test", "native", "--no-test")[2].test == "skip"
    assert parsed("--no-test", "--test", "native-and-emulated")[2].test == "native-and-emulated"
