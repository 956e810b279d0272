"""What the script of a real build sees of the machine: the committed list and nothing else, no undeclared tool."""

from __future__ import annotations

import re
from pathlib import Path

from builder.archive import read_package
from tests.e2e.command import Bakehouse
from tests.sandbox.test_seen_by_a_script import LIST, LOOK, told

TOOLS = ("gcc", "cc", "g++", "ld", "make", "python3", "python", "perl", "git", "docker", "curl", "apt-get")

RECIPE = """
package:
  name: zlib
  version: "1.3.1"
build:
  number: 2
  script:
    - file: look.sh
tests:
  - script: "! command -v gcc && ! command -v python3 && test ! -e /bakehouse/work"
about:
  license: CC0-1.0
extra:
  bakehouse:
    leak_allowlist: [share/*.txt]
"""


def seen(bakehouse: Bakehouse, folder: Path, script: str) -> list[str]:
    """Build a package whose script writes what it sees into ``share/seen.txt``, and return those lines."""
    (folder / "recipe").mkdir(parents=True)
    (folder / "recipe" / "recipe.yaml").write_text(RECIPE.replace("    - file: look.sh\n", "      file: look.sh\n"))
    (folder / "recipe" / "look.sh").write_text(script)
    bakehouse.good("build", folder / "recipe", "--out", folder / "channel", "-q")
    (package,) = (folder / "channel").glob("linux-64/*.conda")
    read_package(package).extract(folder / "tree")
    return (folder / "tree" / "share" / "seen.txt").read_text().splitlines()


def test_what_a_script_sees_equals_the_committed_list(bakehouse: Bakehouse, tmp_path: Path) -> None:
    look = LOOK.replace("echo '[environment]'\n", "mkdir -p $PREFIX/share\nlook() {\necho '[environment]'\n", 1)
    lines = told(seen(bakehouse, tmp_path, f"{look}}}\nlook > $PREFIX/share/seen.txt\n"))
    of_this_package = {"PKG_HASH=h[0-9a-f]{7}": "PKG_HASH=h1234567", "PKG_BUILD_STRING=.*": "PKG_BUILD_STRING=h1234567_2",
                       "SOURCE_DATE_EPOCH=.*": "SOURCE_DATE_EPOCH=1700000000"}  # fmt: skip
    for pattern, text in of_this_package.items():
        lines = [re.sub(f"^{pattern}$", text, line) for line in lines]
    assert lines == LIST.read_text(encoding="utf-8").splitlines()


def test_undeclared_tools_are_not_found(bakehouse: Bakehouse, tmp_path: Path) -> None:
    script = f"""
mkdir -p $PREFIX/share
for tool in {" ".join(TOOLS)}; do
    set +e
    message=$( ( eval "$tool --version" ) 2>&1 )
    echo "$tool $? ${{message##*: }}"
done > $PREFIX/share/seen.txt
"""
    assert seen(bakehouse, tmp_path, script) == [f"{tool} 127 command not found" for tool in TOOLS]
