"""Packages of jobs: the same as when every job looks at every output, in much less time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from builder.feedstock.breakup import Part, parts
from builder.feedstock.builds import Builds
from builder.feedstock.collapse import Collapsed
from builder.feedstock.seen import Seen, Sight
from builder.matrix.v0.space import Axis, LegacySpace

NOWHERE = LegacySpace(fixed={}, axes=())


def output(stem: str, used: set[str], variant: dict[str, str]) -> Seen:
    return Seen(
        stem=stem, feedstock="a", is_noarch=False, used=frozenset(used), used_at_top=frozenset(used), variant=variant,
        space=NOWHERE,
    )  # fmt: skip


def part(*axes: Axis) -> Part:
    return Part(axes=axes, pins={}, zip_keys=())


def test_outputs_are_those_that_agree() -> None:
    outputs = [
        output("a-1-0", {"k"}, {"k": "1", "o": "x"}),
        output("b-1-0", {"k", "o"}, {"k": "1", "o": "y"}),
        output("c-1-0", {"k"}, {"k": "2"}),
        output("d-1-0", set(), {"k": "2"}),
        output("", set(), {}),
    ]
    builds = Builds(outputs, ("k",))
    one = part(Axis(("k",), (("1",),)), Axis(("o",), (("x",),)))
    assert builds.stems(one, {"k": "1"}) == ("a-1-0", "d-1-0")
    two = part(Axis(("k",), (("2",),)), Axis(("o",), (("x",), ("y",))))
    assert builds.stems(two, {"k": "2"}) == ("c-1-0", "d-1-0")


def test_the_same_package_of_several_variants_is_one() -> None:
    outputs = [output("a-1-0", {"k"}, {"k": "1"})] * 3
    assert Builds(outputs, ("k",)).stems(part(Axis(("k",), (("1",),))), {"k": "1"}) == ("a-1-0",)


def test_a_job_does_not_look_at_outputs_of_others() -> None:
    """Two thousand jobs with a package each: looking at all for each would be four million times looking."""
    many = [str(number) for number in range(2000)]
    looked: list[str] = []

    class Counted(dict[str, str]):
        def __getitem__(self, key: str) -> str:
            looked.append(key)
            return super().__getitem__(key)

    builds = Builds([output(f"a-1-{one}", {"k"}, Counted(k=one)) for one in many], ("k",))
    assert [builds.stems(part(Axis(("k",), ((one,),))), {"k": one}) for one in many] == [
        (f"a-1-{one}",) for one in many
    ]
    assert len(looked) < 10 * len(many)


KEYS = st.sets(st.sampled_from("klo"), max_size=3)
VALUES = st.sampled_from(["1", "2"])


@given(
    outputs=st.lists(
        st.tuples(KEYS, st.fixed_dictionaries({"k": VALUES, "l": VALUES, "o": VALUES})), min_size=1, max_size=6
    ),
    loops=KEYS,
)
def test_it_is_what_looking_at_all_of_them_gives(
    outputs: list[tuple[set[str], dict[str, str]]], loops: set[str]
) -> None:
    seen = [output(f"a-1-{number}", used, variant) for number, (used, variant) in enumerate(outputs)]
    axes = tuple(Axis((key,), (("1",), ("2",))) for key in "klo")
    collapsed = Collapsed(axes=axes, pins={}, loops=tuple(sorted(loops)))
    builds = Builds(seen, collapsed.loops)
    for one in parts(collapsed, Sight(outputs=tuple(seen), space=NOWHERE, text="")):
        expected = sorted(output.stem for output in seen if one.builds(output))
        assert builds.stems(one, one.first_values(collapsed.loops)) == tuple(expected)
