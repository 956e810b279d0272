"""`bakehouse fetch`: everything that a later --offline needs, by hash, once."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.sandbox.rootfs import rootfs_lock
from tests.cli.conftest import Command, write_recipe

CONTENT = b"the source\n"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def address() -> Iterator[str]:
    """A server that has one file and counts nothing."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/source.txt"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(CONTENT) if found else 0))
            self.end_headers()
            self.wfile.write(CONTENT if found else b"")

        def log_message(self, *arguments: object) -> None:
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def recipe(folder: Path, url: str, sha256: str = DIGEST) -> Path:
    return write_recipe(
        folder,
        f"package: {{name: x, version: '1'}}\nsource:\n  url: {url}\n  sha256: {sha256}\n"
        "build: {noarch: generic, script: 'cp source.txt $PREFIX'}\n",
    )


def test_what_was_fetched_is_built_offline(command: Command, address: str, tmp_path: Path) -> None:
    folder = recipe(tmp_path / "r", f"{address}/source.txt")
    out = tmp_path / "channel"
    refused = command("build", folder, "--out", out, "--offline", "-q")
    assert refused.code == 3
    assert "bakehouse fetch" in refused.err
    fetched = command("fetch", folder, "--no-rootfs", "--json").document
    assert isinstance(fetched, list)
    assert [(one["address"], one["sha256"]) for one in fetched] == [(f"{address}/source.txt", DIGEST)]
    assert Path(fetched[0]["path"]).read_bytes() == CONTENT
    assert command("build", folder, "--out", out, "--offline", "-q").code == 0
    assert len(list(out.glob("noarch/*.conda"))) == 1


def test_wrong_bytes_are_refused_and_not_kept(command: Command, address: str, tmp_path: Path, kitchen: Path) -> None:
    said = command("fetch", recipe(tmp_path / "r", f"{address}/source.txt", "0" * 64), "--no-rootfs", "--json")
    assert said.code == 2
    assert DIGEST in str(said.errors[0]["message"])
    assert not list(kitchen.glob("files/*/*"))


def test_a_file_that_is_not_there_is_told_with_its_address(command: Command, address: str, tmp_path: Path) -> None:
    said = command("fetch", recipe(tmp_path / "r", f"{address}/nothing.txt"), "--no-rootfs")
    assert said.code == 2
    assert f"{address}/nothing.txt" in said.err


def test_all_sources_are_tried_and_all_failures_told(command: Command, address: str, tmp_path: Path) -> None:
    folders = [
        recipe(tmp_path / name, f"{address}/{name}.txt", digest * 64) for name, digest in (("a", "1"), ("b", "2"))
    ]
    said = command("fetch", *folders, "--no-rootfs", "--json")
    assert len(said.errors) == 2


def test_the_sandboxs_root_is_fetched_unless_it_is_not_wanted(command: Command, hello: Path) -> None:
    said = command("fetch", hello, "--offline", "--json")
    assert said.code == 3
    assert len(said.errors) == len(rootfs_lock().debs)
    assert command("fetch", hello, "--offline", "--no-rootfs").code == 0


def test_a_skipped_output_needs_nothing(command: Command, tmp_path: Path) -> None:
    folder = recipe(tmp_path / "r", "https://example.org/never.txt")
    text = (folder / "recipe.yaml").read_text().replace("noarch: generic", "skip: [linux]")
    (folder / "recipe.yaml").write_text(text)
    assert command("fetch", folder, "--offline", "--no-rootfs").code == 0
