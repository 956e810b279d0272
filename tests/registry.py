"""A registry of images on this machine, and an ordinary Debian system in it, which is not our root."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docker

CHECKOUT = Path(__file__).parents[1]
TREE = CHECKOUT / ".cache" / "foreign-image.tar"
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Registry:
    """A registry that listens at ``address``, of images that engines may pull without more ado."""

    address: str

    def push(self, engine: str, tree: Path, name: str = "debian") -> str:
        """Make an image of the archive ``tree``, push it and forget it; return its name with its digest."""
        client = docker.APIClient(base_url=engine, version="auto")
        repository = f"{self.address}/{name}"
        try:
            client.import_image_from_file(str(tree), repository=repository, tag="12", changes=["ENV FOREIGN=1"])
            for line in client.push(repository, tag="12", stream=True, decode=True):
                assert "error" not in line, line
            client.remove_image(f"{repository}:12", force=True)
        finally:
            client.close()
        return f"{repository}@{self._digest(name)}"

    def _digest(self, name: str) -> str:
        """Ask the registry itself what it calls the image."""
        accept = "application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json"
        request = urllib.request.Request(f"http://{self.address}/v2/{name}/manifests/12", headers={"Accept": accept})
        with urllib.request.urlopen(request) as answer:
            return str(answer.headers["Docker-Content-Digest"])


@contextlib.contextmanager
def registry(folder: Path) -> Iterator[Registry]:
    """Give a registry that keeps everything in ``folder``."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    config = {
        "version": 0.1,
        "log": {"level": "error"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
        "http": {"addr": address},
    }
    (folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            ["docker-registry", "serve", folder / "config.yml"], stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
    try:
        _wait(address, server, folder / "log")
        yield Registry(address)
    finally:
        server.kill()
        server.wait()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    late = time.monotonic() + _PATIENCE
    host, _, port = address.partition(":")
    while time.monotonic() < late:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            socket.create_connection((host, int(port)), timeout=5).close()
            return
        time.sleep(0.05)
    raise AssertionError(f"the registry does not answer at {address}: {log.read_text()}")
