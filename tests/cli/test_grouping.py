"""Groups of options: each becomes one value."""

from __future__ import annotations

import click
import pytest

from builder.cli.grouping import grouped
from builder.model.frozen import frozen


@frozen
class Inner:
    """Two options."""

    size: int
    loud: bool


@frozen
class Outer:
    """An option, and a group of others."""

    name: str | None
    inner: Inner


INNER = grouped(
    "inner", Inner, click.option("size", "--size", type=int, default=1), click.option("loud", "--loud", is_flag=True)
)


@click.command()
@grouped("outer", Outer, click.option("name", "--name"), INNER)
@click.option("--own", default="mine")
def command(outer: Outer, own: str) -> object:
    return outer, own


def parsed(*arguments: str) -> object:
    return command.main(list(arguments), standalone_mode=False)


def test_a_group_may_be_a_field_of_another() -> None:
    assert parsed() == (Outer(name=None, inner=Inner(size=1, loud=False)), "mine")
    assert parsed("--loud", "--own", "x", "--name", "n", "--size", "3") == (
        Outer(name="n", inner=Inner(size=3, loud=True)),
        "x",
    )


def test_help_has_the_options_in_their_order() -> None:
    names = [parameter.name for parameter in command.params]
    assert names == ["name", "size", "loud", "own"]


def test_a_command_keeps_its_own_name_and_words() -> None:
    @INNER
    def told(inner: Inner) -> Inner:
        """Say it."""
        return inner

    assert (told.__name__, told.__doc__) == ("told", "Say it.")
    assert told(size=2, loud=True) == Inner(size=2, loud=True)


def test_what_no_option_gave_is_a_defect() -> None:
    @INNER
    def needs(inner: Inner) -> Inner:
        return inner

    with pytest.raises(TypeError, match="loud"):
        needs(size=2)


def test_a_field_that_no_option_is_for_has_its_default() -> None:
    @frozen
    class Part:
        size: int = 7
        loud: bool = False

    @click.command()
    @grouped("part", Part, click.option("loud", "--loud", is_flag=True))
    def quiet(part: Part) -> object:
        return part

    assert quiet.main(["--loud"], standalone_mode=False) == Part(size=7, loud=True)
