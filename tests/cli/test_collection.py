"""`bakehouse.yaml`: found upward, read with all problems at once; where recipes lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.allowing import Grant
from builder.cli.collection import KEYS, Collection, find_collection, read_collection, recipe_files
from builder.errors import RecipeError, UsageError
from builder.model.permission import Allowed, Permissions
from builder.model.policy import Attested, Namespace, Policy
from builder.model.variant import VariantRule
from tests.cli.conftest import Command, write_recipe

WHOLE = """\
recipes: [recipes, more/recipes]
variants: [v.yaml]
channels: [https://example.org/channel, ./beside, /above]
output: out
mirrors:
  https://example.org/: [https://mirror.example.org/, file:///srv/]
debian: https://debian.example.org
pypi: https://pypi.example.org/simple
policy: farm
hosts: [files.example.org]
namespaces: {acme-*: [https://example.org/acme, ./beside]}
attestations: {./beside: {publisher: me@example.org, issuer: https://tokens.example.org}}
environment: [CI]
conda_build_rules: [pin_run_as_build]
isolation: podman
image: debian@sha256:0
archives: {members: 7, size: 1G}
limits: {wall: 1h}
allow: {hello: {network: true}}
"""


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    (tmp_path / "bakehouse.yaml").write_text(WHOLE)
    assert read_collection(tmp_path / "bakehouse.yaml") == Collection(
        root=tmp_path,
        recipes=(tmp_path / "recipes", tmp_path / "more/recipes"),
        variants=(tmp_path / "v.yaml",),
        channels=("https://example.org/channel", str(tmp_path / "beside"), "/above"),
        output=tmp_path / "out",
        mirrors=(("https://example.org/", ("https://mirror.example.org/", "file:///srv/")),),
        debian="https://debian.example.org",
        pypi="https://pypi.example.org/simple",
        policy=Policy(
            farm=True,
            hosts=("files.example.org",),
            namespaces=(Namespace(names="acme-*", channels=("https://example.org/acme", str(tmp_path / "beside"))),),
            attestations=(
                Attested(
                    channel=str(tmp_path / "beside"), publisher="me@example.org", issuer="https://tokens.example.org"
                ),
            ),
        ),
        environment=("CI",),
        rules=frozenset({VariantRule.PIN_RUN_AS_BUILD}),
        isolation="podman",
        image="debian@sha256:0",
        limits=(("", "wall_seconds", 3600),),
        archives=(("members", 7), ("size", 1 << 30)),
        allow=(Grant(name="hello", allowed=Allowed(build=Permissions(network=True)), by="allow", beside=tmp_path),),
    )
    assert {line.partition(":")[0] for line in WHOLE.splitlines() if line[0] != " "} == set(KEYS)


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}\n", "recipes:\noutput:\nmirrors: {}\n"])
def test_an_empty_file_is_a_collection_without_settings(tmp_path: Path, text: str) -> None:
    (tmp_path / "bakehouse.yaml").write_text(text)
    assert read_collection(tmp_path / "bakehouse.yaml") == Collection(root=tmp_path)


def test_the_nearest_file_upward_counts(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / "bakehouse.yaml").write_text("output: far\n")
    assert find_collection(deep).output == tmp_path / "far"
    (tmp_path / "a" / "bakehouse.yaml").write_text("output: near\n")
    assert find_collection(deep).output == tmp_path / "a" / "near"
    assert find_collection(deep / "recipe.yaml").root == tmp_path / "a", "a file, there or not, will do"


def test_a_symlinked_recipe_belongs_to_where_it_really_lies(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "bakehouse.yaml").write_text("output: out\n")
    write_recipe(tmp_path / "real" / "hello")
    (tmp_path / "link").symlink_to(tmp_path / "real" / "hello")
    assert find_collection(tmp_path / "link").root == tmp_path / "real"


def test_no_file_is_no_collection(tmp_path: Path) -> None:
    (tmp_path / "bakehouse.yaml").mkdir()  # a folder of that name is none
    assert find_collection(tmp_path / "x") == Collection()


class TestFarms:
    """No file that came with a recipe has a say in what a farm trusts."""

    STRANGERS = "mirrors: {'https://example.org/': ['http://169.254.169.254/']}\n"

    def placed(self, root: Path, place: Path, text: str) -> Path:
        (root / "bakehouse.yaml").write_text("policy: farm\noutput: far\n")
        place.mkdir(parents=True)
        (place / "bakehouse.yaml").write_text(text)
        return place

    @pytest.mark.parametrize("text", ["", STRANGERS, "policy: farm\n" + STRANGERS, "policy: null\n", "nonsense: 1\n"])
    def test_the_outermost_farm_wins_over_what_is_nearer(self, tmp_path: Path, text: str) -> None:
        found = find_collection(self.placed(tmp_path, tmp_path / "a" / "b", text) / "recipe.yaml")
        assert found.policy.farm
        assert found.root == tmp_path
        assert found.mirrors == ()

    @pytest.mark.parametrize("policy", ["", "policy: farm\n"])
    def test_where_the_command_is_called_counts_first(
        self, tmp_path: Path, policy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "farm").mkdir()
        stranger = self.placed(tmp_path / "farm", tmp_path / "elsewhere", policy + self.STRANGERS)
        assert find_collection(stranger).root == stranger
        monkeypatch.chdir(tmp_path / "farm")
        found = find_collection(stranger)
        assert (found.policy.farm, found.root) == (True, tmp_path / "farm")

    def test_a_link_leads_out_of_no_farm(self, tmp_path: Path) -> None:
        (tmp_path / "farm").mkdir()
        stranger = self.placed(tmp_path / "farm", tmp_path / "elsewhere", self.STRANGERS)
        (tmp_path / "farm" / "link").symlink_to(stranger)
        assert find_collection(tmp_path / "farm" / "link").root == tmp_path / "farm"

    def test_a_farms_file_that_cannot_be_read_is_no_laptop(self, tmp_path: Path) -> None:
        place = self.placed(tmp_path, tmp_path / "a", "")
        (tmp_path / "bakehouse.yaml").write_text("policy: form\n")
        with pytest.raises(RecipeError, match="policy must be farm"):
            find_collection(place)


def test_all_problems_at_once_with_places_and_remedies(tmp_path: Path) -> None:
    file = tmp_path / "bakehouse.yaml"
    file.write_text("recipe: [x]\nchannels: conda\noutput: [a]\nmirrors:\n  a: b\nzzz: 1\nvariants: [[a]]\n")
    with pytest.raises(RecipeError) as caught:
        read_collection(file)
    found = {(problem.place.line, problem.code) for problem in caught.value.problems if problem.place}
    shape, unknown = "collection.shape", "collection.unknown-key"
    assert found == {(1, unknown), (2, shape), (3, shape), (5, shape), (6, unknown), (7, shape)}
    remedies = [problem.remedy for problem in caught.value.problems if problem.code == unknown]
    assert remedies[0] == "did you mean 'recipes'?"
    assert "the keys are recipes, variants" in str(remedies[1])


@pytest.mark.parametrize(
    "text", ["policy: strict", "policy: [farm]", "namespaces: [acme]", "namespaces: {acme-*: one}"]
)
def test_a_policy_that_nobody_knows_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "bakehouse.yaml").write_text(text)
    with pytest.raises(RecipeError) as caught:
        read_collection(tmp_path / "bakehouse.yaml")
    assert [problem.code for problem in caught.value.problems] == ["collection.shape"]


@pytest.mark.parametrize("text", ["- a\n", "text\n", "a: [\n", "a: 1\na: 2\n", "\tx: 1\n"])
def test_what_is_no_mapping_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    file = tmp_path / "bakehouse.yaml"
    file.write_text(text)
    with pytest.raises(RecipeError) as caught:
        read_collection(file)
    place = caught.value.problems[0].place
    assert place is not None
    assert (place.file, place.line is not None) == (str(file), True)


def test_a_broken_collection_stops_every_verb_with_code_2(command: Command, tmp_path: Path, hello: Path) -> None:
    (tmp_path / "bakehouse.yaml").write_text("recipies: []\n")
    for verb in ("render", "plan", "build", "fetch"):
        said = command(verb, hello, "--json")
        assert said.code == 2
        (error,) = said.errors
        assert (error["line"], error["column"], error["remedy"]) == (1, 1, "did you mean 'recipes'?")


# -- where recipes are -------------------------------------------------------------------------------------------------


def test_files_folders_and_folders_of_folders(tmp_path: Path) -> None:
    one, two = (write_recipe(tmp_path / "all" / name) for name in ("one", "two"))
    assert recipe_files((tmp_path / "all",)) == (one / "recipe.yaml", two / "recipe.yaml")
    assert recipe_files((two, one / "recipe.yaml")) == (two / "recipe.yaml", one / "recipe.yaml")
    assert recipe_files((two, tmp_path / "all")) == (two / "recipe.yaml", one / "recipe.yaml"), "each once"
    assert recipe_files(()) == ()


def test_a_folders_own_recipe_hides_those_below(tmp_path: Path) -> None:
    write_recipe(tmp_path / "inner")
    write_recipe(tmp_path)
    assert recipe_files((tmp_path,)) == (tmp_path / "recipe.yaml",)


def test_a_recipe_may_have_another_name(tmp_path: Path) -> None:
    other = write_recipe(tmp_path) / "recipe.yaml"
    other = other.rename(tmp_path / "other.yml")
    assert recipe_files((other,)) == (other,)


def test_what_a_shells_star_names_beside_recipes_is_passed_over(tmp_path: Path) -> None:
    hello = write_recipe(tmp_path / "hello")
    (tmp_path / "README.md").write_text("")
    assert recipe_files((tmp_path / "README.md", hello)) == (hello / "recipe.yaml",)
    with pytest.raises(UsageError, match=r"no recipe\.yaml and no meta\.yaml in .*README\.md"):
        recipe_files((tmp_path / "README.md",))


def test_each_path_without_a_recipe_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError) as caught:
        recipe_files((tmp_path / "gone", tmp_path / "empty"))
    gone, empty = caught.value.problems
    assert gone.message.endswith("does not exist")
    assert "name a recipe.yaml or meta.yaml" in str(empty.remedy)


def test_recipes_of_both_formats_are_found(tmp_path: Path) -> None:
    for place in ("old/meta.yaml", "new/recipe.yaml", "old-feedstock/recipe/meta.yaml", "nothing/conda.yaml"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).write_text("")
    assert recipe_files((tmp_path,)) == (tmp_path / "new" / "recipe.yaml", tmp_path / "old" / "meta.yaml")
    assert recipe_files((tmp_path / "old-feedstock",)) == (tmp_path / "old-feedstock" / "recipe" / "meta.yaml",)
    assert recipe_files((tmp_path / "old" / "meta.yaml",)) == (tmp_path / "old" / "meta.yaml",)


def test_where_both_formats_are_the_new_one_counts_unless_the_old_one_is_named(tmp_path: Path) -> None:
    for name in ("meta.yaml", "recipe.yaml"):
        (tmp_path / name).write_text("")
    assert recipe_files((tmp_path,)) == (tmp_path / "recipe.yaml",)
    assert recipe_files((tmp_path / "meta.yaml",)) == (tmp_path / "meta.yaml",)


def test_a_folder_that_is_called_as_a_recipe_is_none(tmp_path: Path) -> None:
    (tmp_path / "odd" / "recipe.yaml").mkdir(parents=True)
    (tmp_path / "odd" / "meta.yaml").write_text("")
    assert recipe_files((tmp_path,)) == (tmp_path / "odd" / "meta.yaml",)


@pytest.mark.parametrize(
    ("start", "replacement"),
    [("https://example.org/", "file:///srv"), ("example", "https://b.example/x"), ("https://a.example/", "/srv/")],
)
def test_a_mirror_that_cannot_work_is_told_with_its_place(tmp_path: Path, start: str, replacement: str) -> None:
    file = tmp_path / "bakehouse.yaml"
    file.write_text(f"mirrors:\n  {start}:\n    - {replacement}\n")
    with pytest.raises(RecipeError) as caught:
        read_collection(file)
    (problem,) = caught.value.problems
    assert problem.code == "collection.mirror"
    assert problem.place is not None
    assert (problem.place.line, problem.place.column) == (3, 7)


class TestPathsThatAreNotThere:
    def test_a_close_name_is_proposed(self, command: Command, hello: Path) -> None:
        said = command("render", hello.parent / "helo")
        assert said.code == 2
        assert f"did you mean {hello}?" in said.err

    def test_else_the_folder_to_look_into(self, command: Command, hello: Path) -> None:
        assert f"look into {hello.parent}" in command("build", hello.parent / "zzzz").err

    def test_a_folder_that_is_not_there_either(self, command: Command, hello: Path) -> None:
        assert "does not exist either" in command("plan", hello.parent / "zzzz" / "recipe").err


def test_channels_by_name_give_way_to_folders_and_to_the_output(tmp_path: Path) -> None:
    file = tmp_path / "bakehouse.yaml"
    file.write_text("channels: [conda-forge, there, out, conda-forge/label/x, a/b]\noutput: out\n")
    (tmp_path / "there").mkdir()
    assert read_collection(file).channels == (
        "conda-forge", str(tmp_path / "there"), str(tmp_path / "out"), "conda-forge/label/x", str(tmp_path / "a/b"),
    )  # fmt: skip
