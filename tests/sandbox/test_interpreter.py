from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import builder
from builder.sandbox.interpreter import interpreter


def test_it_names_what_python_reads() -> None:
    found = interpreter()
    assert found.program.is_file()
    assert found.ours == Path(builder.__path__[0]).resolve()
    for name in ("backports.zstd", "py7zr", "json", "ctypes"):
        __import__(name)
        place = Path(sys.modules[name].__file__ or "").resolve()
        assert any(place.is_relative_to(one) for one in found.places), name


def test_places_are_real_and_lie_in_none_other() -> None:
    places = interpreter().places
    assert all(place == place.resolve() for place in places)
    assert not [one for one in places for other in places if one != other and one.is_relative_to(other)]


def test_it_names_nothing_of_the_user() -> None:
    """Above all not the checkout around our package, whose store and secrets would be there to read."""
    found = interpreter()
    assert found.ours.parent not in found.places
    for place in found.places:
        assert not Path.home().is_relative_to(place)
        assert not Path("/etc").is_relative_to(place)


def test_what_it_names_is_enough_to_start(tmp_path: Path) -> None:
    found = interpreter()
    words = [str(found.program), "-ISs", "-c", "import ctypes, zlib, lzma, bz2, zipfile, json; print('there')"]
    ended = subprocess.run(words, env={}, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.stdout == "there\n", ended.stderr
