"""Builds the one extension module against the lz4 of the prefix."""

import json
from pathlib import Path

from setuptools import Extension, setup

PROJECT = json.loads(Path("project.json").read_text())
setup(
    name=PROJECT["name"],
    version=PROJECT["version"],
    py_modules=[],
    ext_modules=[Extension("pylz4", ["pylz4.c"], libraries=["lz4"])],
)
