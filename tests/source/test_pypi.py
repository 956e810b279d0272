"""Finding files in simple indexes, HTML and JSON, near and broken."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from builder.source import pypi
from builder.source.address import PypiFile
from builder.source.connection import TransferError
from builder.source.pypi import Found
from builder.source.transfer import Transfer
from builder.store import Store
from tests.source.server import Server, body_of, status

SDIST = "example_project-1.0.tar.gz"
WANTED = PypiFile(project="Example.Project", version="1.0", file=SDIST)
PATH = "/simple/example-project/"
DIGEST = "ab" * 32


def page(*links: str) -> bytes:
    return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()


def link(file: str, fragment: str = f"#sha256={DIGEST}") -> str:
    return f'<a href="../../files/{file}{fragment}">{file}</a>'


def find(store: Store, server: Server, wanted: PypiFile = WANTED, base: str | None = None) -> Found:
    async def run() -> Found:
        async with Transfer(store, retries=(0.0,)) as transfer:
            return await pypi.find(transfer, base or f"{server.base}/simple", wanted)

    return asyncio.run(run())


def failure(store: Store, server: Server, wanted: PypiFile = WANTED) -> TransferError:
    with pytest.raises(TransferError) as caught:
        find(store, server, wanted)
    return caught.value


def test_a_page_in_html(store: Store, server: Server) -> None:
    server.serve(PATH, page(link("example_project-0.9.tar.gz"), link(SDIST)), "text/html")
    assert find(store, server) == Found(address=f"{server.base}/files/{SDIST}", sha256=DIGEST)
    assert "vnd.pypi.simple.v1+json" in server.headers[0]["accept"]


def test_a_page_in_json(store: Store, server: Server) -> None:
    files = [{"filename": SDIST, "url": f"/files/{SDIST}", "hashes": {"sha256": DIGEST}}]
    document = {"meta": {"api-version": "1.0"}, "name": "example-project", "files": files}
    server.serve(PATH, json.dumps(document).encode(), "application/vnd.pypi.simple.v1+json")
    assert find(store, server) == Found(address=f"{server.base}/files/{SDIST}", sha256=DIGEST)


def test_an_index_without_hashes(store: Store, server: Server) -> None:
    server.serve(PATH, page(link(SDIST, "")), "text/html")
    assert find(store, server).sha256 is None


def test_a_base_address_may_end_with_a_slash_or_be_a_folder(store: Store, server: Server, tmp_path: Path) -> None:
    server.serve(PATH, page(link(SDIST)), "text/html")
    assert find(store, server, base=f"{server.base}/simple/").sha256 == DIGEST
    (tmp_path / "example-project").mkdir()
    (tmp_path / "example-project" / "index.html").write_bytes(page(link(SDIST)))
    found = find(store, server, base=tmp_path.as_uri())
    assert found.address.startswith("file://")
    assert found.address.endswith(f"/files/{SDIST}")


def test_wheels(store: Store, server: Server) -> None:
    wheel = "example_project-1.0-py3-none-any.whl"
    server.serve(PATH, page(link(wheel)), "text/html")
    assert find(store, server, PypiFile(project="example-project", version="1.0", file=wheel)).sha256 == DIGEST


def test_an_unknown_project(store: Store, server: Server) -> None:
    assert failure(store, server).kind == "missing"


def test_an_unknown_file_of_a_known_version(store: Store, server: Server) -> None:
    server.serve(PATH, page(link("example_project-1.0.zip"), link("example_project-2.0.tar.gz")), "text/html")
    found = failure(store, server)
    assert found.kind == "missing"
    assert SDIST in str(found)
    assert "example_project-1.0.zip" in str(found)
    assert "2.0" not in str(found)


def test_an_unknown_version(store: Store, server: Server) -> None:
    server.serve(PATH, page(link("example_project-2.0.tar.gz")), "text/html")
    assert "not that version" in str(failure(store, server))


def test_a_version_that_is_not_the_files(store: Store, server: Server) -> None:
    server.serve(PATH, page(link(SDIST)), "text/html")
    found = failure(store, server, PypiFile(project="example-project", version="1.1", file=SDIST))
    assert found.kind == "wrong"
    assert "1.0" in str(found)
    assert "1.1" in str(found)


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"{", "application/vnd.pypi.simple.v1+json"),
        (b"[]", "application/vnd.pypi.simple.v1+json"),
        (b"[" * 10**5, "application/vnd.pypi.simple.v1+json"),
        (b"<![<a>", "text/html"),
        (b'{"meta": {"api-version": "9.0"}, "files": []}', "application/vnd.pypi.simple.v1+json"),
        (b'<meta name="pypi:repository-version" content="9.0"><a href="x">x</a>', "text/html"),
    ],
)
def test_an_index_that_is_not_understood(store: Store, server: Server, body: bytes, media_type: str) -> None:
    server.serve(PATH, body, media_type)
    found = failure(store, server)
    assert found.kind == "network"
    assert "not understood" in str(found)


def test_an_index_in_trouble_is_asked_again(store: Store, server: Server) -> None:
    server.say(PATH, status(503), body_of(page(link(SDIST)), "text/html"))
    assert find(store, server).sha256 == DIGEST


def test_passwords_in_the_base_address_are_not_shown(store: Store, server: Server) -> None:
    server.serve(PATH, page(), "text/html")
    with pytest.raises(TransferError) as caught:
        find(store, server, base=f"{server.base.replace('//', '//user:secret@')}/simple")
    assert "secret" not in str(caught.value)
