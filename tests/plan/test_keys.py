"""Recipe keys: everything that counts changes them, and the explanation says what did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest

from builder.model.answer import Answer
from builder.model.packaging import Packaging
from builder.model.permission import Allowed, ExtraMount, Permissions
from builder.model.pin import Pin
from builder.model.recipe import GitSource, Source, UrlSource
from builder.model.rendering import Platforms, Sibling
from builder.model.solving import SolveRules
from builder.model.source import SourceDigest
from builder.model.task import Explanation
from builder.plan.context import PlanContext
from builder.plan.keys import Keys, is_dependency, is_lent, is_option, packed_as, recipe_key
from builder.plan.needs import Group, Need
from tests.plan.fakes import CONTEXT, Package

SOURCE = UrlSource(urls=("https://example.org/a.tar.gz",), sha256="1" * 64)
PACKAGE = Package(name="a", source=(SOURCE,), siblings=(Sibling(name="s", version="1", build_string="h0_0"),),
                  variant=(("flag", True),))  # fmt: skip


def explained(folder: Path, package: Package = PACKAGE, context: PlanContext = CONTEXT) -> Explanation:
    return Keys(context).explain(package.rendering(folder), [])


def changed(one: Explanation, other: Explanation) -> list[str]:
    """What the two explanations say differently."""
    before, after = dict(one), dict(other)
    return sorted({*before, *after} - {what for what in before if before[what] == after.get(what)})


def test_one_walk_makes_key_and_explanation(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "build.sh").write_text("make\n")
    keys = Keys(CONTEXT)
    rendering = PACKAGE.rendering(tmp_path)
    explanation = keys.explain(rendering, [])
    assert keys.key(rendering.identity) == recipe_key(explanation)
    assert len(recipe_key(explanation)) == 64
    assert [what for what, _ in explanation] == [
        "the package format", "the rootfs", "the isolation", "the name", "the platforms", "the recipe's build",
        "the recipe's requirements", "the variant key flag", "the variant key target_platform", "the sibling s",
        "the file build.sh", "source 1, https://example.org/a.tar.gz",
    ]  # fmt: skip
    assert dict(explanation)["the variant key flag"] == "true"
    assert recipe_key(explained(tmp_path)) == recipe_key(explanation)


Change = Callable[[Package], Package]


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("the recipe's build", lambda one: replace(one, script="make -j")),
        ("the recipe's requirements", lambda one: replace(one, run=("zlib",))),
        ("the variant key flag", lambda one: replace(one, variant=(("flag", "true"),))),
        ("the variant key more", lambda one: replace(one, variant=(("flag", True), ("more", 1)))),
        ("the name", lambda one: replace(one, build="h1_0")),
        ("the sibling s", lambda one: replace(one, siblings=(Sibling(name="s", version="1", build_string="h9_0"),))),
        ("source 1, https://example.org/a.tar.gz", lambda one: replace(one, source=(replace(SOURCE, sha256="2" * 64),))),
        (
            "the platforms",
            lambda one: replace(one, platforms=Platforms(target="linux-64", host="linux-64", build="linux-aarch64")),
        ),
    ],
)  # fmt: skip
def test_what_the_rendering_says_counts(tmp_path: Path, what: str, change: Change) -> None:
    before, after = explained(tmp_path), explained(tmp_path, change(PACKAGE))
    assert changed(before, after) == [what]
    assert recipe_key(before) != recipe_key(after)


@pytest.mark.parametrize(
    ("what", "context"),
    [
        ("the package format", replace(CONTEXT, format=99)),
        ("the rootfs", replace(CONTEXT, rootfs_digest="rootfs 2")),
        ("the isolation", replace(CONTEXT, sealed=False)),
        ("SOURCE_DATE_EPOCH", replace(CONTEXT, epoch=0)),
        ("--package-format", replace(CONTEXT, packaging=Packaging(level=3))),
        ("--package-format", replace(CONTEXT, packaging=Packaging(file_type="tar.bz2", level=9))),
        ("--extra-meta sha", replace(CONTEXT, packaging=Packaging(extra=(("sha", "1"),)))),
        ("--no-include-recipe", replace(CONTEXT, packaging=Packaging(with_recipe=False))),
        ("--channel-priority", replace(CONTEXT, rules=SolveRules(channel_priority="disabled"))),
        ("--exclude-newer", replace(CONTEXT, rules=SolveRules(newest=datetime(2024, 3, 15, tzinfo=UTC)))),
    ],
)
def test_what_the_machine_offers_counts(tmp_path: Path, what: str, context: PlanContext) -> None:
    before, after = explained(tmp_path), explained(tmp_path, context=context)
    assert changed(before, after) == [what]
    assert recipe_key(before) != recipe_key(after)


LENT = Permissions(
    network=True,
    mounts=(ExtraMount(source=Path("/srv/x"), inside=PurePosixPath("/opt/x"), digest="d" * 64),),
)


def test_what_scripts_may_use_of_the_machine_counts_and_tests_do_not(tmp_path: Path) -> None:
    before = explained(tmp_path)
    allowed = {PACKAGE.rendering(tmp_path).identity: Allowed(build=LENT)}
    after = explained(tmp_path, context=replace(CONTEXT, allowed=allowed))
    assert changed(before, after) == ["the mount /opt/x", "the network"]
    assert [what for what, _ in after if is_lent(what)] == ["the network", "the mount /opt/x"]
    assert recipe_key(before) != recipe_key(after)
    assert "/srv" not in str(after)
    only_tests = {identity: Allowed(tests=LENT) for identity in allowed}
    assert explained(tmp_path, context=replace(CONTEXT, allowed=only_tests)) == before


def test_options_are_told_from_the_rest(tmp_path: Path) -> None:
    context = replace(
        CONTEXT, packaging=Packaging(level=3, extra=(("sha", "1"),)), rules=SolveRules(channel_priority="disabled")
    )
    options = [what for what, _ in explained(tmp_path, context=context) if is_option(what)]
    assert options == ["--channel-priority", "--package-format", "--extra-meta sha"]


def test_threads_that_compress_do_not_count(tmp_path: Path) -> None:
    assert explained(tmp_path, context=replace(CONTEXT, packaging=Packaging(threads=9))) == explained(tmp_path)


def test_how_packages_are_written_is_nothing_to_a_staging_output(tmp_path: Path) -> None:
    staging = replace(PACKAGE, kind="staging")
    packed = replace(CONTEXT, packaging=Packaging(file_type="tar.bz2", level=9, extra=(("sha", "1"),)))
    assert explained(tmp_path, staging, packed) == explained(tmp_path, staging)
    solved = replace(CONTEXT, rules=SolveRules(channel_priority="disabled"))
    assert changed(explained(tmp_path, staging), explained(tmp_path, staging, solved)) == ["--channel-priority"]


def test_files_of_the_recipes_folder_count(tmp_path: Path) -> None:
    first = explained(tmp_path)
    script = tmp_path / "a" / "build.sh"
    script.write_text("make\n")
    second = explained(tmp_path)
    assert changed(first, second) == ["the file build.sh"]
    script.chmod(0o755)
    third = explained(tmp_path)
    assert changed(second, third) == ["the file build.sh"]
    (tmp_path / "a" / ".git").mkdir()
    (tmp_path / "a" / ".git" / "index").write_text("x")
    assert explained(tmp_path) == third


def test_a_folder_with_many_files_is_one_entry(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(300):
        (tmp_path / "a" / f"{number}.txt").write_text("x")
    first = explained(tmp_path)
    assert len(first) < 20
    (tmp_path / "a" / "7.txt").write_text("y")
    assert changed(first, explained(tmp_path)) == ["the recipe's folder"]


def test_what_the_channel_has_does_not_count(tmp_path: Path) -> None:
    known = replace(CONTEXT, known={"x": "y"}, records={"y": ()}, outside=(tmp_path / "channel",))
    assert explained(tmp_path) == explained(tmp_path, context=known)


def test_dependencies_count_by_their_keys(tmp_path: Path) -> None:
    keys = Keys(CONTEXT)
    lib, other = (Package(name="lib", build=build).rendering(tmp_path) for build in ("h0_0", "h1_0"))
    keys.explain(lib, [])
    keys.explain(other, [])
    one, two = Group((lib.identity,)), Group((lib.identity, other.identity))
    needs = [
        Need(section="build", name="lib", group=one), Need(section="host", name="lib", group=two),
        Need(section="staging", name="work", group=one),
    ]  # fmt: skip
    explanation = dict(keys.explain(Package(name="app").rendering(tmp_path), needs))
    assert explanation["the build dependency lib"] == keys.key(lib.identity)
    assert explanation["the staging output work"] == keys.key(lib.identity)
    assert explanation["the host dependency lib"] not in {keys.key(lib.identity), keys.key(other.identity)}
    dependencies = [what for what in explanation if is_dependency(what)]
    assert dependencies == ["the build dependency lib", "the host dependency lib", "the staging output work"]


def test_the_order_of_variants_does_not_count(tmp_path: Path) -> None:
    """Nor that of recipes: whoever waits for several builds of one package waits for all of them."""
    first, second = (replace(PACKAGE, build=build).rendering(tmp_path) for build in ("h1_0", "h2_0"))
    whole = []
    for order in ((first, second), (second, first)):
        keys = Keys(CONTEXT)
        for one in order:
            keys.explain(one, [])
        need = Need(section="host", name="a", group=Group(tuple(one.identity for one in order)))
        whole.append(keys.explain(Package(name="b").rendering(tmp_path), [need]))
    assert whole[0] == whole[1]


def test_a_key_depends_on_values_and_not_only_on_names() -> None:
    assert recipe_key((("a", "b"),)) != recipe_key((("a", "c"),))
    assert recipe_key((("a", "b"), ("c", "d"))) != recipe_key((("c", "d"), ("a", "b")))
    assert recipe_key((("a", "b"),)) == recipe_key((("a", "b"),))


def test_a_git_source_counts_by_its_commit(tmp_path: Path) -> None:
    def of_commit(commit: str) -> dict[str, str]:
        def sources(sources: Sequence[Source], recipe_folder: Path) -> tuple[SourceDigest, ...]:
            return (SourceDigest(url="https://example.org/x.git", sha256="0" * 64, kind="git", commit=commit),)

        made = Package(name="a", source=(GitSource(git="https://example.org/x.git"),)).rendering(tmp_path)
        return dict(Keys(replace(CONTEXT, sources=sources)).explain(made, ()))

    one, other = of_commit("a" * 40), of_commit("b" * 40)
    assert one["source 1, git https://example.org/x.git"] == f"commit {'a' * 40}"
    assert {what for what in one if one[what] != other[what]} == {"source 1, git https://example.org/x.git"}


def test_what_the_recipe_was_told_and_the_pins_of_run_requirements_count(tmp_path: Path) -> None:
    rendering = PACKAGE.rendering(tmp_path)
    told = replace(rendering, asked=(Answer("environment", "CI", "1" * 64), Answer("environment", "HOME", None)))
    before = Keys(CONTEXT).explain(rendering, [])
    after = Keys(CONTEXT).explain(told, [])
    assert changed(before, after) == ["the environment variable CI", "the environment variable HOME"]
    assert dict(after)["the environment variable HOME"] == "not set"
    other = Keys(CONTEXT).explain(replace(told, asked=(Answer("environment", "CI", "2" * 64), told.asked[1])), [])
    assert changed(after, other) == ["the environment variable CI"]
    pinned = Keys(CONTEXT).explain(replace(rendering, pins=(("lib", Pin(upper_bound="x.x")),)), [])
    assert changed(before, pinned) == ["the rule pin_run_as_build of lib"]


PACKAGINGS = [
    Packaging(),
    Packaging(level=19),
    Packaging(file_type="tar.bz2", level=9),
    Packaging(file_type="tar.bz2", level=1, extra=(("sha", "1"), ("date", "2"))),
    Packaging(level=3, with_recipe=False),
    Packaging(extra=(("--odd", "the name"),), with_recipe=False),
]


@pytest.mark.parametrize("wanted", PACKAGINGS)
@pytest.mark.parametrize("packaging", PACKAGINGS)
def test_the_same_package_in_another_packaging(tmp_path: Path, packaging: Packaging, wanted: Packaging) -> None:
    """As a plan with that option would explain it."""
    context = replace(CONTEXT, epoch=5, rules=SolveRules(channel_priority="disabled"), packaging=packaging)
    other = replace(packaging, file_type=wanted.file_type, level=wanted.level)
    expected = explained(tmp_path, context=replace(context, packaging=other))
    assert packed_as(explained(tmp_path, context=context), wanted) == expected


def test_an_explanation_of_nothing_can_be_packed() -> None:
    assert packed_as((), Packaging(level=3)) == (("--package-format", "conda:3"),)


def test_variables_that_scripts_name_count(tmp_path: Path) -> None:
    made = PACKAGE.rendering(tmp_path)
    explanations = [
        dict(Keys(CONTEXT).explain(replace(made, variables=variables), []))
        for variables in ((), (("mpi", "openmpi"),), (("mpi", "mpich"),))
    ]
    assert [one.get("the variable mpi") for one in explanations] == [None, "openmpi", "mpich"]
