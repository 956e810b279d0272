"""What scripts may use of the machine when somebody lets them, and what it leaves in the package; nothing else."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer

import pytest

from builder.archive import read_package
from tests.e2e.command import Bakehouse

HELLO = """\
package: {name: caller, version: "1"}
build:
  script: exec 3<>/dev/tcp/127.0.0.1/PORT && head -c 5 <&3 > $PREFIX/said.txt
about: {license: CC0-1.0}
"""

TESTED = """\
package: {name: callee, version: "1"}
build:
  script: echo hello > $PREFIX/said.txt
tests:
  - script: exec 3<>/dev/tcp/127.0.0.1/PORT && test "$(head -c 5 <&3)" = hello
about: {license: CC0-1.0}
"""

MOUNTED = """\
package: {name: reader, version: "1"}
build:
  script: |
    cp /opt/vendor/data.txt $PREFIX/data.txt
    if echo x > /opt/vendor/written; then echo writable; else echo refused; fi > $PREFIX/how.txt
about: {license: CC0-1.0}
"""


class _Greeter(BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"hello")


@pytest.fixture
def port() -> Iterator[int]:
    """The port of a server on 127.0.0.1 that says hello."""
    with ThreadingTCPServer(("127.0.0.1", 0), _Greeter) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def vendor(tmp_path: Path) -> Path:
    folder = tmp_path / "somewhere on the machine"
    folder.mkdir()
    folder.chmod(0o777)
    (folder / "data.txt").write_text("data\n")
    return folder


def recipe(tmp_path: Path, text: str, name: str) -> Path:
    folder = tmp_path / "recipes" / name
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(text)
    return folder


def the_package(channel: Path) -> Path:
    (found,) = channel.glob("linux-64/*.conda")
    return found


def keys(channel: Path) -> dict[str, object]:
    found = json.loads(read_package(the_package(channel)).read_info("bakehouse/keys.json"))
    assert isinstance(found, dict)
    return found


def statement(channel: Path) -> str:
    (found,) = channel.rglob("*.intoto.json")
    return found.read_text()


@pytest.mark.parametrize("isolation", ["bubblewrap", "docker"])
def test_a_script_reaches_the_machines_network_only_when_it_may(
    bakehouse: Bakehouse, tmp_path: Path, port: int, docker_engine: str, isolation: str
) -> None:
    here, out = recipe(tmp_path, HELLO.replace("PORT", str(port)), "caller"), tmp_path / "out"
    which = ("--isolation", isolation, *(("--engine", docker_engine) if isolation == "docker" else ()))
    refused = bakehouse.run("build", here, "--out", out, *which)
    assert refused.returncode == 1
    assert "Connection refused" in refused.stderr or "unreachable" in refused.stderr
    assert not list(out.glob("linux-64/*.conda"))
    bakehouse.good("build", here, "--out", out, *which, "--allow-network", "caller")
    read_package(the_package(out)).extract(tmp_path / "tree")
    assert (tmp_path / "tree" / "said.txt").read_text() == "hello"
    assert keys(out)["allowed"] == {"mounts": [], "network": True}
    assert keys(out)["sealed"] is True


def test_a_permission_is_planned_and_changes_what_is_reused(bakehouse: Bakehouse, tmp_path: Path, port: int) -> None:
    here, out = recipe(tmp_path, HELLO.replace("PORT", str(port)), "caller"), tmp_path / "out"
    allowed = ("--allow-network", "caller")
    assert "its script may use the network" in bakehouse.good("plan", here, "--out", out, *allowed)
    bakehouse.good("build", here, "--out", out, *allowed)
    assert bakehouse.good("plan", here, "--out", out, *allowed).startswith("reuse")
    without = bakehouse.good("plan", here, "--out", out)
    assert without.startswith("build")
    assert "the network is gone" in without


def test_tests_have_no_network_because_the_script_has(bakehouse: Bakehouse, tmp_path: Path, port: int) -> None:
    here, out = recipe(tmp_path, TESTED.replace("PORT", str(port)), "callee"), tmp_path / "out"
    refused = bakehouse.run("build", here, "--out", out, "--allow-network", "callee")
    assert refused.returncode == 1
    assert "its test failed" in refused.stderr
    bakehouse.good("build", here, "--out", out, "--allow-test-network", "callee")
    assert "allowed" not in keys(out), "no byte of the package is from a test"
    package = the_package(out)
    assert bakehouse.run("test", package, "-c", out).returncode == 1
    bakehouse.good("test", package, "-c", out, "--allow-network", "callee")


@pytest.mark.parametrize("isolation", ["bubblewrap", "docker"])
def test_a_mount_is_read_only_and_tells_nobody_where_it_lies(
    bakehouse: Bakehouse, tmp_path: Path, vendor: Path, docker_engine: str, isolation: str
) -> None:
    here, out = recipe(tmp_path, MOUNTED, "reader"), tmp_path / "out"
    which = ("--isolation", isolation, *(("--engine", docker_engine) if isolation == "docker" else ()))
    assert bakehouse.run("build", here, "--out", out, *which).returncode == 1, "nothing is there without the option"
    bakehouse.good("build", here, "--out", out, *which, "--mount", f"reader={vendor}:/opt/vendor")
    read_package(the_package(out)).extract(tmp_path / "tree")
    assert (tmp_path / "tree" / "data.txt").read_text() == "data\n"
    assert (tmp_path / "tree" / "how.txt").read_text() == "refused\n"
    assert sorted(path.name for path in vendor.iterdir()) == ["data.txt"]
    (mount,) = keys(out)["allowed"]["mounts"]  # type: ignore[index]
    assert mount["inside"] == "/opt/vendor"
    assert len(mount["sha256"]) == 64
    assert mount["sha256"] in statement(out)
    every = [file.read_bytes() for file in (tmp_path / "tree").rglob("*") if file.is_file()]
    assert not [data for data in (*every, statement(out).encode()) if vendor.name.encode() in data]


def test_what_may_be_written_to_is_and_what_changes_is_built_anew(
    bakehouse: Bakehouse, tmp_path: Path, vendor: Path
) -> None:
    here, out = recipe(tmp_path, MOUNTED, "reader"), tmp_path / "out"
    bakehouse.good("build", here, "--out", out, "--mount", f"reader={vendor}:/opt/vendor:rw")
    assert (vendor / "written").read_text() == "x\n"
    assert keys(out)["allowed"]["mounts"] == [{"inside": "/opt/vendor", "writable": True}]  # type: ignore[index]
    reading = ("--mount", f"reader={vendor}:/opt/vendor")
    bakehouse.good("build", here, "--out", out, *reading)
    assert bakehouse.good("plan", here, "--out", out, *reading).startswith("reuse")
    (vendor / "data.txt").write_text("other\n")
    changed = bakehouse.good("plan", here, "--out", out, *reading)
    assert changed.startswith("build")
    assert "the mount /opt/vendor changed" in changed


def test_a_collection_allows_by_name_but_not_a_recipe_that_brings_its_own(
    bakehouse: Bakehouse, tmp_path: Path, port: int
) -> None:
    here = recipe(tmp_path, HELLO.replace("PORT", str(port)), "caller")
    (tmp_path / "bakehouse.yaml").write_text("allow: {caller: {network: true}}\n")
    assert "may use the network" in bakehouse.good("plan", here, "--out", tmp_path / "out")
    (tmp_path / "bakehouse.yaml").rename(here / "bakehouse.yaml")
    assert "may use the network" not in bakehouse.good("plan", here, "--out", tmp_path / "out")


def test_debug_enters_with_what_the_script_might_use(
    bakehouse: Bakehouse, tmp_path: Path, port: int, vendor: Path
) -> None:
    text = HELLO.replace("script: ", "script: exit 1; ").replace("PORT", str(port))
    here, out = recipe(tmp_path, text, "caller"), tmp_path / "out"
    lent = ("--allow-network", "caller", "--mount", f"caller={vendor}:/opt/vendor")
    assert bakehouse.run("build", here, "--out", out, *lent).returncode == 1
    look = f"exec 3<>/dev/tcp/127.0.0.1/{port} && head -c 5 <&3 && cat /opt/vendor/data.txt"
    entered = bakehouse.run("debug", here, "--out", out, "--", "bash", "-c", look)
    assert (entered.returncode, entered.stdout) == (0, "hellodata\n")
    assert "changed since" not in entered.stderr


def test_a_limit_of_one_recipe_ends_it_with_the_option_that_lifts_it(bakehouse: Bakehouse, tmp_path: Path) -> None:
    text = HELLO.replace("exec 3<>/dev/tcp/127.0.0.1/PORT && head -c 5 <&3", "sleep 600; echo x")
    here, out = recipe(tmp_path, text, "caller"), tmp_path / "out"
    done = bakehouse.run("build", here, "--out", out, "--limit", "caller:wall=1s", "--limit", "wall=600s")
    assert done.returncode == 1
    assert "ran longer than it may" in done.stderr
    assert "--limit caller:wall=2s" in done.stderr
    document = json.loads(bakehouse.run("build", here, "--out", out, "--limit", "silence=1s", "--json").stdout)
    (error,) = document["errors"]
    assert error["code"] == "script.silence"
    assert "--limit caller:silence=2s" in error["remedy"]
