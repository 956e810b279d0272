"""Conditions of dependencies, asked of rattler-build itself: the same form comes out, or both refuse."""

from __future__ import annotations

import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.model.condition import normal_condition
from builder.model.match_spec import MatchSpec
from tests.model.literals import unhurried

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from rattler_build import RattlerBuildError, RenderConfig, RepodataRevision, Stage0Recipe, VariantConfig

V3 = RepodataRevision.V3

SPECS = [
    'n[when="python>=3.10"]', 'n[when="python >=3.10"]', 'n[when="python>=3.10 and __unix"]', 'n[when="a and"]',
    'n[when="(python>=3.10 or b) and c<2"]', 'n[when=""]', "n[when=\"python[version='>=3']\"]", "n[when=\"a[when='b']\"]",
    "n[when=python]", 'n[when="not a"]', 'n[when="a AND b"]', 'n[when="a   and   b"]', 'n[when="((a))"]',
    'n >=2[when="a"]', 'n[version=">=2", when="a"]', 'n[flags="cuda"]', 'n[flags=[cuda, "blas:*"]]', "n[flags=cuda]",
    'n[flags=["C"]]', "n[flags=[]]", "n[extras=[a]]", "n[extras=a]", "n[extras=[A]]", "n[extras=[ a , b ]]", 'n[extras=["a b"]]',
    'n[flags=["a:b:c"]]', "n; if python", 'n[when="python =3.10"]', 'n[when="python 3.10"]', 'n[when="python==3.10|>4"]',
    'n[when="a>=1 py_0"]', 'n[when="a or b and c"]', 'n[when="(a or b"]', 'n[when="conda-forge::a"]', 'n[when="a*"]',
    'n[extras=[a], flags=[b], when="c"]', 'n[when="a or b or c"]', 'n[when="a and b and c or d and e"]', 'n[when="a=3"]',
    'n[when="a~=3.1"]', 'n[when="a!=3.1.*"]', 'n[when="a[build=x]"]', 'n[when="a[build_number=1]"]', 'n[when="a(b)"]',
    'n[when="a)b"]', 'n[when="a and(b)"]', 'n[when="(a)and b"]', 'n[when="and"]', 'n[when="a or or"]',
    'n[when="android>=2 and orange"]', 'n[when="a>=(3|4)"]', 'n[when="a[flags=[x]]"]', 'n[when="A>=1"]', 'n[when="a 3.*"]',
    'n[when="a=3.*"]', "n[when='a>1']", "n[when=\"a'b\"]", 'n[when="a<2|>=3,<4 b*"]', 'n[extras=["^a.*$"]]', "n[extras=[]]",
]  # fmt: skip


def theirs(spec: str) -> str | None:
    text = f"package: {{name: a, version: '1'}}\nrequirements: {{run: [{json.dumps(spec)}]}}\n"
    try:
        recipe = Stage0Recipe.from_yaml(text, repodata_revision=V3)
        (output,) = recipe.render(VariantConfig(), RenderConfig(repodata_revision=V3))
    except RattlerBuildError:
        return None
    found: str = output.recipe.to_dict()["requirements"]["run"][0]
    return found


def ours(spec: str) -> str | None:
    try:
        return str(MatchSpec.parse(spec, strict=True))
    except ValueError:
        return None


@pytest.mark.parametrize("spec", SPECS)
def test_the_peer_agrees(spec: str) -> None:
    assert ours(spec) == theirs(spec)


conditions = st.recursive(
    st.sampled_from(["a", "python>=3.10", "b-c <2,>1", "__unix", "d[build=x_0]", "or-e", "and_f ==1"]),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", "  or "]), inner).map("".join),
        inner.map(lambda text: f"({text})"),
    ),
    max_leaves=8,
)


@unhurried
@given(conditions)
def test_any_condition_is_the_peers(condition: str) -> None:
    spec = f'n[when="{condition}"]'
    found = ours(spec)
    assert found is not None
    assert found == theirs(spec)
    assert ours(found) == found


@unhurried
@given(st.text("ab <>=.,()[]'andor1", max_size=30))
def test_rubbish_is_refused_or_understood(text: str) -> None:
    try:
        found = normal_condition(text, lambda spec: str(MatchSpec.parse(spec)))
    except ValueError:
        return
    assert found.count("(") == found.count(")")


def test_nesting_has_an_end() -> None:
    assert normal_condition("(" * 32 + "a" + ")" * 32, str) == "a"
    with pytest.raises(ValueError, match="nested deeper than 32"):
        normal_condition("(" * 2000 + "a" + ")" * 2000, str)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b) c", "where it should end"),
        ("a or", "made of specs"),
        ("(a or b", "never closed"),
        ("a[x", "cannot be read from '[x' on"),
    ],
)
def test_what_is_wrong_is_said(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words.replace("[", r"\[")):
        normal_condition(text, str)


def test_specs_of_revision_3_are_told_apart() -> None:
    assert [MatchSpec.parse(text).needs_v3 for text in ("a", "a >=1 b*", "a[build_number=1]")] == [False] * 3
    assert all(MatchSpec.parse(text).needs_v3 for text in ("a[when=b]", "a[flags=[b]]", "a[extras=[b]]"))


@pytest.mark.parametrize(
    ("spec", "bracketed"),
    [
        ("pip", "pip"),
        ("lib >=1,<2", 'lib[version=">=1,<2"]'),
        ("lib 1.2.* h*_0", 'lib[version="1.2.*",build="h*_0"]'),
        ('scipy >=2[when="python>=3.10"]', 'scipy[version=">=2",when="python>=3.10"]'),
        ("rich[extras=[jupyter], flags=[a, b]]", "rich[extras=[jupyter],flags=[a, b]]"),
    ],
)
def test_the_form_of_revision_3(spec: str, bracketed: str) -> None:
    assert MatchSpec.parse(spec).bracketed() == bracketed
    assert MatchSpec.parse(bracketed) == MatchSpec.parse(spec)
