"""Explanations as text: calm, complete, and without anything that steers a terminal."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

from builder.errors import Place
from builder.model.explanation import Explanation, NamePart, Reason, Setting, Through, UnusedKey, UsedKey
from builder.model.recipe import Output
from builder.model.rendering import Platforms, RecipeFile, Rendering
from builder.model.variant import Origin, Variant, VariantValue
from builder.report.explanation import comparison_text, explanation_text, key_text, shown

PLACE = Place(file="recipe.yaml", line=7, column=7, frame="    - ${{ short }}")
REASON = Reason(
    through="context", name="short", text="python", path="context.short", place=replace(PLACE, line=2, frame="  a"),
    further=(Reason(through="expression", text="short", path="requirements.host[0]", place=PLACE),),
)  # fmt: skip


def explanation(python: str = "3.12", *, digest: str = "aaaaaaa", **more: VariantValue) -> Explanation:
    values: dict[str, VariantValue] = {"python": python, **more}
    rendering = Rendering(
        recipe=RecipeFile(path=Path("recipe.yaml"), folder=Path()),
        output=Output(kind="package", name="a", version="1"),
        variant=Variant.of(values),
        platforms=Platforms(target="linux-64", host="linux-64", build="linux-64"),
        subdir="linux-64",
        hash=digest,
        build_string=f"h{digest}_0",
    )
    key = UsedKey(
        key="python", value=python, reasons=(REASON,), origin=Origin(source="variants.yaml", line=3),
        choices=("3.12", "3.13"), replaced=(Setting(values=("3.9",), origin=Origin(source="old.yaml", line=1)),),
        zipped=("numpy",), zip_place=replace(PLACE, file="variants.yaml", line=9),
    )  # fmt: skip
    others = (UsedKey(key=name, value=value, reasons=(Reason(through="always"),)) for name, value in more.items())
    return Explanation(
        rendering=rendering,
        hash_input="{…}",
        parts=(
            NamePart(part="name", text="a", why="${{ n }}", place=PLACE, through=(Reason(through="context", path="context.n", text="a", place=PLACE),)),
            NamePart(part="hash", text=f"h{digest}", why="the sha1"),
        ),
        used=(key, *others),
        unused=(UnusedKey(key="blas", obstacle="branch", why="it stands elsewhere", text="${{ blas }}", place=PLACE),),
        unmentioned=("cuda", "mpi"),
        asked=("WITH_CUDA",),
    )  # fmt: skip


def test_a_whole_explanation() -> None:
    assert explanation_text([explanation()]).splitlines() == [
        "linux-64/a-1-haaaaaaa_0",
        "  name       a         ${{ n }} at recipe.yaml:7:7",
        "                       context.n is a at recipe.yaml:7:7",
        "  hash       haaaaaaa  the sha1",
        "  hashed     {…}",
        "",
        "  in the hash",
        "    python = 3.12  variants.yaml:3",
        "      one of 3.12, 3.13",
        "      varies together with numpy  variants.yaml:9:7",
        "      stands over 3.9  old.yaml:1",
        "      python in context.short  recipe.yaml:2:7",
        "          2 │   a",
        "          short in requirements.host[0]  recipe.yaml:7:7",
        "              7 │     - ${{ short }}",
        "                │       ^",
        "  not in the hash",
        "    blas  it stands elsewhere: ${{ blas }} at recipe.yaml:7:7",
        "  read by nothing: cuda, mpi",
        "  selectors of variant files asked for the environment's WITH_CUDA",
    ]


def test_the_next_variant_tells_only_what_differs() -> None:
    lines = explanation_text([explanation(), explanation("3.13", digest="bbbbbbb")]).splitlines()
    assert lines[20:] == [
        "",
        "linux-64/a-1-hbbbbbbb_0",
        "  as the one before, but with",
        "    python = 3.13  variants.yaml:3",
        "  hashed     {…}",
    ]


def test_a_variant_with_other_keys_is_told_as_a_whole() -> None:
    text = explanation_text([explanation(), explanation("3.13", digest="bbbbbbb", mpi="none")])
    assert "as the one before" not in text
    assert text.count("in the hash\n") == 4


def test_a_line_of_the_recipe_is_shown_once() -> None:
    one = explanation(again="x")
    twice = replace(one, used=(one.used[0], replace(one.used[1], reasons=(REASON,))))
    assert explanation_text([twice]).count("7 │     - ${{ short }}") == 1


def test_one_key_in_each_package() -> None:
    text = key_text([explanation(), explanation("3.13", digest="bbbbbbb")], "python")
    assert text.splitlines()[0] == "linux-64/a-1-haaaaaaa_0"
    assert text.splitlines()[-2:] == ["linux-64/a-1-hbbbbbbb_0", "    python = 3.13  variants.yaml:3"]
    assert "it stands elsewhere" in key_text([explanation()], "blas")
    assert (
        key_text([explanation()], "cuda").splitlines()[1]
        == "    cuda is not in the hash: nothing in this output reads it"
    )


def test_two_packages_compared() -> None:
    text = comparison_text(explanation(), explanation("3.13", digest="bbbbbbb", mpi="none"))
    assert text.splitlines()[:6] == [
        "linux-64/a-1-haaaaaaa_0",
        "linux-64/a-1-hbbbbbbb_0",
        "",
        "  mpi: only the second has it, none",
        "      always part of the hash",
        "  python: 3.12 (variants.yaml:3) and 3.13 (variants.yaml:3)",
    ]
    assert "the same keys with the same values" in comparison_text(explanation(), explanation())


def test_a_number_and_its_text_differ() -> None:
    one, other = explanation(level=3), explanation(level="3")
    assert '  level: 3 and "3"' in comparison_text(one, other)
    assert "as the one before, but with\n    level" in explanation_text([one, other])
    assert [shown(value) for value in (3, "3", "-3", True, "true", "x", "", "3.1")] == [
        "3", '"3"', '"-3"', "true", '"true"', "x", '""', "3.1",
    ]  # fmt: skip


def test_what_is_hashed_instead_of_the_value_and_unread_context() -> None:
    one = explanation()
    key = replace(one.used[0], given="3.11", reasons=(replace(REASON, further=()),))
    text = explanation_text([replace(one, used=(key,))])
    assert "variant files say 3.11, what is hashed stands before it" in text
    assert "python in context.short, which counts although nothing reads it" in text


def test_every_way_has_words() -> None:
    one = explanation()
    ways = get_args(Through)
    reasons = tuple(Reason(through=way, text="TEXT", path="PATH", name="NAME") for way in ways)
    text = explanation_text([replace(one, used=(replace(one.used[0], reasons=reasons),))])
    told = [line.strip() for line in text.splitlines() if line.startswith("      ") and "one of" not in line]
    assert len({line for line in told if "PATH" in line or "always" in line}) == len(ways)
    assert "NAME" in text


def test_many_keys_and_values_are_cut() -> None:
    one = explanation()
    key = replace(one.used[0], choices=tuple(str(number) for number in range(30)))
    text = explanation_text([replace(one, used=(key,), unmentioned=tuple(f"key{number}" for number in range(30)))])
    assert "… (30)" in text
    assert "… (30 keys)" in text
    assert "key20" not in text


def test_nothing_in_a_recipe_steers_the_terminal() -> None:
    evil = "\x1b]0;evil\x07\x1b[31m##[command]"
    one = explanation(evil)
    key = replace(one.used[0], key=evil, value=evil, origin=Origin(source=evil), choices=(evil, evil), zipped=(evil,))
    bad = replace(
        one, used=(key,), unmentioned=(evil,), hash_input=evil, asked=(evil,),
        unused=(replace(one.unused[0], key=evil, why=evil, text=evil),),
        parts=(replace(one.parts[0], text=evil, why=evil),),
    )  # fmt: skip
    for text in (explanation_text([bad]), key_text([bad], evil), comparison_text(bad, explanation())):
        assert "\x1b" not in text
        assert "##[" not in text


def test_colour_is_only_added() -> None:
    coloured = explanation_text([explanation()], colour=True)
    assert "\x1b[1m" in coloured
    plain = coloured
    for code in ("\x1b[1m", "\x1b[2m", "\x1b[0m"):
        plain = plain.replace(code, "")
    assert plain == explanation_text([explanation()])
