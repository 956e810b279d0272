"""Options in groups: each group arrives as one value."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from builder.cli.options import (
    BuildChoice,
    Places,
    Selection,
    Telling,
    build_choice,
    places,
    selection,
    size_in_bytes,
    telling,
)
from builder.errors import UsageError


def parsed(*arguments: str) -> tuple[Selection, Places, BuildChoice, Telling]:
    """Return what a verb with all groups is called with."""
    got: list[tuple[Selection, Places, BuildChoice, Telling]] = []

    @click.command()
    @selection
    @places
    @build_choice
    @telling
    def verb(selection: Selection, places: Places, choice: BuildChoice, telling: Telling) -> None:
        got.append((selection, places, choice, telling))

    verb.main(list(arguments), standalone_mode=False)
    return got[0]


def test_without_options_everything_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BAKEHOUSE_STORE", raising=False)
    chosen, where, how, told = parsed()
    assert chosen == Selection(paths=(), recipes=(), variant_files=(), variants=(), target_platform=None)
    assert (chosen.given, chosen.wanted) == (False, (Path(),))
    assert where == Places(output=None, channels=(), offline=False, store=None)
    assert (how.jobs, how.isolation, how.test, how.keep_going, how.locked) == (1, None, "native", False, False)
    assert told.kind is None


def test_names_of_rattler_build_mean_the_same() -> None:
    ours = parsed("a", "-m", "v.yaml", "--out", "o", "-c", "ch", "--keep-going")
    theirs = parsed(
        "-r", "a", "--variant-config", "v.yaml", "--output-dir", "o", "--channel", "ch", "--continue-on-failure"
    )
    assert ours[0].wanted == theirs[0].wanted == (Path("a"),)
    assert ours[0].variant_files == theirs[0].variant_files
    assert ours[1:] == theirs[1:]


def test_variants_are_keys_with_values() -> None:
    chosen, *_ = parsed("--variant", "python=3.12,3.13", "--variant", "mpi=openmpi")
    assert chosen.overrides() == {"python": ("3.12", "3.13"), "mpi": ("openmpi",)}


@pytest.mark.parametrize("text", ["python", "=3.12", "python="])
def test_a_variant_without_key_or_value_is_refused(text: str) -> None:
    chosen, *_ = parsed("--variant", text)
    with pytest.raises(UsageError, match="is not KEY=VALUE"):
        chosen.overrides()


def test_quiet_wins_over_any_progress() -> None:
    *_, told = parsed("--progress", "json", "-q")
    assert told.kind == "none"
    *_, told = parsed("--progress", "json")
    assert told.kind == "json"


@pytest.mark.parametrize(
    "arguments", [("-j", "0"), ("-j", "many"), ("--isolation", "jail"), ("--test", "maybe"), ("--progress", "x")]
)
def test_values_that_cannot_be_are_refused(arguments: tuple[str, str]) -> None:
    with pytest.raises(click.UsageError):
        parsed(*arguments)


def test_the_store_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEHOUSE_STORE", "/from/environment")
    assert parsed()[1].store == Path("/from/environment")
    assert parsed("--store", "/from/option")[1].store == Path("/from/option")


@pytest.mark.parametrize(
    ("text", "count"),
    [("1000", 1000), ("1k", 1024), ("500M", 500 << 20), ("1.5G", 3 << 29), ("20 GiB", 20 << 30), ("2tb", 2 << 40), (" 7B ", 7)],
)  # fmt: skip
def test_sizes(text: str, count: int) -> None:
    assert size_in_bytes(text) == count


@pytest.mark.parametrize("text", ["", "G", "-1", "1 X", "1,5G", "0x10"])
def test_what_is_no_size_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        size_in_bytes(text)
    assert caught.value.problems[0].remedy
