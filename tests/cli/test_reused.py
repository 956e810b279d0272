"""Reused packages under the eyes of a user who wants no prefix in binary files."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from builder.archive import ArchiveMember, write_tar_bz2
from builder.cli.reused import without_binary_prefixes
from builder.model.outcome import Ending, Outcome


def package(folder: Path, name: str, *modes: str | None) -> Outcome:
    """Write a package with a file for each mode, and return the end of a task that reuses it."""
    stem, contents = f"{name}-1-h0_0", {f"f{number}": b"x" * number for number, _ in enumerate(modes)}
    entries: list[dict[str, object]] = [
        {"_path": path, "path_type": "hardlink", "sha256": hashlib.sha256(data).hexdigest(), "size_in_bytes": len(data)}
        for path, data in contents.items()
    ]
    for entry, mode in zip(entries, modes, strict=True):
        entry.update({"file_mode": mode, "prefix_placeholder": "/opt/placeholder"} if mode else {})
    index = {"name": name, "version": "1", "build": "h0_0", "build_number": 0, "subdir": "linux-64", "depends": []}
    info = {"info/index.json": index, "info/paths.json": {"paths_version": 1, "paths": entries}}
    write_tar_bz2(
        folder / "linux-64" / f"{stem}.tar.bz2",
        stem=stem,
        payload=[ArchiveMember(path=path, content=data) for path, data in contents.items()],
        info=[ArchiveMember(path=path, content=json.dumps(value).encode()) for path, value in info.items()],
        epoch=0,
    )
    return Outcome(task_id=f"linux-64/{stem}", ending=Ending.REUSED, file_name=f"{stem}.tar.bz2")


def test_only_a_binary_file_with_the_prefix_is_refused(tmp_path: Path) -> None:
    good = package(tmp_path, "good", None, "text")
    bad = package(tmp_path, "bad", None, "binary", "text", "binary")
    one, other = without_binary_prefixes([good, bad], tmp_path)
    assert one is good
    assert (other.ending, other.exit_code, other.file_name) == (Ending.FAILED, 1, bad.file_name)
    (problem,) = other.problems
    assert problem.code == "check.prefix-in-binary"
    assert problem.message == "it is in the channel, and a Binary file contains host prefix: f1 (and 1 more)"
    assert problem.remedy


def test_other_ends_are_not_looked_at(tmp_path: Path) -> None:
    others = [
        Outcome(task_id="linux-64/a-1-0", ending=Ending.BUILT, file_name="a-1-0.conda"),
        Outcome(task_id="linux-64/b-1-0", ending=Ending.REUSED),
        Outcome(task_id="linux-64/c-1-0", ending=Ending.FAILED),
    ]
    assert without_binary_prefixes(others, tmp_path) == tuple(others)
