"""Interpreter lines, also that the new ones work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.relocate.shebang import portable_shebang

BUILD = "/bakehouse/build_env"
PREFIX = ("/bakehouse/host_env" + "_placehold" * 24)[:255]


def line(head: str | bytes, *, replaced: bool = True) -> str | None:
    data = head.encode() if isinstance(head, str) else head
    found = portable_shebang(data, build_prefix=BUILD, prefix=PREFIX, prefix_is_replaced=replaced)
    if found is None:
        return None
    assert data.startswith(found[0].encode())
    return found[1]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (f"#!{BUILD}/bin/perl\nprint 1;", "#!/usr/bin/env perl"),
        (f"#!{BUILD}/bin/perl -w\n", "#!/usr/bin/env -S perl -w"),
        (f"#! {BUILD}/bin/python3.13  -E -s \n", "#!/usr/bin/env -S python3.13 -E -s"),
        (f"#!{BUILD}/bin/env python\n", "#!/usr/bin/env python"),
        (f"#!{BUILD}/bin/bash", "#!/usr/bin/env bash"),
        (f"#!{BUILD}/bin/perl\r\n", "#!/usr/bin/env perl"),
    ],
)
def test_an_interpreter_of_the_build_environment(head: str, expected: str) -> None:
    assert line(head) == expected


@pytest.mark.parametrize(
    "head",
    ["", "#", "#!", "#!\n", "#! \n/x", "no script", "#!/bin/sh\n", "#!/usr/bin/env python\n", f"#!{BUILD}x/bin/perl\n",
     f"#!/bin/sh {BUILD}/bin/perl\n", f"\n#!{BUILD}/bin/perl\n", f"# !{BUILD}/bin/perl", f"#!{PREFIX}/bin/python\n",
     b"#!\xff\xfe/bin/perl\n", f"#!{BUILD}/bin/perl\0x\n", f"#!{BUILD}/{'x' * 2000}\n"],
)  # fmt: skip
def test_lines_that_stay(head: str | bytes) -> None:
    assert line(head) is None


def test_the_placeholder_stays_only_where_installers_replace_it() -> None:
    head = f"#!{PREFIX}/bin/python3 -E\n"
    assert len(head) > 127
    assert line(head, replaced=True) is None
    assert line(head, replaced=False) == "#!/usr/bin/env -S python3 -E"


def test_the_new_line_runs(tmp_path: Path) -> None:
    new = line(f"#!{BUILD}/bin/{Path(sys.executable).name} -E -s\n")
    assert new is not None
    script = tmp_path / "script"
    script.write_text(f"{new}\nimport sys\nprint(sys.flags.ignore_environment, sys.flags.no_user_site)\n")
    script.chmod(0o755)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run([script], env={"PATH": path}, capture_output=True, check=True)
    assert done.stdout == b"1 1\n"


@given(st.binary(max_size=60))
def test_any_first_line_is_answered(head: bytes) -> None:
    found = portable_shebang(b"#!" + head, build_prefix=BUILD, prefix=PREFIX, prefix_is_replaced=False)
    assert found is None or len(found[1]) <= 127
