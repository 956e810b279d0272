"""What is not built as it is there: in our output, in other channels on this machine and behind an address."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from builder.channel import Channel
from builder.cli.existing import Where, existing
from builder.cli.site import Site
from builder.errors import UsageError
from builder.model.rendering import Rendering
from builder.model.variant import Variant
from builder.plan import Existing
from tests.channel.making import make_package
from tests.cli.test_baking import place_at
from tests.environment.served import served
from tests.plan.fakes import Package


@pytest.fixture
def place(tmp_path: Path) -> Site:
    return replace(place_at(tmp_path, tmp_path / "store", offline=False), channels=(), channels_given=False)


def found(place: Site, where: Where, *renderings: Rendering, suffix: str = ".conda") -> dict[str, Existing]:
    return asyncio.run(existing(renderings, place, where, suffix))


def has(folder: Path, made: Path, name: str, **extra: object) -> Path:
    """Put a package into the channel ``folder``."""
    Channel(folder).publish(make_package(made, name, version="1", extra=extra))
    return folder


def test_our_output_counts_by_name_version_and_build(place: Site, tmp_path: Path) -> None:
    has(place.output, tmp_path / "made", "a")
    there, newer, other, missing = (
        one.rendering(tmp_path)
        for one in (
            Package(name="a"), Package(name="a", version="2"), Package(name="a", build="h1_0"), Package(name="b"),
        )
    )  # fmt: skip
    assert found(place, "local", there, newer, other, missing) == {
        "linux-64/a-1-h0_0": Existing(channel=str(place.output), file="a-1-h0_0.conda")
    }


def test_the_wanted_format_counts_and_else_the_other(place: Site, tmp_path: Path) -> None:
    has(place.output, tmp_path / "made", "a", suffix=".tar.bz2")
    rendering = Package(name="a").rendering(tmp_path)
    key = rendering.identity
    assert found(place, "local", rendering)[key].file == "a-1-h0_0.tar.bz2"
    has(place.output, tmp_path / "made", "a")
    assert found(place, "local", rendering)[key].file == "a-1-h0_0.conda"
    assert found(place, "local", rendering, suffix=".tar.bz2")[key].file == "a-1-h0_0.tar.bz2"


def test_a_foreign_package_counts(place: Site, tmp_path: Path) -> None:
    """One without our keys, as rattler-build leaves it."""
    has(place.output, tmp_path / "made", "a", keys=False)
    assert found(place, "local", Package(name="a").rendering(tmp_path))


def test_other_channels_count_only_when_all_do(place: Site, tmp_path: Path) -> None:
    near = has(tmp_path / "near", tmp_path / "made", "a")
    far = has(tmp_path / "far", tmp_path / "made", "b")
    has(far, tmp_path / "made", "c", subdir="noarch", noarch="generic")
    renderings = [
        one.rendering(tmp_path)
        for one in (Package(name="a"), Package(name="b"), Package(name="c", noarch="generic"), Package(name="d"))
    ]
    with served(far) as server:
        place = replace(place, channels=(str(near), server.url))
        assert found(place, "local", *renderings) == {}
        assert found(place, "all", *renderings) == {
            "linux-64/a-1-h0_0": Existing(channel=str(near)),
            "linux-64/b-1-h0_0": Existing(channel=server.url),
            "noarch/c-1-h0_0": Existing(channel=server.url),
        }


def test_our_output_wins_over_other_channels(place: Site, tmp_path: Path) -> None:
    other = has(tmp_path / "other", tmp_path / "made", "a")
    has(place.output, tmp_path / "made", "a")
    place = replace(place, channels=(str(other),))
    ((_, one),) = found(place, "all", Package(name="a").rendering(tmp_path)).items()
    assert one == Existing(channel=str(place.output), file="a-1-h0_0.conda")


def test_a_variants_own_channels_are_asked(place: Site, tmp_path: Path) -> None:
    other = has(tmp_path / "other", tmp_path / "made", "a")
    plain = Package(name="a").rendering(tmp_path)
    sourced = replace(plain, variant=Variant.of({"channel_sources": str(other)}))
    assert found(place, "all", plain) == {}
    assert found(place, "all", sourced)[sourced.identity].channel == str(other)
    given = replace(place, channels=(str(has(tmp_path / "empty", tmp_path / "made", "b")),), channels_given=True)
    assert found(given, "all", sourced) == {}


def test_staging_and_skipped_outputs_are_no_packages(place: Site, tmp_path: Path) -> None:
    has(place.output, tmp_path / "made", "a")
    skipped = Package(name="a", skip=True).rendering(tmp_path)
    assert found(place, "local", skipped, Package(name="a", kind="staging").rendering(tmp_path)) == {}


def test_a_channel_that_is_not_there_is_an_error(place: Site, tmp_path: Path) -> None:
    place = replace(place, channels=(str(tmp_path / "gone"),))
    with pytest.raises(UsageError, match="is not a channel"):
        found(place, "all", Package(name="a").rendering(tmp_path))
