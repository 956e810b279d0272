"""Sources without a sha256: refused, or measured as they come and remembered."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import MachineError, SourceError
from builder.model.policy import Policy
from builder.model.recipe import UrlSource
from builder.source import Addresses, Fetcher
from builder.source.digests import source_digests
from builder.source.unhashed import unhashed
from builder.store import Store
from tests.source.server import Server, status

BODY = b"bytes of an archive"
SHA256 = hashlib.sha256(BODY).hexdigest()
MD5 = hashlib.md5(BODY).hexdigest()


def fetcher(store: Store, told: list[str] | None = None, *, allow: bool = True, offline: bool = False) -> Fetcher:
    report = (told if told is not None else []).append
    return Fetcher(store, Addresses(allow_unhashed=allow), offline=offline, report=report, retries=())


def measured(fetcher: Fetcher, *sources: UrlSource) -> tuple[UrlSource, ...]:
    return asyncio.run(fetcher.measured(sources))


class TestNotAllowed:
    @pytest.mark.parametrize("md5", [None, MD5, "0" * 32])
    def test_it_is_refused_and_nothing_is_asked_for_a_plan(self, tmp_path: Path, md5: str | None) -> None:
        with pytest.raises(SourceError, match="has no sha256") as caught:
            source_digests([UrlSource(urls=("https://example.org/a.tar.gz",), md5=md5)], tmp_path)
        [problem] = caught.value.problems
        assert problem.code == "source.unhashed"
        assert "--allow-unhashed" in (problem.remedy or "")
        assert ("md5 alone proves nothing" in problem.message) is (md5 is not None)

    def test_fetching_says_what_to_write(self, store: Store, server: Server) -> None:
        source = UrlSource(urls=(server.serve("/a", BODY),), md5=MD5)
        with pytest.raises(SourceError) as caught:
            asyncio.run(fetcher(store, allow=False).fetch(source))
        assert f"`sha256: {SHA256}`" in (caught.value.problems[0].remedy or "")

    def test_a_farm_judges_their_addresses_too(self, store: Store) -> None:
        addresses = Addresses(policy=Policy(farm=True), allow_unhashed=True)
        with pytest.raises(SourceError, match="which is loopback"):
            asyncio.run(Fetcher(store, addresses).measured([UrlSource(urls=("http://127.0.0.1/a",))]))


class TestAllowed:
    def test_what_came_is_the_digest(self, store: Store, server: Server, tmp_path: Path) -> None:
        told: list[str] = []
        source = UrlSource(urls=(server.serve("/a.tar.gz", BODY),), md5=MD5, digests=(("sha1", _sha1(BODY)),))
        (found,) = measured(fetcher(store, told), source)
        assert found == replace(source, measured=SHA256)
        assert found.known_sha256 == SHA256
        assert told == [f"{source.urls[0]} has no sha256 and is taken as it comes: {SHA256}"]
        [digest] = source_digests([found], tmp_path)
        assert (digest.sha256, digest.unhashed) == (SHA256, True)
        assert asyncio.run(fetcher(store).fetch(found)).read_bytes() == BODY
        assert server.asked("/a.tar.gz") == 1

    def test_other_bytes_are_another_digest(self, store: Store, server: Server) -> None:
        source = UrlSource(urls=(server.serve("/a", BODY),))
        server.serve("/a", BODY + b"!")
        (found,) = measured(fetcher(store), source)
        assert found.measured == hashlib.sha256(BODY + b"!").hexdigest()

    def test_each_source_is_fetched_once_and_those_with_a_digest_not_at_all(self, store: Store, server: Server) -> None:
        plain = UrlSource(urls=(server.serve("/a", BODY),))
        hashed = UrlSource(urls=(f"{server.base}/never",), sha256="0" * 64)
        found = measured(fetcher(store), plain, hashed, plain)
        assert found == (replace(plain, measured=SHA256), hashed, replace(plain, measured=SHA256))
        assert [path for _, path in server.seen] == ["/a"]
        assert unhashed(found) == ()

    def test_a_wrong_md5_is_wrong(self, store: Store, server: Server) -> None:
        with pytest.raises(SourceError, match=f"has md5 {MD5}, not {'0' * 32}") as caught:
            measured(fetcher(store), UrlSource(urls=(server.serve("/a", BODY),), md5="0" * 32))
        assert caught.value.problems[0].code == "source.wrong-bytes"

    def test_a_page_is_no_archive(self, store: Store, server: Server) -> None:
        page = server.serve("/a.tar.gz", b"<!DOCTYPE html><title>Log in</title>", "text/html")
        with pytest.raises(SourceError, match=r'a page of HTML \("Log in"\)') as caught:
            measured(fetcher(store), UrlSource(urls=(page,)))
        assert caught.value.problems[0].remedy

    def test_a_page_may_be_what_is_wanted(self, store: Store, server: Server) -> None:
        page = UrlSource(urls=(server.serve("/a.html", b"<html>"),))
        assert measured(fetcher(store), page)[0].measured == hashlib.sha256(b"<html>").hexdigest()

    def test_all_failures_are_told(self, store: Store, server: Server) -> None:
        gone = UrlSource(urls=(server.say("/gone", status(404)),))
        wrong = UrlSource(urls=(server.serve("/wrong", BODY),), md5="0" * 32)
        with pytest.raises(SourceError) as caught:
            measured(fetcher(store), gone, wrong)
        assert {problem.code for problem in caught.value.problems} == {"source.gone", "source.wrong-bytes"}

    def test_fetching_measures_by_itself(self, store: Store, server: Server) -> None:
        source = UrlSource(urls=(server.serve("/a", BODY),))
        assert asyncio.run(fetcher(store).fetch(source)).read_bytes() == BODY


class TestOffline:
    def test_it_is_what_came_last(self, store: Store, server: Server) -> None:
        source = UrlSource(urls=(server.serve("/a", BODY),), md5=MD5)
        measured(fetcher(store), source)
        told: list[str] = []
        assert measured(fetcher(store, told, offline=True), source) == (replace(source, measured=SHA256),)
        assert told == [f"{source.urls[0]} has no sha256 and is taken as it came last: {SHA256}"]
        assert server.asked("/a") == 1

    def test_never_fetched(self, store: Store) -> None:
        with pytest.raises(MachineError, match="was never fetched"):
            measured(fetcher(store, offline=True), UrlSource(urls=("https://example.org/a",)))

    def test_fetched_under_another_md5_is_not_fetched(self, store: Store, server: Server) -> None:
        source = UrlSource(urls=(server.serve("/a", BODY),))
        measured(fetcher(store), source)
        with pytest.raises(MachineError, match="was never fetched"):
            measured(fetcher(store, offline=True), replace(source, md5=MD5))

    def test_what_left_the_store_is_not_remembered(self, store: Store, server: Server) -> None:
        source = UrlSource(urls=(server.serve("/a", BODY),))
        measured(fetcher(store), source)
        found = store.file(SHA256)
        assert found is not None
        found.unlink()
        with pytest.raises(MachineError, match="was never fetched"):
            measured(fetcher(store, offline=True), source)


def _sha1(body: bytes) -> str:
    return hashlib.sha1(body).hexdigest()
