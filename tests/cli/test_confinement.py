"""In which sandbox scripts run, and who may use what: options, names, engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builder.cli.collection import Collection, read_collection
from builder.cli.confinement import Confinement, confined, engines_of, names_of, refuse_unmeant, socket_of
from builder.cli.options import Places
from builder.cli.rendering import render_selection
from builder.cli.sandbox_options import SandboxChoice
from builder.cli.selection import Selection
from builder.cli.site import Site, site
from builder.errors import UsageError
from builder.model.permission import NOTHING
from builder.model.rendering import Rendering
from builder.sandbox import Engines, Limits
from builder.sandbox.engine import DOCKER, PODMAN
from tests.cli.conftest import write_recipe

DIGEST = f"sha256:{'a' * 64}"
MANY = """\
recipe: {name: whole, version: "1"}
outputs:
  - package: {name: part}
  - package: {name: rest}
"""


@pytest.fixture
def place(tmp_path: Path) -> Site:
    return site(Places(output=tmp_path / "out", channels=(), offline=True, store=tmp_path / "store"), Collection())


@pytest.fixture
def rendered(tmp_path: Path) -> Callable[..., tuple[Rendering, ...]]:
    def render(*names: str, text: str = MANY) -> tuple[Rendering, ...]:
        paths = tuple(write_recipe(tmp_path / "recipes" / name, text) for name in names)
        return render_selection(
            Selection(paths=paths, recipes=(), variant_files=(), variants=(), target_platform=None)
        ).renderings

    return render


def test_nothing_is_allowed_and_everything_sealed_when_nobody_says_anything(place: Site) -> None:
    plain = confined(SandboxChoice(), place)
    assert plain.sealed
    assert plain.image is None
    assert plain.allowed_to(["anything"]) == NOTHING
    usual = Limits(wall_seconds=7)
    assert plain.limits_for(["anything"], usual) == usual


def test_only_none_is_unsealed(place: Site) -> None:
    assert confined(SandboxChoice(isolation="podman"), place).sealed
    assert not confined(SandboxChoice(isolation="none"), place).sealed


# -- engines -----------------------------------------------------------------------------------------------------------


def test_engines_are_where_their_own_programs_find_them(tmp_path: Path) -> None:
    assert engines_of(SandboxChoice(), {}) == Engines(docker=DOCKER, podman=PODMAN)
    named = {"DOCKER_HOST": "tcp://example.org:2376", "CONTAINER_HOST": "unix:///p.sock", "XDG_RUNTIME_DIR": "/nowhere"}
    assert engines_of(SandboxChoice(), named) == Engines(docker="tcp://example.org:2376", podman="unix:///p.sock")
    assert engines_of(SandboxChoice(), {"DOCKER_HOST": ""}).docker == DOCKER


def test_a_users_own_podman_comes_before_roots(tmp_path: Path) -> None:
    own = tmp_path / "podman" / "podman.sock"
    variables = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert engines_of(SandboxChoice(), variables).podman == PODMAN
    own.parent.mkdir()
    own.touch()
    assert engines_of(SandboxChoice(), variables).podman == f"unix://{own}"


def test_an_option_wins_for_the_engine_that_is_asked_for() -> None:
    variables = {"DOCKER_HOST": "unix:///d.sock", "CONTAINER_HOST": "unix:///p.sock"}
    docker = engines_of(SandboxChoice(isolation="docker", engine="unix:///x.sock"), variables)
    assert docker == Engines(docker="unix:///x.sock", podman="unix:///p.sock")
    podman = engines_of(SandboxChoice(isolation="podman", engine="unix:///x.sock"), variables)
    assert podman == Engines(docker="unix:///d.sock", podman="unix:///x.sock")


@pytest.mark.parametrize("isolation", [None, "bubblewrap", "none"])
def test_engine_and_image_need_an_engine(isolation: str | None) -> None:
    choice = SandboxChoice(isolation=isolation)
    for more in ({"engine": "unix:///x"}, {"image": f"debian@{DIGEST}"}):
        with pytest.raises(UsageError, match=f"--{next(iter(more))} .* docker") as caught:
            engines_of(replace(choice, **more), {})  # type: ignore[arg-type]
        assert "--isolation docker" in (caught.value.problems[0].remedy or "")


@pytest.mark.parametrize("image", [DIGEST, f"debian@{DIGEST}", f"localhost:5000/a/b@{DIGEST}"])
def test_an_image_counts_by_its_digest(place: Site, image: str) -> None:
    found = confined(SandboxChoice(isolation="docker", image=image), place)
    assert found.image == DIGEST.removeprefix("sha256:")
    assert found.engines.image == image


@pytest.mark.parametrize(
    "image", ["debian", "debian:12", f"debian@{DIGEST[:-1]}", f"debian@{DIGEST}a", f"@{DIGEST}", ""]
)
def test_an_image_that_may_be_another_tomorrow_is_refused(place: Site, image: str) -> None:
    with pytest.raises(UsageError, match="does not name one image for ever"):
        confined(SandboxChoice(isolation="docker", image=image), place)


def test_sockets_of_addresses() -> None:
    assert socket_of("unix:///run/docker.sock") == "/run/docker.sock"
    assert socket_of("tcp://example.org:2376") is None


def test_the_sockets_of_all_engines_are_forbidden(place: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///somewhere/d.sock")
    monkeypatch.setenv("CONTAINER_HOST", "tcp://example.org:1")
    sockets = {str(path) for path in confined(SandboxChoice(), place).forbidden.engines}
    assert {"/somewhere/d.sock", "/var/run/docker.sock", "/run/podman/podman.sock"} < sockets
    assert not [path for path in sockets if not path.startswith("/")]


# -- names -------------------------------------------------------------------------------------------------------------


def test_a_recipe_goes_by_its_folders_name_and_an_output_by_its_own(
    rendered: Callable[..., tuple[Rendering, ...]], place: Site
) -> None:
    renderings = rendered("thing")
    assert {names_of(one) for one in renderings} == {("thing", "part"), ("thing", "rest")}
    whole = confined(SandboxChoice(network=("thing",)), place)
    refuse_unmeant(whole, renderings)
    assert [whole.allowed_to(names_of(one)).build.network for one in renderings] == [True, True]
    half = confined(SandboxChoice(network=("part",), limits=("rest:wall=5s",)), place)
    refuse_unmeant(half, renderings)
    assert {names_of(one)[1]: half.allowed_to(names_of(one)).build.network for one in renderings} == {
        "part": True, "rest": False,
    }  # fmt: skip
    walls = {one.output.name: half.limits_for(names_of(one), Limits()).wall_seconds for one in renderings}
    assert walls == {"part": None, "rest": 5}


@pytest.mark.parametrize(
    ("choice", "option"),
    [
        (SandboxChoice(network=("thin",)), "--allow-network"),
        (SandboxChoice(test_network=("thin",)), "--allow-test-network"),
        (SandboxChoice(mounts=("thin=/srv:/opt/srv",)), "--mount"),
        (SandboxChoice(limits=("thin:wall=1h",)), "--limit"),
    ],
)
def test_a_name_that_nothing_has_is_refused(
    rendered: Callable[..., tuple[Rendering, ...]], place: Site, choice: SandboxChoice, option: str
) -> None:
    with pytest.raises(UsageError, match=f"{option}: no recipe or output here is called thin") as caught:
        refuse_unmeant(confined(choice, place), rendered("thing"))
    assert caught.value.problems[0].remedy == "did you mean thing?"


def test_a_name_that_two_recipes_have_is_refused(rendered: Callable[..., tuple[Rendering, ...]], place: Site) -> None:
    """Else a recipe could get what another one is allowed by calling an output as that one is called."""
    renderings = rendered("thing", "other")
    with pytest.raises(UsageError, match="several recipes are called part") as caught:
        refuse_unmeant(confined(SandboxChoice(network=("part",)), place), renderings)
    assert "other" in caught.value.problems[0].message
    refuse_unmeant(confined(SandboxChoice(network=("other",)), place), renderings)


# -- mounts ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "file").write_text("one")
    return folder


def mounting(place: Site, text: str, isolation: str | None = None) -> Confinement:
    return confined(SandboxChoice(mounts=(text,), isolation=isolation), place)


def test_what_a_script_only_reads_counts_by_its_content(place: Site, data: Path) -> None:
    (first,) = mounting(place, f"x={data}:/opt/d").allowed_to(["x"]).build.mounts
    assert first.source == data
    assert first.digest is not None
    (data / "file").write_text("two")
    (second,) = mounting(place, f"x={data}:/opt/d").allowed_to(["x"]).build.mounts
    assert second.digest != first.digest
    (writable,) = mounting(place, f"x={data}:/opt/d:rw").allowed_to(["x"]).build.mounts
    assert writable.digest is None


def test_nobody_reads_what_only_tests_see(place: Site, data: Path) -> None:
    found = confined(SandboxChoice(test_mounts=(f"x={data}:/opt/d",)), place).allowed_to(["x"])
    assert not found.build
    assert [one.digest for one in found.tests.mounts] == [None]


def test_what_is_not_asked_for_need_not_be_there(place: Site) -> None:
    found = mounting(place, "x=/nowhere/at/all:/opt/d")
    assert found.allowed_to(["y"]) == NOTHING
    with pytest.raises(UsageError, match="it is not there"):
        found.allowed_to(["x"])


def test_the_machine_itself_has_everything_at_its_own_place_only(place: Site, data: Path) -> None:
    with pytest.raises(UsageError, match="with --isolation none"):
        mounting(place, f"x={data}:/opt/d", "none").allowed_to(["x"])


# -- limits ------------------------------------------------------------------------------------------------------------


def test_this_machine_has_limits_for_everything_but_cpu_time(place: Site) -> None:
    found = confined(SandboxChoice(), place).limits_of(1)
    assert found.cpu_seconds is None
    assert None not in (found.memory, found.disk, found.processes, found.wall_seconds, found.silence_seconds)
    many = confined(SandboxChoice(), place).limits_of(8)
    assert many.memory is not None
    assert found.memory is not None
    assert many.memory < found.memory


# -- the collection ----------------------------------------------------------------------------------------------------


def in_collection(tmp_path: Path, text: str) -> Site:
    (tmp_path / "bakehouse.yaml").write_text(text)
    where = Places(output=tmp_path / "out", channels=(), offline=True, store=tmp_path / "store")
    return site(where, read_collection(tmp_path / "bakehouse.yaml"))


def test_a_collection_says_what_options_say(tmp_path: Path, data: Path) -> None:
    text = "limits: {wall: 1h, x: {wall: 2h}}\nallow: {x: {mounts: ['data:/opt/d'], tests: {network: true}}}\n"
    place = in_collection(tmp_path, f"isolation: docker\nimage: debian@{DIGEST}\n{text}")
    found = confined(SandboxChoice(), place)
    assert (found.isolation, found.image) == ("docker", DIGEST.removeprefix("sha256:"))
    assert found.limits_for(["x"], Limits()).wall_seconds == 7200
    assert found.limits_for(["y"], Limits()).wall_seconds == 3600
    allowed = found.allowed_to(["x"])
    assert [one.source for one in allowed.build.mounts] == [data]
    assert (allowed.build.network, allowed.tests.network) == (False, True)


def test_options_win_over_the_collection(tmp_path: Path) -> None:
    place = in_collection(tmp_path, f"isolation: docker\nimage: debian@{DIGEST}\nlimits: {{x: {{wall: 2h}}}}\n")
    found = confined(SandboxChoice(isolation="bubblewrap", limits=("wall=5s",)), place)
    assert (found.isolation, found.image) == ("bubblewrap", None)
    assert found.limits_for(["x"], Limits()).wall_seconds == 5


def test_names_of_a_collection_need_not_be_built_now(
    tmp_path: Path, rendered: Callable[..., tuple[Rendering, ...]]
) -> None:
    place = in_collection(tmp_path, "limits: {other: {wall: 2h}}\nallow: {another: {network: true}}\n")
    refuse_unmeant(confined(SandboxChoice(), place), rendered("thing"))


def test_a_collection_beside_the_recipe_came_with_it_and_lends_nothing(tmp_path: Path) -> None:
    place = in_collection(tmp_path, "limits: {wall: 99h}\nallow: {x: {network: true}}\n")
    found = confined(SandboxChoice(limits=("silence=7s",)), place)
    assert found.allowed_to(["x"], tmp_path) == NOTHING
    assert found.limits_for(["x"], Limits(), tmp_path) == Limits(silence_seconds=7)
    below = tmp_path / "recipes" / "x"
    assert found.allowed_to(["x"], below).build.network
    assert found.limits_for(["x"], Limits(), below) == Limits(silence_seconds=7, wall_seconds=99 * 3600)
