"""Interpreter lines that would not survive an installation."""

from __future__ import annotations

from pathlib import PurePosixPath

_LONGEST = 1024


def portable_shebang(
    head: bytes, *, build_prefix: str, prefix: str, prefix_is_replaced: bool
) -> tuple[str, str] | None:
    """Return a file's first line and the one that should stand there instead; None when it may stay.

    An interpreter of the build environment will not exist for users, and one of the prefix only where installers
    replace the placeholder: both become ``/usr/bin/env NAME``, as conda does it for lines that the kernel would cut
    off (127 bytes). A line with a placeholder that is recorded stays: installers write the real path, or env when that
    is too long.
    """
    line = head.split(b"\n", 1)[0]
    if not line.startswith(b"#!") or len(line) > _LONGEST or b"\0" in line:
        return None
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return None
    words = text[2:].split(maxsplit=1)
    if not words:
        return None
    interpreter = words[0]
    lost = interpreter.startswith(f"{build_prefix}/")
    unreplaced = interpreter.startswith(f"{prefix}/") and not prefix_is_replaced
    if not lost and not unreplaced:
        return None
    return text, _through_env(PurePosixPath(interpreter).name, words[1].rstrip() if len(words) > 1 else "")


def _through_env(name: str, arguments: str) -> str:
    if name == "env":
        return f"#!/usr/bin/env {arguments}"
    # Linux hands everything after the interpreter on as one word; -S lets env take it apart.
    return f"#!/usr/bin/env -S {name} {arguments}" if arguments else f"#!/usr/bin/env {name}"
