"""Secrets in payloads, in what packages tell of themselves, and in logs."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from tarfile import TarFile, TarInfo
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from backports import zstd

from builder.check.secrets import check_secrets, logged_secrets, told_secrets
from builder.check.sought import Secret, Sought
from builder.errors import RecipeError
from builder.model.finding import Finding, Severity
from builder.model.recipe import Json
from builder.script.secret import forms_of
from tests.check.credentials import CREDENTIALS
from tests.check.packages import around, link, plain, relocated

VALUE = "Zx9-hunter-two-Qq"
SOUGHT = Sought([Secret(name="UPLOAD", value=VALUE, forms=forms_of(VALUE))])
NPM = CREDENTIALS["a token of npm"]
PEM = CREDENTIALS["a private key"]
CONTEXT = replace(around(), sought=SOUGHT)


def allowing(*globs: str) -> tuple[tuple[str, Json], ...]:
    return (("bakehouse", (("secret_allowlist", globs),)),)


def found(tmp_path: Path, content: bytes, *globs: str) -> list[Finding]:
    file = tmp_path / "file"
    file.write_bytes(content)
    output = replace(CONTEXT.output, extra=allowing(*globs)) if globs else CONTEXT.output
    return list(check_secrets(relocated(plain("share/file", file)), replace(CONTEXT, output=output)))


def test_a_value_is_an_error_with_file_place_and_name_and_without_itself(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, b"key=" + VALUE.encode())
    assert finding.severity is Severity.ERROR
    assert (finding.check, finding.path) == ("secrets", "share/file")
    assert finding.message == "the value of UPLOAD stands in it at byte 4"
    assert VALUE not in repr(finding)
    assert finding.remedy is not None


@pytest.mark.parametrize(("pack", "program"), [(gzip.compress, "gzip"), (bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_compressed_files_are_looked_into(tmp_path: Path, pack: Callable[[bytes], bytes], program: str) -> None:
    (finding,) = found(tmp_path, pack(b"a page\n" * 100 + VALUE.encode()))
    assert finding.severity is Severity.ERROR
    assert finding.message == f"the value of UPLOAD stands in it, compressed by {program}, at byte 700"


def test_archives_are_looked_into_and_say_where(tmp_path: Path) -> None:
    jar, tar = BytesIO(), BytesIO()
    with ZipFile(jar, "w", ZIP_DEFLATED) as archive:
        archive.writestr("a.class", b"a page\n" * 100 + VALUE.encode())
        archive.writestr("b.class", VALUE)
    (finding,) = found(tmp_path, jar.getvalue())
    assert finding.severity is Severity.ERROR
    assert finding.message == "the value of UPLOAD stands in its member 'a.class', at byte 700"
    with TarFile(fileobj=tar, mode="w") as packed:
        packed.addfile(TarInfo("x"))
    *_, finding = found(tmp_path, zstd.compress(tar.getvalue() + VALUE.encode()))
    assert "compressed by zstd" in finding.message


def test_what_cannot_be_searched_is_told_once_and_may_be_allowed(tmp_path: Path) -> None:
    jar = BytesIO()
    with ZipFile(jar, "w") as archive:
        archive.writestr("a.7z", b"7z\xbc\xaf\x27\x1c" + VALUE.encode())
        archive.writestr("b.7z", b"7z\xbc\xaf\x27\x1c")
    value, closed = found(tmp_path, jar.getvalue())
    assert (value.severity, closed.severity) == (Severity.ERROR, Severity.WARNING)
    assert closed.message == "not all that lies in its member 'a.7z' was searched for secrets: it is packed by 7z"
    assert closed.remedy == "look into it yourself; a glob in extra.bakehouse.secret_allowlist says that you have"
    assert [one.severity for one in found(tmp_path, jar.getvalue(), "share/*")] == [Severity.ERROR]


def test_the_end_of_the_budget_is_told(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, gzip.compress(bytes(64 << 20) + VALUE.encode()))
    assert finding.severity is Severity.WARNING
    assert "in it was searched for secrets: it unpacks to more than the 32 MiB" in finding.message


def test_a_value_is_found_where_pieces_meet(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, gzip.compress(b"\n" * ((1 << 20) - 5) + VALUE.encode() + bytes(5 << 20)))
    assert finding.message.endswith(f"at byte {(1 << 20) - 5}")


def test_names_and_targets_of_links_too() -> None:
    entries = [plain(f"share/{VALUE}"), link("bin/a", f"../share/{VALUE}")]
    findings = list(check_secrets(relocated(*entries), CONTEXT))
    assert [finding.severity for finding in findings] == [Severity.ERROR] * 2
    assert all("stands in its name or target" in finding.message for finding in findings)


def test_nobody_looks_where_nothing_is_sought(tmp_path: Path) -> None:
    (tmp_path / "file").write_text(VALUE)
    assert list(check_secrets(relocated(plain("a", tmp_path / "file")), around())) == []


def test_shapes_are_as_bad_as_they_are_sure(tmp_path: Path) -> None:
    assert [one.severity for one in found(tmp_path, NPM.encode())] == [Severity.ERROR]
    assert [one.severity for one in found(tmp_path, PEM.encode())] == [Severity.WARNING]
    assert found(tmp_path, CREDENTIALS["a password in an address"].encode()) == []


@pytest.mark.parametrize(("globs", "severity"), [(["share/*"], Severity.WARNING), (["lib/*"], Severity.ERROR)])
def test_the_recipe_can_allow_shapes_but_no_value(tmp_path: Path, globs: list[str], severity: Severity) -> None:
    assert [one.severity for one in found(tmp_path, NPM.encode(), *globs)] == [severity]
    assert [one.severity for one in found(tmp_path, VALUE.encode(), *globs)] == [Severity.ERROR]


def test_an_allowlist_that_cannot_be_read_is_the_recipes_fault(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="secret_allowlist"):
        found(tmp_path, b"", "a[")


class TestTold:
    def told(self, content: bytes | Path, *globs: str, path: str = "info/recipe/build.sh") -> list[Finding]:
        output = replace(CONTEXT.output, extra=allowing(*globs)) if globs else CONTEXT.output
        return list(told_secrets([("info/index.json", b"{}"), (path, content)], SOUGHT, output))

    @pytest.mark.parametrize("kind", CREDENTIALS)
    def test_every_shape_is_an_error_there(self, kind: str) -> None:
        (finding,) = self.told(b"url: " + CREDENTIALS[kind].encode())
        assert (finding.severity, finding.path) == (Severity.ERROR, "info/recipe/build.sh")
        assert finding.message.startswith(f"{kind} stands in it at byte ")

    def test_files_are_read_from_where_they_lie(self, tmp_path: Path) -> None:
        (tmp_path / "LICENSE").write_text(f"x{VALUE}")
        (finding,) = self.told(tmp_path / "LICENSE", path="info/licenses/LICENSE")
        assert finding.message == "the value of UPLOAD stands in it at byte 1"

    def test_names_too(self) -> None:
        (finding,) = self.told(b"", path=f"info/test/{VALUE}")
        assert "stands in its name" in finding.message

    def test_an_allowed_test_key(self) -> None:
        assert [one.severity for one in self.told(PEM.encode(), "info/recipe/*")] == [Severity.WARNING]
        assert [one.severity for one in self.told(VALUE.encode(), "info/recipe/*")] == [Severity.ERROR]

    def test_nothing_to_tell(self) -> None:
        assert self.told(b"make install") == []


class TestLogs:
    def test_stars_stand_in_the_place_of_each_and_nothing_else_changes(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        text = f"one {VALUE}\ntwo {VALUE[::-1]} three\n{NPM} {VALUE}\nend\n"
        log.write_text(text)
        findings = logged_secrets(log, SOUGHT)
        assert [finding.severity for finding in findings] == [Severity.ERROR, Severity.ERROR, Severity.WARNING]
        assert [finding.message.partition(" stands")[0] for finding in findings] == [
            "the value of UPLOAD", "the value of UPLOAD in another form", "a token of npm",
        ]  # fmt: skip
        for secret in (VALUE, VALUE[::-1], NPM):
            text = text.replace(secret, "*" * len(secret))
        assert log.read_text() == text
        assert logged_secrets(log, SOUGHT) == ()

    def test_a_clean_log_is_not_touched(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        log.write_text("make: done\n")
        log.chmod(0o444)
        before = log.stat().st_mtime_ns
        assert logged_secrets(log, SOUGHT) == ()
        assert log.stat().st_mtime_ns == before
