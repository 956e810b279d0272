"""Expanding one output over the keys that it reads, and no others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import RecipeError
from builder.matrix.branches import Branch, Chosen, used_keys
from builder.matrix.space import Space
from builder.model.recipe import Build, Output, VariantKeys
from tests.matrix.fakes import Evaluator, Maker, Reader, config, renderer, texts


def plain(build: Build | None = None) -> Output:
    return Output(kind="package", name="a", version="1", build=build or Build())


def branches(
    maker: Maker, given_config: dict[str, list[object]], *zips: tuple[str, ...], limit: int = 10_000
) -> list[Branch]:
    evaluate = Evaluator([maker])
    made = renderer(evaluate, config(given_config, *zips), limit=limit)  # type: ignore[arg-type]
    return made.expansion.branches(texts([maker])[0])


def seen(found: list[Branch], *keys: str) -> list[tuple[int | None, ...]]:
    return [tuple(branch.assigned.get(key) for key in keys) for branch in found]


def test_only_what_is_read_is_expanded() -> None:
    def maker(variant: Reader) -> Output:
        variant("python")
        return plain()

    found = branches(maker, {"python": ["3.11", "3.12"], "other": list(range(1000))})
    assert seen(found, "python", "other") == [(0, None), (1, None)]


def test_each_combination_is_evaluated_once() -> None:
    def maker(variant: Reader) -> Output:
        variant("a")
        variant("b")
        return plain()

    evaluate = Evaluator([maker])
    made = renderer(evaluate, config({"a": list(range(10)), "b": list(range(10)), "c": [1, 2]}))
    assert len(made.expansion.branches(texts([maker])[0])) == 100
    assert evaluate.count == 100


def test_a_key_that_only_one_branch_reads_splits_only_that_branch() -> None:
    def maker(variant: Reader) -> Output:
        if variant("cuda") == "yes" and variant("cuda_version") == "12":
            variant("driver")
        return plain()

    found = branches(maker, {"cuda": ["no", "yes"], "cuda_version": ["11", "12"], "driver": [1, 2, 3]})
    assert seen(found, "cuda", "cuda_version", "driver") == [
        (0, None, None), (1, 0, None), (1, 1, 0), (1, 1, 1), (1, 1, 2),
    ]  # fmt: skip


def test_a_zipped_key_that_is_read_later_follows_its_group() -> None:
    def maker(variant: Reader) -> Output:
        if variant("python") == "3.12":
            variant("numpy")
        return plain()

    found = branches(maker, {"python": ["3.11", "3.12", "3.12"], "numpy": ["1", "1", "2"]}, ("python", "numpy"))
    assert seen(found, "python", "numpy") == [(0, None), (1, 0), (1, 2)]


def test_the_evaluation_sees_a_combination_that_exists() -> None:
    rows: set[tuple[object, object]] = set()

    def maker(variant: Reader) -> Output:
        rows.add((variant("python"), variant("numpy")))
        return plain()

    branches(maker, {"python": ["3.11", "3.12"], "numpy": ["1", "2"]}, ("python", "numpy"))
    assert rows == {("3.11", "1"), ("3.12", "2")}


def test_free_specs_and_use_keys_count_as_used() -> None:
    def maker(variant: Reader) -> Output:
        variant.free("zlib")
        return plain(build=Build(variant=VariantKeys(use_keys=("blas-impl", "nobody"))))

    found = branches(maker, {"zlib": ["1.2", "1.3"], "blas_impl": ["mkl", "openblas"], "nothing": [1, 2]})
    assert len(found) == 4
    space = Space(config({"zlib": ["1"], "blas_impl": ["x"]}))
    assert used_keys(found[0].evaluated, space) == ["zlib", "blas_impl"]


def test_keys_that_always_count_are_expanded_unread() -> None:
    found = branches(lambda _: plain(), {"channel_targets": ["a", "b"], "CPU_COUNT": [1, 2], "unread": [1, 2]})
    assert len(found) == 4
    assert set(found[0].assigned) == {"target_platform", "channel_targets", "CPU_COUNT"}


def test_b1_too_many_combinations_are_counted_and_refused_before_they_are_made() -> None:
    def maker(variant: Reader) -> Output:
        for key in "abcdefg":
            variant(key)
        return plain()

    values: dict[str, list[object]] = {key: list(range(10)) for key in "abcdefg"}
    evaluate = Evaluator([maker])
    made = renderer(evaluate, config({**values, "a": list(range(12))}))  # type: ignore[dict-item]
    with pytest.raises(RecipeError, match="12,000,000 times, more than the 10,000") as caught:
        made.expansion.branches(texts([maker])[0])
    assert "a (12 values), b (10 values)" in (caught.value.problems[0].remedy or "")
    assert evaluate.count == 2


def test_b1_branches_that_split_later_count_together() -> None:
    def maker(variant: Reader) -> Output:
        variant(f"inner_{variant('outer')}")
        return plain()

    values: dict[str, list[object]] = {"outer": list(range(5)), **{f"inner_{number}": [1, 2, 3] for number in range(5)}}
    assert len(branches(maker, values, limit=15)) == 15
    with pytest.raises(RecipeError, match="more than the 14"):
        branches(maker, values, limit=14)


def test_the_chosen_variant_is_a_mapping_filled_on_demand() -> None:
    space = Space(config({"a": [1, 2], "b": ["x", "y"]}, ("a", "b")))
    chosen = Chosen(space, {"b": 1})
    assert (chosen["b"], chosen["a"]) == ("y", 2)
    assert chosen.get("nobody") is None
    assert "a" in chosen
    assert len(chosen) == len(list(chosen)) == 4
    with pytest.raises(KeyError):
        chosen["nobody"]


READS = st.lists(st.sampled_from("abcde"), unique=True)


@given(READS, READS, st.integers(1, 3), st.booleans(), st.integers(0, 1))
def test_projection_gives_what_the_full_product_gives(
    first: list[str], later: list[str], size: int, zipped: bool, odd: int
) -> None:
    """The set of read values is the same as if every combination of all keys had been evaluated."""
    values: dict[str, list[object]] = {key: list(range(size)) for key in "abcde"}
    groups = (("a", "c", "e"),) if zipped else ()

    def maker(variant: Reader) -> Output:
        total = sum(int(variant(key) or 0) for key in first)
        for key in later if total % 2 == odd else []:
            variant(key)
        return plain()

    found = branches(maker, values, *groups)
    space = Space(config(values, *groups))  # type: ignore[arg-type]
    expected = set()
    for row in space.extensions({}, "abcde"):
        reader = Reader(Chosen(space, row), None)
        maker(reader)
        expected.add(tuple(sorted((key, row[key]) for key in reader.read)))
    got = [tuple(sorted((key, branch.assigned[key]) for key in branch.evaluated.read)) for branch in found]
    assert set(got) == expected
    assert len(got) == len(expected)
