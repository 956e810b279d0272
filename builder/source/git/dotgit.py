"""Which names in a tree some file system takes for git's own folder, as git itself knows them."""

from __future__ import annotations

import re

# HFS+ leaves these signs out when it compares names (`next_hfs_char` in git's utf8.c).
_IGNORED = re.compile("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]")
# NTFS knows it by its short name too, drops blanks and dots at the end, and reads what follows a colon as a stream
# (`is_ntfs_dotgit` in git's path.c).
_GIT = re.compile(r"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE | re.DOTALL)


def is_dot_git(name: str) -> bool:
    """Whether a name is ``.git`` on any file system; a backslash divides names on some."""
    return any(_GIT.fullmatch(_IGNORED.sub("", part)) for part in name.split("\\"))
