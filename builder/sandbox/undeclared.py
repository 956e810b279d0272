"""Notes which programs of the machine a command used that a sealed one would not find (isolation ``none``).

Every such program has a small stand-in in a folder that comes before the machine's own on the ``PATH``: it leaves an
empty file under the program's name, and becomes the program. What a command names by an absolute path is not seen.
"""

from __future__ import annotations

import itertools
import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from builder.model.frozen import frozen
from builder.store import remove_tree

_STAND_IN = ".stand-in"
_NOTES = "BAKEHOUSE_UNDECLARED"
_PLACES = ("usr/bin", "bin", "usr/sbin", "sbin")

_SCRIPT = """\
#!/bin/sh
# Stands in for a program of this machine (bakehouse, isolation none): notes its name and becomes it.
name=${{0##*/}}
if [ -d "${{{notes}-}}" ]; then true > "${notes}/$name"; fi 2>/dev/null
for folder in {folders}; do
    if [ -f "$folder/$name" ] && [ -x "$folder/$name" ]; then exec "$folder/$name" "$@"; fi
done
echo "$name: not found" >&2
exit 127
"""


@frozen
class StandIns:
    """The stand-ins of one session: they lie in ``folder``, what was used is noted in ``notes``."""

    folder: Path
    notes: Path
    search_path: str

    def environment(self, path: str) -> dict[str, str]:
        """Return the variables that make a command with that ``PATH`` find them before the machine's programs."""
        machine = self.search_path.split(":")
        parts = [part for part in path.split(":") if part]
        place = next((place for place, part in enumerate(parts) if part in machine), len(parts))
        parts[place:place] = [str(self.folder)]
        return {"PATH": ":".join(parts), _NOTES: str(self.notes)}

    def close(self) -> None:
        """Remove them."""
        remove_tree(self.folder.parent)

    def used(self) -> tuple[str, ...]:
        """Return the names of what was used since the last time, sorted."""
        names = {entry.name for entry in _entries(self.notes)}
        known = {entry.name for entry in _entries(self.folder)}
        remove_tree(self.notes)
        self.notes.mkdir(parents=True)
        return tuple(sorted(names & known))


def stand_ins(place: Path, rootfs: Path, search_path: str) -> StandIns | None:
    """Make stand-ins at ``place`` for the programs on ``search_path`` that ``rootfs`` does not have.

    Where another session beside has that place, the next one is taken: its name and a number. Returns None where there
    is no ``rootfs`` to compare with.
    """
    allowed = {entry.name for folder in _PLACES for entry in _entries(rootfs / folder)}
    if not allowed:
        return None
    place = _own(place)
    made = StandIns(folder=place / "bin", notes=place / "used", search_path=search_path)
    for folder in (made.folder, made.notes):
        folder.mkdir()
    folders = [part for part in search_path.split(":") if part.startswith("/")]
    script = place / _STAND_IN
    script.write_text(_SCRIPT.format(notes=_NOTES, folders=shlex.join(folders)), encoding="utf-8")
    script.chmod(0o755)
    for name in sorted(_programs(folders) - allowed):
        os.symlink(script, made.folder / name)  # noqa: PTH211 - there are thousands
    return made


def _own(place: Path) -> Path:
    """Make the first folder of that name, or with a number behind it, that is not there yet."""
    place.parent.mkdir(parents=True, exist_ok=True)
    for number in itertools.count(2):
        try:
            place.mkdir()
        except FileExistsError:
            place = place.with_name(f"{place.name.partition('~')[0]}~{number}")
        else:
            return place
    raise AssertionError("numbers end")


def _programs(folders: Sequence[str]) -> set[str]:
    return {entry.name for folder in folders for entry in _entries(Path(folder)) if not entry.name.startswith(".")}


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []
