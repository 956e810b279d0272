"""Which keys an output uses: its own text and scripts, not those of its siblings."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.matrix.v0.usage import Subject
from builder.model.rendering import Platforms
from builder.recipe.v0 import Scope, load_meta, output_metadata, outputs_of
from builder.recipe.v0.scope import LegacyVariant

LINUX = Platforms(target="linux-64", host="linux-64", build="linux-64")
WINDOWS = Platforms(target="win-64", host="win-64", build="win-64")
VARIANT: LegacyVariant = {
    "python": "3.12", "numpy": "2", "mpi": "nompi", "zlib": "1.3", "bzip2": "1", "r_base": "4.4", "target_platform": "linux-64",
    "channel_targets": "example main", "ignore_build_only_deps": ("python", "numpy"),
}  # fmt: skip
SEVERAL = """package:
  name: top
  version: 1
requirements:
  host:
    - zlib
outputs:
  - name: one
    script: one.sh
    requirements:
      host:
        - bzip2
  - name: two
    requirements:
      build:
        - python
      host:
        - numpy
      run:
        - r-base
  - name: top
    requirements:
      run:
        - r-base
"""


def subjects(folder: Path, text: str, platforms: Platforms = LINUX) -> dict[str, Subject]:
    (folder / "meta.yaml").write_text(text)
    recipe = load_meta(folder / "meta.yaml", lambda path: (folder / path).read_bytes())
    scope = Scope(VARIANT, platforms, {})
    entries, top = outputs_of(recipe.resolved(scope), mentions_output=False, whole=True)
    outputs = [output_metadata(top, entry, VARIANT) for entry in entries]
    return {one.metadata.name: Subject(text=recipe, output=one, scope=scope) for one in outputs}


ALWAYS = {"target_platform", "channel_targets"}


def test_each_output_uses_its_own_text(tmp_path: Path) -> None:
    found = subjects(tmp_path, SEVERAL)
    assert found["one"].used() == {"bzip2", *ALWAYS}
    assert found["two"].used() == {"numpy", "r_base", *ALWAYS}  # python is only needed to build
    assert found["top"].used() == {"zlib", "r_base", *ALWAYS}
    assert found["top"].used_anywhere() == {"bzip2", "zlib", "numpy", "python", "r_base", *ALWAYS}


def test_scripts_count_where_they_run(tmp_path: Path) -> None:
    (tmp_path / "build.sh").write_text("echo $mpi\n")
    (tmp_path / "one.sh").write_text("echo ${python}\n")
    found = subjects(tmp_path, SEVERAL)
    assert found["top"].used() == {"zlib", "r_base", "mpi", *ALWAYS}
    assert found["one"].used() == {"bzip2", "python", *ALWAYS}


def test_batch_files_count_for_windows(tmp_path: Path) -> None:
    (tmp_path / "bld.bat").write_text("echo %mpi%\n")
    text = "package:\n  name: top\n  version: 1\n"
    assert subjects(tmp_path, text)["top"].used() == ALWAYS
    assert subjects(tmp_path, text, WINDOWS)["top"].used() == {"mpi", *ALWAYS}


@pytest.mark.parametrize(
    ("section", "used"),
    [
        ("requirements:\n  run:\n    - zlib\n", set()),
        ("requirements:\n  host:\n    - zlib\n  run:\n    - zlib\n", {"zlib"}),
        ("requirements:\n  build:\n    - zlib\n", {"zlib"}),
        ("requirements:\n  build:\n    - python\n", set()),
        ("requirements:\n  build:\n    - python\n  run:\n    - python\n", {"python"}),
        ("test:\n  requires:\n    - zlib\n", {"zlib"}),
        ("build:\n  noarch: python\n", set()),
        ("build:\n  force_use_keys: [mpi]\n  force_ignore_keys: channel_targets\n", {"mpi"}),
        ("about:\n  summary: a  # [mpi == 'x']\n", {"mpi"}),
    ],
)
def test_keys_count_as_far_as_they_matter(tmp_path: Path, section: str, used: set[str]) -> None:
    found = subjects(tmp_path, f"package:\n  name: top\n  version: 1\n{section}")["top"].used()
    assert set(found) - ALWAYS == used
    assert ("target_platform" in found) is ("noarch" not in section)
    assert ("channel_targets" in found) is ("force_ignore" not in section)
