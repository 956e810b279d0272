"""Fetching by hash: from whom, how often, when not at all."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import threading
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from builder.errors import BakehouseError, MachineError, SourceError
from builder.model.recipe import Attestation, UrlSource
from builder.source import Addresses, Fetcher
from builder.store import Store
from tests.source.conftest import KEYRING
from tests.source.server import Server, body_of, status, waiting

BODY = b"the bytes of a source" * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


def source(*urls: str, sha256: str | None = SHA256, md5: str | None = None) -> UrlSource:
    return UrlSource(urls=urls, sha256=sha256, md5=md5)


def fetch(fetcher: Fetcher, *urls: str, sha256: str | None = SHA256, md5: str | None = None) -> Path:
    return asyncio.run(fetcher.fetch(source(*urls, sha256=sha256, md5=md5)))


def error(fetcher: Fetcher, *urls: str, sha256: str | None = SHA256, md5: str | None = None) -> BakehouseError:
    with pytest.raises(BakehouseError) as caught:
        fetch(fetcher, *urls, sha256=sha256, md5=md5)
    return caught.value


def test_an_address(fetcher: Fetcher, server: Server) -> None:
    assert fetch(fetcher, server.serve("/a", BODY)).read_bytes() == BODY


def test_what_is_there_needs_no_network_and_no_address(store: Store) -> None:
    store.add_file([BODY], sha256=SHA256)
    nowhere = Fetcher(store, Addresses(apt=Path("/nowhere")), offline=True)
    for url in ("http://127.0.0.1:9/a", "debian:pool/a", "pypi:a/1/a-1.tar.gz"):
        assert fetch(nowhere, url).read_bytes() == BODY


def test_an_attestation_is_refused_although_the_file_is_there(store: Store) -> None:
    store.add_file([BODY], sha256=SHA256)
    wanted = replace(source("https://me:hunter2@example.org/a"), attestation=Attestation(publishers=("github:a/b",)))
    with pytest.raises(SourceError, match="asks for an attestation, which is not checked here") as caught:
        asyncio.run(Fetcher(store, Addresses(), offline=True).fetch_all([source("https://example.org/a"), wanted]))
    assert "hunter2" not in str(caught.value)


def test_what_is_there_imports_no_library_for_fetching(store: Store) -> None:
    store.add_file([BODY], sha256=SHA256)
    program = (
        "import asyncio, json, sys, pathlib\nfrom builder.source import Addresses, Fetcher\n"
        "from builder.store import Store\nfrom builder.model.recipe import UrlSource\n"
        "fetcher = Fetcher(Store(pathlib.Path(sys.argv[1])), Addresses())\n"
        "asyncio.run(fetcher.fetch(UrlSource(urls=('https://example.org/a',), sha256=sys.argv[2])))\n"
        "print(json.dumps(sorted({'httpx', 'pypi_simple', 'requests', 'debian'} & set(sys.modules))))\n"
    )
    argv = [sys.executable, "-c", program, str(store.root), SHA256]
    assert json.loads(subprocess.run(argv, check=True, capture_output=True).stdout) == []


def test_it_is_fetched_once(fetcher: Fetcher, server: Server) -> None:
    address = server.serve("/a", BODY)
    fetch(fetcher, address)
    fetch(fetcher, address)
    assert server.asked("/a") == 1


def test_many_who_want_the_same_fetch_it_once(store: Store, server: Server) -> None:
    address = server.serve("/a", BODY)
    addresses = Addresses()

    async def all_at_once() -> list[Path]:
        return await asyncio.gather(*(Fetcher(store, addresses).fetch(source(address)) for _ in range(6)))

    assert len(set(asyncio.run(all_at_once()))) == 1
    assert server.asked("/a") == 1


def test_the_same_source_twice_in_one_call(fetcher: Fetcher, server: Server) -> None:
    address = server.serve("/a", BODY)
    one, two = asyncio.run(fetcher.fetch_all([source(address), source(address)]))
    assert one == two
    assert server.asked("/a") == 1


def test_results_come_in_the_order_of_the_sources(fetcher: Fetcher, server: Server, store: Store) -> None:
    bodies = [bytes([number]) * 10 for number in range(6)]
    for number in (1, 4):
        store.add_file([bodies[number]], sha256=None)
    wanted = [
        source(server.serve(f"/{number}", body), sha256=hashlib.sha256(body).hexdigest())
        for number, body in enumerate(bodies)
    ]
    assert [path.read_bytes() for path in asyncio.run(fetcher.fetch_all(wanted))] == bodies
    assert server.asked("/1") == 0
    assert asyncio.run(fetcher.fetch_all([])) == ()


class TestAddresses:
    def test_several_are_tried_in_order(self, store: Store, server: Server) -> None:
        told: list[str] = []
        fetcher = Fetcher(store, Addresses(), report=told.append, retries=(0.0,))
        wrong = server.serve("/wrong", b"else")
        assert fetch(fetcher, f"{server.base}/gone", wrong, server.serve("/right", BODY)).read_bytes() == BODY
        assert [path for _, path in server.seen] == ["/gone", "/wrong", "/right"]
        assert len(told) == 2
        assert all(line.endswith(f"took {server.base}/right") for line in told)

    def test_those_behind_the_first_that_works_are_left_alone(self, fetcher: Fetcher, server: Server) -> None:
        fetch(fetcher, server.serve("/a", BODY), server.serve("/b", BODY))
        assert server.asked("/b") == 0

    def test_mirrors_come_first(self, store: Store, server: Server) -> None:
        server.serve("/mirror/x/a", BODY)
        mirrors = {"https://example.org/": (f"{server.base}/dead/", f"{server.base}/mirror/")}
        fetcher = Fetcher(store, Addresses(mirrors=mirrors), retries=())
        assert fetch(fetcher, "https://example.org/x/a").read_bytes() == BODY

    def test_a_file_of_this_machine(self, fetcher: Fetcher, tmp_path: Path) -> None:
        (tmp_path / "a").write_bytes(BODY)
        assert fetch(fetcher, (tmp_path / "a").as_uri()).read_bytes() == BODY

    @pytest.mark.parametrize("address", ["ftp://example.org/a", "debian:../a", "pypi:a/b"])
    def test_a_wrong_one_is_refused_before_anything_is_asked(
        self, fetcher: Fetcher, server: Server, address: str
    ) -> None:
        found = error(fetcher, server.serve("/a", BODY), address)
        assert found.problems[0].code == "source.address"
        assert server.seen == []


class TestDebian:
    PATH = "pool/main/g/gcc/libstdc++6_12.2.0-14+deb12u1_amd64.deb"
    QUOTED = "/debian/pool/main/g/gcc/libstdc%2B%2B6_12.2.0-14%2Bdeb12u1_amd64.deb"

    def test_the_base_is_given(self, fetcher: Fetcher, server: Server) -> None:
        server.serve(self.QUOTED, BODY)
        assert fetch(fetcher, f"debian:{self.PATH}").read_bytes() == BODY

    def test_the_base_is_apts(self, store: Store, server: Server, tmp_path: Path) -> None:
        (tmp_path / "sources.list").write_text(f"deb {server.base}/debian/ bookworm main\n")
        server.serve(self.QUOTED, BODY)
        assert fetch(Fetcher(store, Addresses(apt=tmp_path)), f"debian:{self.PATH}").read_bytes() == BODY

    def test_there_is_no_base(self, store: Store, tmp_path: Path) -> None:
        found = error(Fetcher(store, Addresses(apt=tmp_path)), f"debian:{self.PATH}")
        assert found.exit_code == 3
        assert found.problems[0].code == "source.no-debian-archive"
        assert "bakehouse.yaml" in (found.problems[0].remedy or "")

    def test_files_by_their_list(self, fetcher: Fetcher, server: Server) -> None:
        @dataclass(frozen=True)
        class File:
            path: str
            sha256: str

        server.serve(self.QUOTED, BODY)
        found = asyncio.run(fetcher.debs([File(self.PATH, SHA256), File(self.PATH, SHA256)]))
        assert {digest: path.read_bytes() for digest, path in found.items()} == {SHA256: BODY}

    def test_one_that_left_the_archive_is_told_with_what_is_there_now(
        self, fetcher: Fetcher, server: Server, archive: str
    ) -> None:
        deb, tarball = "pool/main/o/old/libold_1.0-1_amd64.deb", "pool/main/o/old/old_1.0.orig.tar.gz"
        wanted = [source(f"debian:{deb}"), source(f"debian:{tarball}", sha256="1" * 64)]
        with pytest.raises(SourceError) as caught:
            asyncio.run(fetcher.fetch_all(wanted))
        messages = [problem.message for problem in caught.value.problems]
        assert messages[0].startswith(f"debian:{deb}: the server answers 404")
        assert messages[0].endswith("bookworm has version 2.0-1+deb12u2 of libold now")
        assert messages[1].endswith("bookworm has version 2.0 of old now")
        assert server.asked("/debian/dists/bookworm/InRelease") == 2
        assert all("make repin" in (problem.remedy or "") for problem in caught.value.problems)

    def test_an_index_that_cannot_be_had_makes_the_error_no_worse(self, store: Store, server: Server) -> None:
        told: list[str] = []
        addresses = Addresses(debian=f"{server.base}/debian", keyring=KEYRING)
        found = error(Fetcher(store, addresses, report=told.append), "debian:pool/main/o/old/libold_1.0-1_amd64.deb")
        assert found.problems[0].code == "source.gone"
        assert len(told) == 1


class TestPypi:
    def test_a_file(self, fetcher: Fetcher, server: Server) -> None:
        server.serve("/files/p-1.0.tar.gz", BODY)
        link = f'<a href="/files/p-1.0.tar.gz#sha256={SHA256}">p-1.0.tar.gz</a>'
        server.serve("/simple/p/", link.encode(), "text/html")
        assert fetch(fetcher, "pypi:P/1.0/p-1.0.tar.gz").read_bytes() == BODY

    def test_a_hash_that_is_not_the_indexs_is_told_before_the_download(self, fetcher: Fetcher, server: Server) -> None:
        link = f'<a href="/files/p-1.0.tar.gz#sha256={"0" * 64}">p-1.0.tar.gz</a>'
        server.serve("/simple/p/", link.encode(), "text/html")
        found = error(fetcher, "pypi:p/1.0/p-1.0.tar.gz")
        assert found.problems[0].code == "source.wrong-bytes"
        assert SHA256 in str(found)
        assert "0" * 64 in str(found)
        assert server.asked("/files/p-1.0.tar.gz") == 0

    def test_an_index_that_lies_is_found_out(self, fetcher: Fetcher, server: Server) -> None:
        server.serve("/files/p-1.0.tar.gz", b"else")
        link = f'<a href="/files/p-1.0.tar.gz#sha256={SHA256}">p-1.0.tar.gz</a>'
        server.serve("/simple/p/", link.encode(), "text/html")
        assert error(fetcher, "pypi:p/1.0/p-1.0.tar.gz").problems[0].code == "source.wrong-bytes"


class TestErrors:
    def test_wrong_bytes_name_address_expected_and_got(self, fetcher: Fetcher, server: Server) -> None:
        found = error(fetcher, server.serve("/a", b"else"))
        assert isinstance(found, SourceError)
        assert f"{server.base}/a" in str(found)
        assert SHA256 in str(found)
        assert hashlib.sha256(b"else").hexdigest() in str(found)

    def test_all_failures_are_told_at_once(self, fetcher: Fetcher, server: Server, store: Store) -> None:
        good = hashlib.sha256(b"good").hexdigest()
        wanted = [
            source(server.say("/down", status(500)), sha256="1" * 64),
            source(server.serve("/wrong", b"else"), sha256="2" * 64),
            source(server.serve("/good", b"good"), sha256=good),
            source(f"{server.base}/gone", sha256="3" * 64),
        ]
        with pytest.raises(SourceError) as caught:
            asyncio.run(fetcher.fetch_all(wanted))
        codes = [problem.code for problem in caught.value.problems]
        assert codes == ["source.unreachable", "source.wrong-bytes", "source.gone"]
        assert store.file(good) is not None, "what could be had is kept for the next time"

    def test_no_network_is_the_machines_fault(self, fetcher: Fetcher) -> None:
        found = error(fetcher, "http://127.0.0.1:9/a")
        assert isinstance(found, MachineError)
        assert "bakehouse fetch" in (found.problems[0].remedy or "")

    def test_offline_lists_everything_that_is_missing(self, store: Store, server: Server) -> None:
        store.add_file([BODY], sha256=SHA256)
        wanted = [source(server.serve(f"/{n}", b""), sha256=str(n) * 64) for n in (1, 2)] + [
            source("https://example.org/a")
        ]
        with pytest.raises(MachineError) as caught:
            asyncio.run(Fetcher(store, Addresses(), offline=True).fetch_all(wanted))
        assert [problem.code for problem in caught.value.problems] == ["source.offline"] * 2
        assert server.seen == []

    @pytest.mark.parametrize("md5", [None, hashlib.md5(BODY).hexdigest()])
    def test_a_source_without_sha256_is_refused_with_the_line_to_write(
        self, fetcher: Fetcher, server: Server, md5: str | None
    ) -> None:
        found = error(fetcher, server.serve("/a", BODY), sha256=None, md5=md5)
        assert found.problems[0].code == "source.unhashed"
        assert f"`sha256: {SHA256}`" in (found.problems[0].remedy or "")

    def test_a_source_without_sha256_that_cannot_be_had(self, fetcher: Fetcher, server: Server) -> None:
        assert error(fetcher, f"{server.base}/gone", sha256=None).problems[0].code == "source.gone"

    @pytest.mark.parametrize("kind", ["sha1", "sha224", "sha384", "sha512"])
    def test_every_digest_beside_sha256_must_agree_too(self, fetcher: Fetcher, server: Server, kind: str) -> None:
        right = hashlib.new(kind, BODY).hexdigest()
        wanted = UrlSource(urls=(server.serve("/a", BODY),), sha256=SHA256, digests=((kind, right.upper()),))
        assert asyncio.run(fetcher.fetch(wanted)).read_bytes() == BODY
        wrong = UrlSource(urls=wanted.urls, sha256=SHA256, digests=((kind, "0" * len(right)),))
        with pytest.raises(SourceError, match=f"its {kind} is {right}, not 000"):
            asyncio.run(fetcher.fetch(wrong))

    def test_md5_beside_sha256_must_agree_too(self, fetcher: Fetcher, server: Server) -> None:
        address = server.serve("/a", BODY)
        assert fetch(fetcher, address, md5=hashlib.md5(BODY).hexdigest().upper()).read_bytes() == BODY
        found = error(fetcher, address, md5="0" * 32)
        assert "0" * 32 in str(found)
        assert hashlib.md5(BODY).hexdigest() in str(found)


class TestCurrent:
    def test_what_lies_at_an_address_now(self, fetcher: Fetcher, server: Server) -> None:
        address = server.say("/a", body_of(b"one"), body_of(b"two"))
        assert asyncio.run(fetcher.current(address)).read_bytes() == b"one"
        assert asyncio.run(fetcher.current(address)).read_bytes() == b"two"

    def test_nothing_lies_there(self, fetcher: Fetcher, server: Server) -> None:
        with pytest.raises(SourceError):
            asyncio.run(fetcher.current(f"{server.base}/a"))

    def test_whether_something_is_gone(self, fetcher: Fetcher, server: Server) -> None:
        server.serve("/debian/pool/a", BODY)
        assert not asyncio.run(fetcher.is_gone("debian:pool/a"))
        assert asyncio.run(fetcher.is_gone("debian:pool/b"))
        assert asyncio.run(fetcher.is_gone("pypi:p/1.0/p-1.0.tar.gz"))
        with pytest.raises(MachineError):
            asyncio.run(fetcher.is_gone(server.say("/c", status(500))))

    def test_nothing_is_asked_offline(self, store: Store) -> None:
        offline = Fetcher(store, Addresses(), offline=True)
        for question in (offline.current("https://example.org/a"), offline.is_gone("https://example.org/a")):
            with pytest.raises(MachineError):
                asyncio.run(question)


def test_cancelling_a_batch_stops_all_of_it(store: Store, server: Server) -> None:
    never = threading.Event()
    wanted = [source(server.say(f"/{n}", waiting(never, body_of(BODY))), sha256=str(n) * 64) for n in range(10)]

    async def work() -> None:
        task = asyncio.ensure_future(Fetcher(store, Addresses()).fetch_all(wanted))
        for _ in range(8):
            await asyncio.to_thread(server.arrived.acquire)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1

    try:
        asyncio.run(work())
    finally:
        never.set()
    assert len(server.seen) == 8
