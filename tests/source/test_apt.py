"""Reading apt's configuration for the one thing that we want of it: the address of a Debian archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.source.apt import debian_archive


def configured(folder: Path, **files: str) -> str | None:
    """Write ``sources_list`` to sources.list and the rest to sources.list.d, ``__`` standing for the dot."""
    (folder / "sources.list.d").mkdir()
    for name, text in files.items():
        path = (
            folder / "sources.list" if name == "sources_list" else folder / "sources.list.d" / name.replace("__", ".")
        )
        path.write_text(text)
    return debian_archive(folder)


@pytest.mark.parametrize(
    "line",
    [
        "deb http://deb.example/debian bookworm main",
        "deb  http://deb.example/debian/ \t bookworm  main contrib # ours",
        "deb [arch=amd64 trusted=no] http://deb.example/debian bookworm main",
        "deb [ signed-by=/usr/share/keyrings/debian-archive-keyring.gpg ] http://deb.example/debian trixie contrib main",
        "# first\n\n#deb http://no.example/debian bookworm main\ndeb http://deb.example/debian stable main",
        "deb-src http://no.example/debian bookworm main\ndeb http://deb.example/debian sid main",
    ],
)
def test_one_line_entries(tmp_path: Path, line: str) -> None:
    assert configured(tmp_path, sources_list=line) == "http://deb.example/debian"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "deb-src http://deb.example/debian bookworm main",
        "deb http://deb.example/debian-security bookworm-security main",
        "deb http://deb.example/debian bookworm-updates main",
        "deb http://deb.example/other bookworm stable",
        "deb http://deb.example/ubuntu noble main",
        "deb [signed-by=/etc/apt/keyrings/other.gpg] http://deb.example/other bookworm main",
        "deb cdrom:[Debian]/ bookworm main",
        "deb http://deb.example/flat ./",
        "deb",
        "nonsense\0",
    ],
)
def test_entries_that_are_no_debian_archive(tmp_path: Path, line: str) -> None:
    assert configured(tmp_path, sources_list=line) is None


STANZAS = """\
# written by an installer
Types: deb deb-src
# a comment inside
URIs: https://deb.example/debian
Suites: bookworm bookworm-updates
Components: main
  non-free-firmware
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: https://deb.example/debian-security
Suites: bookworm-security
Components: main
"""


def test_stanzas(tmp_path: Path) -> None:
    assert configured(tmp_path, debian__sources=STANZAS) == "https://deb.example/debian"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Types: deb deb-src", "Types: deb-src"),
        ("Types: deb deb-src", "Types: deb\nEnabled: no"),
        ("Suites: bookworm bookworm-updates", "Suites: bookworm-backports"),
        ("Components: main\n ", "Components: contrib\n "),
        ("debian-archive-keyring", "other-keyring"),
        ("https://deb.example/debian\nS", "mirror+file:/etc/apt/mirrors.txt\nS"),
    ],
)
def test_stanzas_that_are_no_debian_archive(tmp_path: Path, old: str, new: str) -> None:
    assert old in STANZAS
    assert configured(tmp_path, debian__sources=STANZAS.replace(old, new, 1)) is None


def test_field_names_are_the_same_in_any_case(tmp_path: Path) -> None:
    lower = STANZAS.replace("Types", "types").replace("URIs", "uris").replace("Suites", "SUITES")
    assert configured(tmp_path, debian__sources=lower) == "https://deb.example/debian"


def test_a_key_in_place_of_a_keyring_is_somebody_elses(tmp_path: Path) -> None:
    text = STANZAS.replace(
        "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg",
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .",
    )
    assert configured(tmp_path, debian__sources=text) is None


def test_the_first_usable_address_of_an_entry_counts(tmp_path: Path) -> None:
    text = STANZAS.replace(
        "https://deb.example/debian\n", "cdrom:[x]/ file:/srv/debian https://deb.example/debian\n", 1
    )
    assert configured(tmp_path, debian__sources=text) == "file:/srv/debian"


def test_sources_list_comes_first_then_the_folder_by_name(tmp_path: Path) -> None:
    files = {
        "b__list": "deb http://b.example/debian bookworm main",
        "a__list": "deb http://a.example/debian bookworm main",
        "a__sources": STANZAS,
        "ignored__save": "deb http://z.example/debian bookworm main",
    }
    (tmp_path / "one").mkdir()
    assert configured(tmp_path / "one", **files) == "http://a.example/debian"
    (tmp_path / "two").mkdir()
    main = "deb http://main.example/debian bookworm main"
    assert configured(tmp_path / "two", sources_list=main, **files) == "http://main.example/debian"


def test_no_apt_at_all(tmp_path: Path) -> None:
    assert debian_archive(tmp_path / "absent") is None
    (tmp_path / "sources.list").mkdir()
    assert debian_archive(tmp_path) is None


def test_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_bytes(b"\xff\xfe deb\ndeb http://deb.example/debian bookworm main\n")
    assert debian_archive(tmp_path) == "http://deb.example/debian"
