"""Hostile ``meta.yaml``: files, YAML, names, paths, variants, and what they ask of files and sources."""

from __future__ import annotations

import io
import os
import tarfile

import pytest

from tests.adversarial.attack import Attack
from tests.adversarial.legacy import PACKAGE, each, keep, refuse, statement, summary

LAUGHS = "a: &a [lol, lol]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 10)} ]  # x\n" for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


def test_yaml_bombs_and_nesting(attack: Attack) -> None:
    texts = [
        PACKAGE + LAUGHS,
        f"{PACKAGE}extra: {'{a: ' * 3000}\n",
        f"{PACKAGE}extra:\n{'- ' * 3000}x\n",
        f"{PACKAGE}extra:\n" + "".join(f"{' ' * depth}a:\n" for depth in range(1, 400)),
        f"{PACKAGE}about: !!python/object/apply:os.system ['touch {attack.mark}' ] # x\n",
        f"{PACKAGE}about: !own a\n",
        f"{PACKAGE}---\n{PACKAGE}",
        f"{PACKAGE}about: *nobody\n",
        f"{PACKAGE}about: &a\n  - *a\n",
        f"{PACKAGE}\tabout: a\n",
    ]
    refuse(attack, each(texts, "alias|anchor|deeper|tag|values|second document|no YAML|mapping|levels"), placed=False)


def test_bytes_that_are_no_text(attack: Attack) -> None:
    texts: list[bytes] = [
        PACKAGE.encode() + b"# caf\xe9\n",
        b"\xef\xbb\xbf" + PACKAGE.encode(),
        PACKAGE.encode("utf-16"),
        PACKAGE.encode() + b"# \0\n",
        PACKAGE.encode() + b"# \x1b[2J\n",
        PACKAGE.encode() + b"# \xed\xa0\x80\n",
        b"\x7fELF" + bytes(200),
    ]
    found = refuse(
        attack, {f"r{number}": (text, "UTF-8|byte order mark|control|NUL") for number, text in enumerate(texts)}
    )
    assert all("UTF-8" in str(told[0].remedy) for told in found.values())


def test_line_ends_and_tabs_of_other_systems(attack: Attack) -> None:
    windows = PACKAGE + "build:\n  number: 3  # [linux]\n  skip: true  # [win]\n"
    found = keep(
        attack, {"unix": windows, "windows": windows.replace("\n", "\r\n"), "trailing": windows.replace("\n", " \t\n")}
    )
    assert {document["build_number"] for document in found.values()} == {3}


def test_files_that_are_too_large_or_no_files(attack: Attack) -> None:
    refuse(attack, each([PACKAGE + "x" * (16 << 20)], "more than 1048576 bytes"))
    for name in ("pipe", "link", "folder", "device"):
        (attack.folder / name).mkdir()
    os.mkfifo(attack.folder / "pipe" / "meta.yaml")
    (attack.folder / "link" / "meta.yaml").symlink_to("/etc/passwd")
    (attack.folder / "folder" / "meta.yaml").mkdir()
    (attack.folder / "device" / "meta.yaml").symlink_to("/dev/zero")
    for name in ("pipe", "link", "folder", "device"):
        ended = attack.run("render", attack.folder / name / "meta.yaml")
        assert ended.code == 2, ended.err
        assert ended.told[0].remedy
        assert "root:" not in ended.err


def test_nothing_is_read_outside_the_recipe(attack: Attack) -> None:
    attack.put("secret.yaml", "a: hunter2")
    folder = attack.folder / "r00"
    folder.mkdir()
    (folder / "out.yaml").symlink_to("../secret.yaml")
    (folder / "passwd.json").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe.yaml")
    (folder / "device.yaml").symlink_to("/dev/zero")
    (folder / "folder.yaml").mkdir()
    refuse(attack, {"r00": (summary("load_file_data('../secret.yaml', from_recipe_dir=True)"), "leads out")})
    calls = [
        "load_file_data('out.yaml', from_recipe_dir=True)", "load_file_regex('passwd.json', '.*', from_recipe_dir=True)",
        "load_setup_py_data('pipe.yaml', from_recipe_dir=True)", "load_file_regex('device.yaml', '.*', from_recipe_dir=True)",
    ]  # fmt: skip
    for call in calls:
        found = refuse(attack, {"r00": (summary(call), "leads out|no regular file|no file")})
        assert "hunter2" not in str(found)


def test_searching_a_file_ends(attack: Attack) -> None:
    attack.put("r00/long.txt", "a" * 900_000)
    attack.put("r01/long.txt", "x" * (2 << 20))
    kept = summary("load_file_regex('long.txt', '(a+)+$b', from_recipe_dir=True)")
    assert keep(attack, {"r00": kept})["r00"]["name"] == "demo"
    again = "{% for i in range(1000) %}{% set x = load_file_regex('long.txt', 'b', from_recipe_dir=True) %}{% endfor %}"
    refuse(attack, {"r01": (kept, "more than 1,048,576 bytes"), "r00": (statement(again), "more than 4 MiB")})
    bad = [summary(f"load_file_regex('meta.yaml', '{one}', from_recipe_dir=True)") for one in ("(?=a)", "(", "a{9999}")]
    refuse(attack, each(bad, "cannot be searched for"))


def test_a_setup_py_never_runs(attack: Attack) -> None:
    attack.put("r00/setup.py", f"open({str(attack.mark)!r}, 'w')\nfrom setuptools import setup\nsetup(version='1.5')\n")
    text = statement("{% set data = load_setup_py_data(from_recipe_dir=True) %}").replace(
        "'1.0'", "'{{ data.version }}'"
    )
    assert keep(attack, {"r00": text})["r00"]["version"] == "1.5"
    attack.put("r00/setup.py", "(" * 100_000)
    refuse(attack, {"r00": (text, "no Python that can be read")})


def test_sources_are_neither_fetched_nor_trusted(attack: Attack) -> None:
    ask = "{% set x = load_file_data('a.json') %}\n"
    remote = f"{ask}{PACKAGE}source: {{url: 'https://example.org/a.tar.gz', sha256: '{'0' * 64}'}}\n"
    told = refuse(attack, {"r00": (remote, "its source is not there")})
    assert f"bakehouse fetch {attack.folder / 'r00'}" in str(told["r00"][0].remedy)
    outside = f"{ask}{PACKAGE}source: {{path: ../..}}\n"
    git = statement("{% set x = GIT_FULL_HASH %}")
    refuse(
        attack,
        {
            "r01": (outside, "outside the recipe's folder"),
            "r02": (f"{git}source: {{git_url: '--upload-pack=touch {attack.mark}'}}\n", "address|repository|undefined"),
            "r03": (f"{git}source: {{git_url: 'ext::sh -c touch% {attack.mark}'}}\n", "address|protocol|repository"),
            "r04": (f"{git}source: {{path: ../..}}\n", "outside the recipe's folder"),
        },
    )


def test_an_archive_that_leads_out_is_not_read(attack: Attack) -> None:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        link = tarfile.TarInfo("a/a.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    import hashlib

    place = attack.put("a.tar.gz", held.getvalue())
    sha256 = hashlib.sha256(held.getvalue()).hexdigest()
    text = (
        f"{{% set x = load_file_data('a.json') %}}\n{PACKAGE}source: {{url: '{place.as_uri()}', sha256: '{sha256}'}}\n"
    )
    recipe = attack.put("r00/meta.yaml", text)
    ended = attack.run("fetch", "--no-rootfs", recipe)
    assert ended.code == 2, ended.err
    assert "an archive like this cannot be trusted" in ended.err
    assert "root:" not in ended.err


@pytest.mark.parametrize("key", ["zip", "product", "scale"])
def test_variants_have_an_end(attack: Attack, key: str) -> None:
    letters = "abcdefghi"
    if key == "zip":
        text = "a: [1, 2]\nb: [1, 2, 3]\nzip_keys:\n  - [a, b] # x\n"
        used = "ab"
    else:
        count = 10 if key == "product" else 10_000
        text = "".join(f"{one}: [{', '.join(map(str, range(count)))} ] # x\n" for one in letters)
        used = letters
    attack.put("r00/conda_build_config.yaml", text)
    recipe = PACKAGE + "requirements:\n  host:\n" + "".join(f"    - x {{{{ {one} }}}}\n" for one in used)
    path = attack.put("r00/meta.yaml", recipe)
    ended = attack.run("render", path)
    assert ended.code == 2, ended.err[-500:]
    assert ended.told, ended.err[-500:]
    assert any(one.remedy for one in ended.told)


def test_outputs_have_an_end(attack: Attack) -> None:
    loop = "outputs:\n{% for i in range(3000) %}\n  - name: o{{ i }}\n{% endfor %}\n"
    written = "outputs:\n" + "".join(f"  - name: o{number}\n" for number in range(3000))
    refuse(
        attack,
        {
            "loop": (PACKAGE + loop, "3,000 outputs, at most 1,000"),
            "written": (PACKAGE + written, "3,000 outputs, at most 1,000"),
        },
        placed=False,
    )
