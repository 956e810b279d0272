"""Which recipes are meant, and for which platforms: what becomes of the command line's words."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.cli.selection import BUILD_PLATFORM, Selection, known_platform, selection
from builder.errors import UsageError
from builder.matrix.identity import default_build_string
from builder.model.name import check_build_string
from builder.model.rendering import Override, Platforms
from builder.model.switch import Switch
from builder.model.target import TARGETS


@click.command()
@selection
def command(selection: Selection) -> Selection:
    return selection


def parsed(*arguments: str | Path) -> Selection:
    found = command.main([str(argument) for argument in arguments], standalone_mode=False)
    assert isinstance(found, Selection)
    return found


def platforms(target: str, host: str, build: str = BUILD_PLATFORM) -> Platforms:
    return Platforms(target=target, host=host, build=build)


class TestPlatforms:
    """The rules are rattler-build's: `tests/cli/test_render_only.py` asks it."""

    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            ((), platforms("linux-64", "linux-64")),
            (("--target-platform", "win-64"), platforms("win-64", "win-64")),
            (("--host-platform", "win-64"), platforms("win-64", "win-64")),
            (("--host-platform", "osx-64", "--target-platform", "win-64"), platforms("win-64", "osx-64")),
            (("--build-platform", "osx-arm64"), platforms("linux-64", "linux-64", "osx-arm64")),
        ],
    )
    def test_host_and_target_are_each_others_default(self, words: tuple[str, ...], expected: Platforms) -> None:
        assert parsed(*words).platforms() == expected

    @pytest.mark.parametrize("option", ["--target-platform", "--host-platform", "--build-platform"])
    def test_what_is_no_platform(self, option: str) -> None:
        with pytest.raises(UsageError, match="'linux64' is not a platform") as caught:
            parsed(option, "linux64").platforms()
        assert caught.value.problems[0].remedy == "did you mean 'linux-64'?"
        with pytest.raises(UsageError) as caught:
            parsed(option, "zzz").platforms()
        assert caught.value.problems[0].remedy == f"{option} takes a subdir, as linux-64"
        with pytest.raises(UsageError) as caught:
            parsed(option, "noarch").platforms()
        assert "build.noarch" in str(caught.value.problems[0].remedy)

    @pytest.mark.parametrize("platform", [*TARGETS, None])
    def test_what_is_one(self, platform: str | None) -> None:
        assert known_platform("--x", platform) == platform


class TestRecipes:
    def test_nothing_named_means_here_unless_a_tree_is_walked(self, tmp_path: Path) -> None:
        assert (parsed().wanted, parsed().given) == ((Path(),), False)
        walked = parsed("--recipe-dir", tmp_path)
        assert (walked.wanted, walked.recipe_dirs, walked.given) == ((), (tmp_path,), True)
        both = parsed("--recipe-dir", tmp_path, "-r", "x", "y", "-r", "-")
        assert both.wanted == (Path("y"), Path("x"), Path("-"))

    def test_a_tree_must_be_there(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        for path in (tmp_path / "file", tmp_path / "absent"):
            with pytest.raises(click.BadParameter):
                parsed("--recipe-dir", path)


class TestVariants:
    def test_values_have_no_spaces_around_them(self) -> None:
        assert parsed("--variant", "a=1 , 2,3 ").overrides() == {"a": ("1", "2", "3")}

    def test_variant_files_of_recipes_may_be_left_out(self) -> None:
        assert parsed().recipe_variants
        assert not parsed("--ignore-recipe-variants").recipe_variants


class TestOverride:
    def test_nothing_is_overridden_unasked(self) -> None:
        assert parsed().override == Override()
        assert parsed("--build-num", "0").override == Override(build_number=0)
        assert parsed("--build-string-prefix", "x").override == Override(build_string_prefix="x")

    @pytest.mark.parametrize("number", ["-1", "1.5", "x", "", str(2**31)])
    def test_numbers_that_are_none(self, number: str) -> None:
        with pytest.raises(click.BadParameter):
            parsed("--build-num", number)

    @pytest.mark.parametrize("text", ["", "a-b", "a b", "ü", "a/b", "x" * 65, "a\n"])
    def test_prefixes_that_no_build_string_can_have(self, text: str) -> None:
        with pytest.raises(UsageError, match="cannot stand in a build string"):
            parsed("--build-string-prefix", text)

    @given(st.from_regex(r"[A-Za-z0-9_.+]{1,64}", fullmatch=True), st.integers(min_value=0, max_value=2**31 - 1))
    def test_all_others_make_good_build_strings(self, prefix: str, number: int) -> None:
        override = parsed("--build-string-prefix", prefix, "--build-num", str(number)).override
        assert (override.build_string_prefix, override.build_number) == (prefix, number)
        made = default_build_string({"target_platform": "linux-64"}, None, number, prefix)
        assert made == f"{prefix}_hb0f4dca_{number}"
        if len(made) <= 64:
            check_build_string(made)


class TestSwitches:
    def test_they_are_off(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("RATTLER_BUILD_EXPERIMENTAL", raising=False)
        assert parsed().switches == frozenset()
        assert parsed("--experimental").switches == {Switch.EXPERIMENTAL}
        assert parsed("--v3", "--experimental").switches == {Switch.EXPERIMENTAL, Switch.V3}

    def test_the_environment_may_say_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RATTLER_BUILD_EXPERIMENTAL", "true")
        assert parsed().switches == {Switch.EXPERIMENTAL}
        monkeypatch.setenv("RATTLER_BUILD_EXPERIMENTAL", "false")
        assert parsed().switches == frozenset()
