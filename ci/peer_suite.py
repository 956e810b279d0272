"""Runs the cases of rattler-build's own end-to-end suite that need no network on this project, and prints how they end.

From the checkout: ``python -m ci.peer_suite FOLDER``, where FOLDER is a checkout of rattler-build, or of what its suite
needs: ``test/``, ``test-data/`` and ``pytest.ini``. RATTLER_BUILD_PATH is our command, as the suite's authors want it.
It imports pytest, syrupy, boto3, pyyaml, zstandard and conda-package-handling; ``--python`` names a Python with them.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.conformance.peer_suite import Case, Result, is_good, read_cases, verdict

CHECKOUT = Path(__file__).parents[1]


def main() -> int:
    """Print a line for each case and the sum; the exit code is 1 unless enough pass and all others are argued."""
    given = _arguments()
    cases = [case for case in read_cases() if given.only in case.name]
    with tempfile.TemporaryDirectory(prefix="peer-suite-") as folder:
        results = run(cases, given.folder.resolve(), Path(folder), python=given.python)
    verdicts = {case: verdict(case, results.get(case.name)) for case in cases}
    for case, said in verdicts.items():
        print(f"{said:10}  {case.name}" + (f"\n{'':12}{case.why}" if case.why else ""))
    counted = Counter(verdicts.values())
    print(", ".join(f"{number} {said}" for said, number in counted.most_common()), f"of {len(cases)}")
    return 0 if is_good(verdicts, least=given.min) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="rattler-build's repository")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs the suite (this one)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only the cases whose name holds this")
    parser.add_argument("--min", type=float, default=90, help="least percentage of cases that pass (90)")
    return parser.parse_args()


def run(cases: Sequence[Case], suite: Path, scratch: Path, *, python: str) -> Mapping[str, Result]:
    """Run ``cases`` of the ``suite`` on this checkout and return their results by name; what it prints is passed on."""
    report, command = scratch / "report.xml", scratch / "command"
    write_command(command)
    options = ["-q", "--tb=short", "-p", "no:cacheprovider", "-o", "addopts=", f"--basetemp={scratch / 'tests'}"]
    subprocess.run(
        [python, "-m", "pytest", *options, f"--junitxml={report}", *(case.id for case in cases)],
        cwd=suite,
        env={**os.environ, "RATTLER_BUILD_PATH": str(command)},
        stdout=sys.stderr,
        check=False,
    )
    return read_report(report.read_text(encoding="utf-8")) if report.is_file() else {}


def write_command(place: Path) -> None:
    """Write an executable that is this checkout's command, from whatever folder it is called."""
    lines = [
        "#!/bin/sh",
        f"export PYTHONPATH={shlex.quote(str(CHECKOUT))} PYTHONSAFEPATH=1",
        f'export BAKEHOUSE_STORE="${{BAKEHOUSE_STORE:-{CHECKOUT / ".cache" / "store"}}}"',
        f'exec {shlex.quote(sys.executable)} -m builder "$@"',
    ]
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    place.chmod(0o755)


def read_report(text: str) -> dict[str, Result]:
    """Return the results in a report of pytest (JUnit's XML), by FILE::TEST."""
    found: dict[str, Result] = {}
    for case in ET.fromstring(text).iter("testcase"):
        file = f"{case.attrib['classname'].rpartition('.')[2]}.py"
        parts = {part.tag for part in case}
        result: Result = "skipped" if "skipped" in parts else "failed" if parts & {"failure", "error"} else "passed"
        found[f"{file}::{case.attrib['name']}"] = result
    return found


if __name__ == "__main__":
    sys.exit(main())
