"""A suite's signed index: whom we believe, what we read out of it."""

from __future__ import annotations

import asyncio
import lzma
from pathlib import Path

import pytest

from builder.errors import MachineError, SourceError
from builder.source import Addresses, Fetcher, debian
from builder.source.debian import PoolFile
from builder.store import Store
from tests.source.conftest import ARCHIVE, KEYRING
from tests.source.server import Server


class TestNames:
    @pytest.mark.parametrize(
        ("path", "package", "version"),
        [
            ("pool/main/z/zlib/zlib1g_1.2.13.dfsg-1_amd64.deb", "zlib1g", "1.2.13.dfsg-1"),
            ("pool/main/g/gcc-12/libstdc++6_12.2.0-14+deb12u1_amd64.deb", "libstdc++6", "12.2.0-14+deb12u1"),
            ("pool/main/d/data/data_1~rc1_all.deb", "data", "1~rc1"),
        ],
    )
    def test_binary_packages(self, path: str, package: str, version: str) -> None:
        found = debian.pool_file(path)
        assert found == PoolFile(package=package, version=version, path=path)
        assert found.is_deb

    @pytest.mark.parametrize(
        ("name", "package", "version", "part"),
        [
            ("zlib_1.2.13.dfsg.orig.tar.bz2", "zlib", "1.2.13.dfsg", ".orig"),
            ("zlib_1.3.dfsg+really1.3.1.orig.tar.gz", "zlib", "1.3.dfsg+really1.3.1", ".orig"),
            ("llvm_19.1.7.orig-third-party.tar.xz", "llvm", "19.1.7", ".orig-third-party"),
            ("native_3.tar.xz", "native", "3", ""),
        ],
    )
    def test_upstream_tarballs(self, name: str, package: str, version: str, part: str) -> None:
        found = debian.pool_file(f"pool/main/x/x/{name}")
        assert found is not None
        assert (found.package, found.version, found.part) == (package, version, part)
        assert not found.is_deb

    @pytest.mark.parametrize(
        "name",
        [
            "a_1-1_arm64.deb",
            "a_1-1.dsc",
            "a_1-1.debian.tar.xz",
            "a_1.orig.tar.gz.asc",
            "a.tar.gz",
            "a_1_amd64.udeb",
            "",
        ],
    )
    def test_other_files(self, name: str) -> None:
        assert debian.pool_file(f"pool/main/a/a/{name}") is None


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("1.9-1", "1.10-1"),
        ("1.0~rc1", "1.0"),
        ("1.0", "1.0+deb12u1"),
        ("2.36-9+deb12u9", "2.36-9+deb12u10"),
        ("9", "1:1"),
        ("1.2.13.dfsg", "1.2.13.dfsg-1"),
    ],
)
def test_versions_compare_as_debian_says(older: str, newer: str) -> None:
    assert debian.is_newer(newer, older)
    assert not debian.is_newer(older, newer)
    assert not debian.is_newer(newer, newer)


@pytest.mark.parametrize(
    ("version", "older"),
    [
        ("2.31-13+deb11u11", True),
        ("19.1.7-3~deb9u1", True),
        ("2.36-9+deb12u14", False),
        ("1.0-1+deb13u1", False),
        ("1.0-1", False),
        ("1.deb11u1-1", False),
        ("1.0-1+deb99999999999999u1", False),
    ],
)
def test_an_update_says_which_release_it_is_for(version: str, older: bool) -> None:
    assert debian.is_of_an_older_release(version) is older


def binaries(fetcher: Fetcher, *names: str) -> dict[str, PoolFile]:
    return asyncio.run(debian.binaries(fetcher, names))


class TestReading:
    def test_binary_packages(self, fetcher: Fetcher, archive: str) -> None:
        assert binaries(fetcher, "libold", "fonts-old", "fake", "absent") == {
            "libold": PoolFile(
                package="libold",
                version="2.0-1+deb12u2",
                path="pool/main/o/old/libold_2.0-1+deb12u2_amd64.deb",
                sha256="1" * 64,
                size=1234,
                suite="bookworm",
                epoch="1:",
            ),
            "fonts-old": PoolFile(
                package="fonts-old",
                version="2.0-1",
                path="pool/main/o/old/fonts-old_2.0-1_all.deb",
                sha256="2" * 64,
                size=99,
                suite="bookworm",
            ),
        }

    def test_of_two_versions_the_newer_counts(self, fetcher: Fetcher, archive: str) -> None:
        assert binaries(fetcher, "twice")["twice"].version == "1.10-1"

    def test_source_packages(self, fetcher: Fetcher, archive: str) -> None:
        found = asyncio.run(debian.tarballs(fetcher, "bookworm", ["old", "native", "absent"]))
        assert {
            name: [(file.version, file.part, file.sha256[0]) for file in files] for name, files in found.items()
        } == {
            "old": [("2.0", ".orig", "b"), ("2.0", ".orig-data", "c")],
            "native": [("3", "", "6")],
        }
        assert found["old"][0].path == "pool/main/o/old/old_2.0.orig.tar.gz"

    def test_of_two_source_versions_the_newer_counts(self, fetcher: Fetcher, archive: str) -> None:
        found = asyncio.run(debian.tarballs(fetcher, "trixie", ["old"]))
        assert [file.version for file in found["old"]] == ["2.5"]

    def test_an_index_is_fetched_by_its_hash_and_once(self, fetcher: Fetcher, server: Server, archive: str) -> None:
        binaries(fetcher, "libold")
        binaries(fetcher, "twice")
        packages = [path for _, path in server.seen if "binary-amd64" in path]
        assert len(packages) == 2
        assert "/by-hash/SHA256/" in packages[0]
        assert packages[1].endswith("/Packages.xz")
        assert server.asked("/debian/dists/bookworm/InRelease") == 2


class TestTrust:
    def read_with(self, store: Store, server: Server, keyring: Path) -> dict[str, PoolFile]:
        addresses = Addresses(debian=f"{server.base}/debian", keyring=keyring)
        return binaries(Fetcher(store, addresses, retries=()), "libold")

    def serve_release(self, server: Server, text: bytes) -> None:
        server.serve_folder("/debian", ARCHIVE)
        server.serve("/debian/dists/bookworm/InRelease", text)

    def test_a_release_that_somebody_else_signed(self, store: Store, server: Server) -> None:
        self.serve_release(server, (ARCHIVE / "releases/signed-by-another").read_bytes())
        with pytest.raises(SourceError) as caught:
            self.read_with(store, server, KEYRING)
        assert caught.value.problems[0].code == "source.debian-release"
        assert self.read_with(store, server, ARCHIVE / "other-keyring.gpg")["libold"].size == 1234

    def test_one_of_two_signatures_is_enough_when_the_other_key_is_unknown(self, store: Store, server: Server) -> None:
        self.serve_release(server, (ARCHIVE / "releases/signed-by-both").read_bytes())
        assert self.read_with(store, server, KEYRING)["libold"].size == 1234

    def test_a_release_that_was_changed(self, store: Store, server: Server) -> None:
        release = (ARCHIVE / "dists/bookworm/InRelease").read_bytes()
        self.serve_release(server, release.replace(b"Origin: Test", b"Origin: Evil"))
        with pytest.raises(SourceError):
            self.read_with(store, server, KEYRING)

    def test_a_release_without_signature(self, store: Store, server: Server) -> None:
        signed = (ARCHIVE / "dists/bookworm/InRelease").read_text()
        text = signed.split("\n\n", 1)[1].split("-----BEGIN PGP SIGNATURE")[0]
        assert text.startswith("Origin: Test")
        self.serve_release(server, text.encode())
        with pytest.raises(SourceError):
            self.read_with(store, server, KEYRING)

    def test_text_around_the_signed_part_counts_for_nothing(self, store: Store, server: Server) -> None:
        forged = "Codename: bookworm\nSHA256:\n " + "0" * 64 + " 1 main/binary-amd64/Packages.xz\n\n"
        release = (ARCHIVE / "dists/bookworm/InRelease").read_bytes()
        self.serve_release(server, forged.encode() + release + forged.encode())
        assert self.read_with(store, server, KEYRING)["libold"].sha256 == "1" * 64

    def test_another_suites_release_is_not_taken_for_this_one(self, store: Store, server: Server) -> None:
        self.serve_release(server, (ARCHIVE / "dists/trixie/InRelease").read_bytes())
        with pytest.raises(SourceError, match="trixie"):
            self.read_with(store, server, KEYRING)

    def test_an_index_with_other_bytes(self, store: Store, server: Server) -> None:
        server.serve_folder("/debian", ARCHIVE)
        server.serve("/debian/dists/bookworm/main/binary-amd64/Packages.xz", b"else")
        with pytest.raises(SourceError) as caught:
            self.read_with(store, server, KEYRING)
        assert caught.value.problems[0].code == "source.wrong-bytes"

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b"Size: 1234", b"Size: many"),
            (b"SHA256: ", b"MD5sum: "),
            (b"Filename: ", b"Filenames: "),
        ],
    )
    def test_an_index_that_is_not_understood(self, tmp_path: Path, old: bytes, new: bytes) -> None:
        """Found by `make fuzz`; who signs an index may still write nonsense."""
        whole = lzma.decompress((ARCHIVE / "dists/bookworm/main/binary-amd64/Packages.xz").read_bytes())
        assert old in whole
        path = tmp_path / "Packages.xz"
        path.write_bytes(lzma.compress(whole.replace(old, new)))
        with pytest.raises(SourceError) as caught, debian._index_errors():
            debian._read_packages(path, frozenset({"libold"}))
        assert caught.value.problems[0].code == "source.debian-index"
        assert caught.value.problems[0].remedy

    def test_a_release_that_begins_with_a_continued_line(self) -> None:
        with pytest.raises(SourceError), debian._index_errors():
            debian._read_release(" 0123 1 main/x")

    def test_no_keyring(self, store: Store, server: Server, tmp_path: Path) -> None:
        server.serve_folder("/debian", ARCHIVE)
        with pytest.raises(MachineError) as caught:
            self.read_with(store, server, tmp_path / "absent.gpg")
        assert "debian-archive-keyring" in (caught.value.problems[0].remedy or "")

    def test_no_gpgv(self, store: Store, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        server.serve_folder("/debian", ARCHIVE)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(MachineError) as caught:
            self.read_with(store, server, KEYRING)
        assert "gpgv" in (caught.value.problems[0].remedy or "")

    def test_a_relative_keyring_is_a_path_and_no_name(
        self, store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.serve_folder("/debian", ARCHIVE)
        monkeypatch.chdir(ARCHIVE)
        assert self.read_with(store, server, Path("keyring.gpg"))["libold"].size == 1234


class TestSuccessors:
    def successors(self, fetcher: Fetcher, *paths: str) -> dict[str, str]:
        found = asyncio.run(debian.successors(fetcher, paths))
        return {path: f"{file.suite} {file.path}" for path, file in found.items()}

    def test_debs_come_from_bookworm(self, fetcher: Fetcher, archive: str) -> None:
        paths = ("pool/main/o/old/libold_1.0-1_amd64.deb", "pool/main/x/x/absent_1_amd64.deb", "pool/README")
        assert self.successors(fetcher, *paths) == {paths[0]: "bookworm pool/main/o/old/libold_2.0-1+deb12u2_amd64.deb"}

    @pytest.mark.parametrize(
        ("path", "now"),
        [
            ("pool/main/o/old/old_1.5.orig.tar.gz", "bookworm pool/main/o/old/old_2.0.orig.tar.gz"),
            ("pool/main/o/old/old_2.0.orig.tar.gz", "bookworm pool/main/o/old/old_2.0.orig.tar.gz"),
            ("pool/main/o/old/old_2.4.orig.tar.gz", "trixie pool/main/o/old/old_2.5.orig.tar.xz"),
            ("pool/main/o/old/old_3.0.orig.tar.gz", "trixie pool/main/o/old/old_2.5.orig.tar.xz"),
            ("pool/main/o/old/old_1.0.orig-data.tar.gz", "bookworm pool/main/o/old/old_2.0.orig-data.tar.xz"),
            ("pool/main/n/new/new_1.0.orig.tar.gz", "trixie pool/main/n/new/new_1.2.2.orig.tar.gz"),
            ("pool/main/n/native/native_2.tar.gz", "bookworm pool/main/n/native/native_3.tar.xz"),
        ],
    )
    def test_tarballs_come_from_the_first_suite_that_is_not_older(
        self, fetcher: Fetcher, archive: str, path: str, now: str
    ) -> None:
        assert self.successors(fetcher, path) == {path: now}

    def test_an_index_that_nobody_needs_is_not_fetched(self, fetcher: Fetcher, server: Server, archive: str) -> None:
        assert self.successors(fetcher) == {}
        self.successors(fetcher, "pool/main/o/old/libold_1.0-1_amd64.deb")
        assert not [path for _, path in server.seen if "Sources" in path or "trixie" in path]


def test_every_fixture_is_read_by_name(fetcher: Fetcher, archive: str) -> None:
    """A description with a line like the start of another package is no package."""
    assert "fake" not in binaries(fetcher, "fake")
