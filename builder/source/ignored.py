"""What files of rules leave out of a folder: ``.gitignore``, as git reads it wherever it is, and others of its form."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from builder.model.frozen import frozen
from builder.source.wildmatch import Rule, parse_rule

GIT = ".gitignore"
PACKAGE = ".condapackageignore"
"""rattler-build's own: what is no part of a recipe's source, whatever git says."""

_LARGEST = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@frozen(eq=False)
class Ignored:
    """The rules that hold in a folder: those of its own file and, where these say nothing, those of the folders above.

    ``depth`` is how many folders the file lies below the top; its rules see paths from where it lies. ``file`` is the
    name of such files.
    """

    file: str = GIT
    own: tuple[Rule, ...] = ()
    depth: int = 0
    above: Ignored | None = None

    @property
    def exist(self) -> bool:
        """Whether there is a rule at all."""
        return bool(self.own) or self.above is not None

    def inside(self, place: Path, depth: int) -> Ignored:
        """Return the rules that hold in the folder at ``place``, ``depth`` folders below the top."""
        own = _read(place / self.file)
        return Ignored(file=self.file, own=own, depth=depth, above=self if self.exist else None) if own else self

    def covers(self, path: str, *, is_folder: bool) -> bool:
        """Whether ``path``, in a folder that nothing covers, is left out."""
        return self.verdict(path, is_folder=is_folder) or False

    def verdict(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether the last rule that matches ``path`` leaves it out; None when no rule matches it."""
        parts = [os.fsencode(part) for part in path.split("/")]
        rules: Ignored | None = self
        while rules is not None:
            for rule in reversed(rules.own):
                if rule.matches(parts[rules.depth :], is_folder=is_folder):
                    return not rule.negated
            rules = rules.above
        return None


def _read(file: Path) -> tuple[Rule, ...]:
    """Return the rules of a file in their order; as for git, one that is a link holds none."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # absent, a link, not for us to read
        return ()
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return ()
        with open(descriptor, "rb", closefd=False) as stream:
            text = stream.read(_LARGEST).removeprefix(_BYTE_ORDER_MARK)
    finally:
        os.close(descriptor)
    rules = (parse_rule(line.removesuffix(b"\r")) for line in text.split(b"\n"))
    return tuple(rule for rule in rules if rule is not None)
