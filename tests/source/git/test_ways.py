"""Ways to repositories: mirrors first, and on a farm nothing but what was judged, whatever names and servers say."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.policy import Policy
from builder.model.recipe import GitSource
from builder.source.address import Addresses
from builder.source.git.command import GitError, git_variables, run_git
from builder.source.git.repositories import Repositories
from builder.source.git.ways import Way, Ways
from builder.store import Store
from tests.source.git.making import upstream
from tests.source.server import Server, redirect

FARM = Policy(farm=True)
ENVIRONMENT = {"PATH": os.environ["PATH"]}


def ways(store: Store, *, policy: Policy = FARM, mirrors: Mapping[str, tuple[str, ...]] | None = None) -> Ways:
    return Ways(store, Addresses(environment=ENVIRONMENT, policy=policy, mirrors=mirrors or {}))


def taken(asked: Ways, address: str) -> Way:
    """The first way; nobody goes it."""

    async def attempt(way: Way) -> Way:
        return way

    return asyncio.run(asked.first(address, attempt))


def refusal(asked: Ways, address: str) -> str:
    with pytest.raises(SourceError) as caught:
        taken(asked, address)
    [problem] = caught.value.problems
    assert (problem.code, caught.value.exit_code) == ("source.forbidden", 2)
    assert problem.remedy
    return problem.message


class TestFarm:
    @pytest.mark.parametrize(
        "address",
        [
            "file:///srv/git/x", "http://example.org/x", "ssh://git@example.org/x", "git@example.org:x",
            "https://127.0.0.1/x", "https://[::1]/x", "https://localhost/x", "https://169.254.169.254/x",
            "https://10.0.0.1/x", "https://2130706433/x", "https://0x7f.1/x", "https://git.internal/x",
            "https://me:secret@example.org/x", "https://example.org:2375/x", "https://1.1.1.1/../x",
        ],
    )  # fmt: skip
    def test_what_is_not_public_is_not_gone_to(self, store: Store, address: str) -> None:
        message = refusal(ways(store), address)
        assert "secret" not in message
        assert "no address that this farm fetches from" in message

    def test_on_a_laptop_it_is(self, store: Store) -> None:
        way = taken(ways(store, policy=Policy()), "https://127.0.0.1/x")
        assert (way.address, way.fenced) == ("https://127.0.0.1/x", False)
        assert not [name for name in way.variables if name.startswith("GIT_CONFIG_KEY")]

    def test_the_address_that_was_judged_is_the_only_one(self, store: Store) -> None:
        way = taken(ways(store), "https://1.1.1.1/x")
        assert way.fenced
        settings = {
            way.variables[f"GIT_CONFIG_KEY_{number}"]: way.variables[f"GIT_CONFIG_VALUE_{number}"] for number in (0, 1)
        }
        assert settings == {"http.curloptResolve": "1.1.1.1:443:1.1.1.1", "http.followRedirects": "false"}
        assert way.variables["GIT_CONFIG_COUNT"] == "2"
        assert way.variables["GIT_ALLOW_PROTOCOL"] == "https"

    def test_nothing_of_the_operators_goes_along(self, store: Store) -> None:
        own = {
            "HOME": "/home/me",
            "SSH_AUTH_SOCK": "/run/agent",
            "https_proxy": "http://10.0.0.1",
            "SSL_CERT_FILE": "/ca.pem",
        }
        way = taken(Ways(store, Addresses(environment={**ENVIRONMENT, **own}, policy=FARM)), "https://1.1.1.1/x")
        assert way.variables["HOME"] == "/dev/null"
        assert not {"SSH_AUTH_SOCK", "https_proxy"} & way.variables.keys()
        assert way.variables["GIT_SSL_CAINFO"] == "/ca.pem"

    def test_a_name_that_leads_nowhere_is_no_answer(self, store: Store) -> None:
        with pytest.raises(MachineError, match=r"could not resolve host nowhere\.example"):
            taken(ways(store), "https://nowhere.example/x")

    def test_mirrors_are_the_operators_own(self, store: Store, tmp_path: Path, server: Server) -> None:
        made = upstream(tmp_path / "mirrored" / "x")
        mirrors = {
            "https://example.org/": (f"{made.folder.parent.as_uri()}/",),
            "https://example.com/": (f"{server.base}/",),
        }
        asked = ways(store, mirrors=mirrors)
        assert taken(asked, "https://example.org/x").lent is not None
        assert not taken(asked, "https://example.com/x").fenced

    def test_what_a_mirror_does_not_have_is_judged(self, store: Store, tmp_path: Path) -> None:
        asked = ways(store, mirrors={"https://localhost/": (f"{tmp_path.as_uri()}/absent/",)})
        assert "localhost" in refusal(asked, "https://localhost/x")

    def test_submodules_and_large_files_are_judged_too(self, store: Store, tmp_path: Path) -> None:
        made = upstream(
            tmp_path / "up" / "x", {".gitmodules": '[submodule "s"]\n\tpath = s\n\turl = https://127.0.0.1/s\n'}
        )
        made.git("update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},s")
        made.git("commit", "--quiet", "-m", "submodule")
        mirrors = {"https://example.org/": (f"{made.folder.parent.as_uri()}/",)}
        addresses = Addresses(environment=ENVIRONMENT, policy=FARM, mirrors=mirrors)
        with pytest.raises(SourceError, match=r"127\.0\.0\.1/s is no address that this farm"):
            asyncio.run(Repositories(store, addresses).fetch(GitSource(git="https://example.org/x"), tmp_path))

    def test_an_old_git_is_not_trusted(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "git").write_text("#!/bin/sh\necho git version 2.34.1\n")
        (tmp_path / "git").chmod(0o755)
        addresses = Addresses(environment={"PATH": f"{tmp_path}:/bin"}, policy=FARM)
        with pytest.raises(MachineError, match="cannot be kept to an address") as caught:
            taken(Ways(store, addresses), "https://1.1.1.1/x")
        assert "2.37" in (caught.value.problems[0].remedy or "")


class TestPins:
    """What the two settings do, seen by a server: git goes where it is told to, and not where the server sends it."""

    def listed(self, server: Server, host: str, settings: Mapping[str, str]) -> BakehouseError | GitError | None:
        port = server.base.rpartition(":")[2]
        numbered = {f"GIT_CONFIG_KEY_{number}": key for number, key in enumerate(settings)}
        numbered |= {f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(settings.values())}
        variables = {**git_variables(ENVIRONMENT, "http"), **numbered, "GIT_CONFIG_COUNT": str(len(settings))}
        try:
            asyncio.run(run_git(variables, None, "ls-remote", "--", f"http://{host}:{port}/x.git"))
        except GitError as error:
            return error
        return None

    def test_names_are_not_looked_up_again(self, server: Server) -> None:
        port = server.base.rpartition(":")[2]
        server.serve(
            "/x.git/info/refs?service=git-upload-pack", f"{'a' * 40}\trefs/heads/main\n".encode(), "text/plain"
        )
        pin = {"http.curloptResolve": f"nowhere.example:{port}:127.0.0.1"}
        assert self.listed(server, "nowhere.example", pin) is None
        assert server.seen

    def test_redirects_are_not_followed(self, server: Server) -> None:
        server.serve(
            "/y.git/info/refs?service=git-upload-pack", f"{'a' * 40}\trefs/heads/main\n".encode(), "text/plain"
        )
        server.say(
            "/x.git/info/refs?service=git-upload-pack",
            redirect(f"{server.base}/y.git/info/refs?service=git-upload-pack"),
        )
        assert self.listed(server, "127.0.0.1", {}) is None
        assert server.asked("/y.git/info/refs?service=git-upload-pack") == 1
        error = self.listed(server, "127.0.0.1", {"http.followRedirects": "false"})
        assert "redirect" in str(error) or "302" in str(error)
        assert server.asked("/y.git/info/refs?service=git-upload-pack") == 1
