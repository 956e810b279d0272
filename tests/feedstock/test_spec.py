"""The variants of a platform, from files to migrated values, against what conda-smithy made of the same feedstocks."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from builder.errors import RecipeError
from builder.feedstock.providers import PlatformJob
from builder.feedstock.settings import read_settings
from builder.feedstock.spec import JobSpec, SpecReader
from tests.feedstock.facts import FEEDSTOCKS, PINNING, comparable, rows

FACTS = rows("specs")


def named(fact: dict[str, Any]) -> str:
    return f"{fact['feedstock']} {fact['provider']} {fact['platform']}"


def reader(feedstock: Path, pinning: Path | None = PINNING) -> SpecReader:
    return SpecReader(read_settings(feedstock), pinning)


def job(feedstock: Path, name: str) -> PlatformJob:
    """Return the job of the platform ``name``."""
    return next(one for one in read_settings(feedstock).platforms() if one.name == name)


def read(feedstock: Path, name: str = "linux_64", pinning: Path | None = PINNING) -> JobSpec:
    return reader(feedstock, pinning).read(job(feedstock, name))


@pytest.fixture
def loaf(tmp_path: Path) -> Path:
    """A copy of a feedstock with a meta.yaml, to write in."""
    return Path(shutil.copytree(FEEDSTOCKS / "loaf-feedstock", tmp_path / "loaf-feedstock"))


@pytest.fixture
def bun(tmp_path: Path) -> Path:
    """A copy of a feedstock with a recipe.yaml, to write in."""
    return Path(shutil.copytree(FEEDSTOCKS / "bun-feedstock", tmp_path / "bun-feedstock"))


@pytest.fixture
def pinning(tmp_path: Path) -> Path:
    """A copy of the pinning file with its migrations, to write in."""
    return Path(shutil.copytree(PINNING.parent, tmp_path / "pinning")) / PINNING.name


@pytest.mark.parametrize("fact", FACTS, ids=[named(fact) for fact in FACTS])
def test_variants_and_what_selectors_see_are_those_of_conda_smithy(fact: dict[str, Any]) -> None:
    found = read(FEEDSTOCKS / f"{fact['feedstock']}-feedstock", fact["platform"])
    assert dict(found.environment) == fact["environment"]
    assert _numbered(found, comparable(found.before)) == fact["before"]
    after = {key: value for key, value in fact["before"].items() if key not in fact["gone"]} | fact["after"]
    assert _numbered(found, comparable(found.values)) == after
    assert sorted(one.file for one in found.migrations) == sorted(str(FEEDSTOCKS / file) for file in fact["files"])


def _numbered(spec: JobSpec, values: dict[str, object]) -> dict[str, object]:
    """Return values with the numbers and truth values that the peer keeps as such."""
    typed = {(key, text): int(text) for key, text in spec.numbers}
    for key, value in list(values.items()):
        if isinstance(value, list):
            values[key] = [typed.get((key, one), one) if isinstance(one, str) else one for one in value]
    if "tray" in values:  # the peer keeps the first, which is no text in the file; both are written as `true`
        assert values["tray"] == ["true", "true", "1.20"]
        values["tray"] = [True, "true", "1.20"]
    return values


@pytest.mark.parametrize("fact", FACTS, ids=[named(fact) for fact in FACTS])
def test_the_platforms_of_the_facts_are_all_there_are(fact: dict[str, Any]) -> None:
    found = read_settings(FEEDSTOCKS / f"{fact['feedstock']}-feedstock").platforms()
    same = [one for one in FACTS if one["feedstock"] == fact["feedstock"]]
    assert [[one.provider, one.name, one.keep_noarch, one.upload] for one in found] == [
        [one["provider"], one["platform"], one["keep_noarch"], one["upload"]] for one in same
    ]


def test_the_configuration_has_nothing_but_the_migrated_values_over_the_defaults() -> None:
    found = read(FEEDSTOCKS / "loaf-feedstock")
    config = found.config()
    assert {key: config.values[key] for key in found.values if key != "zip_keys"} == {
        key: value for key, value in found.values.items() if key != "zip_keys"
    }
    assert {frozenset(group) for group in config.zip_keys} == {
        frozenset(group) for group in (("python", "is_python_min"), ("mpi", "mpi_prefix"))
    } | {frozenset(("c_compiler_version", "c_stdlib_version", "cuda_compiler_version", "docker_image"))}
    assert len(config.sources) == 2


def test_texts_of_a_key() -> None:
    found = read(FEEDSTOCKS / "loaf-feedstock")
    assert found.texts("flour") == ("24",)
    assert found.texts("nothing") == ()


def test_the_recipe_counts_more_than_the_pinning_file(loaf: Path) -> None:
    own = loaf / "recipe" / "conda_build_config.yaml"
    assert read(loaf).before["flour"] == ("24",)
    own.unlink()
    assert read(loaf).before["flour"] == ("25",)


def test_without_pinning_file_the_defaults_are_there(bun: Path) -> None:
    shutil.rmtree(bun / ".ci_support")
    found = read(bun, pinning=None)
    assert found.before["c_compiler"] == ("gcc",)
    assert found.before["seeds"] == ("poppy", "12")
    assert found.migrations == ()
    assert found.values == found.before


def test_variants_yaml_is_not_read_for_a_meta_yaml(loaf: Path) -> None:
    shutil.copy(FEEDSTOCKS / "bun-feedstock" / "recipe" / "variants.yaml", loaf / "recipe")
    assert "glaze" not in read(loaf).values


@pytest.mark.parametrize(
    ("line", "asks"),
    [
        ("    - {{ compiler('cuda') }}", True),
        ('    - {{ compiler("cuda") }}  # [linux]', True),
        ("    - ${{ compiler('cuda') }}", True),
        ("    # - {{ compiler('cuda') }}", False),
        ("    - {{ compiler('c') }}  # not {{ compiler('cuda') }}", False),
        ("    - {{ compiler( 'cuda' ) }}", False),
        ("    - {{ compiler('cuda\") }}", False),
    ],
)
def test_a_line_that_asks_for_cuda(loaf: Path, line: str, asks: bool) -> None:
    (loaf / "recipe" / "meta.yaml").write_text(f"package:\n  name: loaf\n{line}\n", encoding="utf-8")
    assert ("CF_CUDA_ENABLED" in read(loaf).environment) is asks


def test_selectors_see_no_variables_of_the_machine(loaf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OVEN_IS_HOT", "1")
    own = loaf / "recipe" / "conda_build_config.yaml"
    own.write_text('crust:\n  - hot  # [os.environ.get("OVEN_IS_HOT") == "1"]\n  - cold\n', encoding="utf-8")
    assert read(loaf).before["crust"] == ("cold",)


def test_selectors_of_a_migration_see_the_variables_of_the_platform() -> None:
    found = {one.name: read(FEEDSTOCKS / "loaf-feedstock", one.name) for one in _jobs("loaf")}
    assert found["linux_64"].texts("docker_image")[-1] == "example.org/oven:13"
    assert "docker_image" not in found["osx_64"].values


def _jobs(name: str) -> tuple[PlatformJob, ...]:
    return read_settings(FEEDSTOCKS / f"{name}-feedstock").platforms()


def test_the_recipe_has_to_be_there(loaf: Path) -> None:
    (loaf / "recipe" / "meta.yaml").unlink()
    with pytest.raises(RecipeError, match="the recipe cannot be read") as caught:
        reader(loaf)
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.file == str(loaf / "recipe" / "meta.yaml")
    assert "conda_build_tool: rattler-build" in str(caught.value.problems[0].remedy)


@pytest.mark.parametrize("name", ["conda_build_config.yaml", "variants.yaml"])
@pytest.mark.parametrize("target", ["/etc/hostname", "nowhere"])
def test_variant_files_are_no_links(bun: Path, name: str, target: str) -> None:
    (bun / "recipe" / name).unlink()
    (bun / "recipe" / name).symlink_to(target)
    with pytest.raises(RecipeError, match="a symbolic link") as caught:
        read(bun)
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.file == str(bun / "recipe" / name)


def test_the_migration_that_made_the_variants_uneven_is_named(bun: Path, pinning: Path) -> None:
    """Values that both sides have count twice for the keys that follow: the group does not fit together any more."""
    (bun / ".ci_support" / "migrations" / "mpich5.yaml").unlink()
    odd = bun / ".ci_support" / "migrations" / "odd.yaml"
    odd.write_text(
        "migrator_ts: 5\n__migrator: {use_local: true, primary_key: mpi}\n"
        "mpi:\n- nompi\n- openmpi\nmpi_prefix:\n- nompi\n- mpi_openmpi\n",
        encoding="utf-8",
    )
    with pytest.raises(RecipeError, match="zipped keys need equally many values") as caught:
        read(bun, pinning=pinning).config()
    (problem,) = caught.value.problems
    assert problem.place is not None
    assert problem.place.file == str(odd)
    assert "all keys of a group" in str(problem.remedy)


def test_what_a_later_migration_makes_even_again_is_no_mistake(bun: Path) -> None:
    folder = bun / ".ci_support" / "migrations"
    (folder / "a.yaml").write_text(
        "migrator_ts: 5\n__migrator: {use_local: true, primary_key: mpi, ordering: {mpi: [openmpi, nompi]}}\n"
        "mpi:\n- nompi\nmpi_prefix:\n- none\n",
        encoding="utf-8",
    )
    (folder / "b.yaml").write_text(
        "migrator_ts: 6\n__migrator: {use_local: true, operation: key_add, primary_key: mpi}\n"
        "mpi:\n- msmpi\nmpi_prefix:\n- mpi_ms\n",
        encoding="utf-8",
    )
    (folder / "mpich5.yaml").unlink()
    values = read(bun).config().values
    assert len(values["mpi"]) == len(values["mpi_prefix"]) == 3


def test_a_key_with_a_dash_is_refused_where_a_migration_brings_it(bun: Path) -> None:
    odd = bun / ".ci_support" / "migrations" / "odd.yaml"
    odd.write_text("sour-dough:\n- 1\n", encoding="utf-8")
    with pytest.raises(RecipeError, match="the key sour-dough has a '-'") as caught:
        read(bun).config()
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.file == str(odd)


def test_a_mistake_in_the_pinning_file_has_its_place(bun: Path, pinning: Path) -> None:
    pinning.write_text("numpy:\n  - [1\n", encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        read(bun, pinning=pinning)
    assert caught.value.problems[0].place is not None
    assert caught.value.problems[0].place.file == str(pinning)
