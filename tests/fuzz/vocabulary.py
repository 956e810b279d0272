"""Names, targets, numbers and texts that archives and documents of an attacker hold; canaries lie where they lead."""

from __future__ import annotations

from pathlib import Path
from random import Random

PLAIN = ("a", "b", "a/b", "a/b/c", "bin/tool", "lib/libz.so.1", "share/doc/README", "A", "info/index.json")
UP = "../"


def path(dice: Random, canary: Path) -> bytes:
    """Return a path that a member may have: plain ones half of the time."""
    if dice.random() < 0.5:
        return dice.choice(PLAIN).encode()
    plain = dice.choice(PLAIN)
    name = canary.name
    return dice.choice(
        (
            f"../{name}", f"../../{name}", f"a/../../{name}", f"./{plain}", f"a//{plain}", f"{plain}/", f"{plain}/.",
            f"a/./{plain}", str(canary), f"/{canary}", f"C:\\{name}", f"..\\{name}", f"a/{UP * 9}{name}", "", ".", "..", "/",
            "a\0b", "a\nb", "\x1b[31m", "con", "aux.txt", "a.", "é", "e\u0301", "a" * 255, "a" * 256, "a/" * 63 + "b",
            "a/" * 70 + "b", "\u202egnp.exe", "~/x", "$HOME", "-rf", ".git/hooks/post-checkout", ".git", "conda-meta/x",
            "info", "info/paths.json", "link/x", "link", "loop/x", "hard",
        )
    ).encode("utf-8", "surrogateescape") + dice.choice((b"", b"", b"", b"\xff", b"\0tail"))  # fmt: skip


def target(dice: Random, canary: Path) -> bytes:
    """Return what a link may say."""
    return dice.choice(
        (
            "a", "b", "a/b", ".", "..", "../..", f"../{canary.name}", str(canary), str(canary.parent), "/etc/passwd", "",
            "link", "loop", "hard", "a/..", "a/../..", "link/..", f"link/../../{canary.name}", "a" * 4000, "a\0b", "\n", "//",
        )
    ).encode()  # fmt: skip


def text(dice: Random) -> str:
    """Return a value that a document may hold where it should hold another."""
    return dice.choice(
        (
            "", " ", "0", "-1", "1e999", "9" * 5000, "a" * 300, "../../x", "/etc/passwd", "a/b", "..", "\0", "\x1b[31m", "\n",
            "\ud800", "\u202e", "é", "null", "true", "file:///etc/passwd", "http://169.254.169.254/", "https://[", "https://a:b",
            "https://example.org:99999/x", "ext::sh -c id", "--upload-pack=id", "demo >=1,<2", "demo[version=" + "1|" * 50 + "]",
            "((", "*", ">=1,<", "0" * 64, "f" * 63, "z" * 64, "1." * 200, "1!2+3", "linux-64", "noarch", "../x", "$(id)", "%s%n",
            "<script>", "&x;", "\\u0000", "\"", "'", "{", "[", "]" * 20, "a" * 65, "x" * 1025,
        )
    )  # fmt: skip
