"""Packs a file of the sources and looks whether it comes back."""

import os
from pathlib import Path

import pylz4

text = Path("binding/README.rst").read_bytes()
packed = pylz4.pack(text)
assert len(packed) < len(text)
assert pylz4.unpack(packed, len(text)) == text
assert pylz4.library().startswith("1.9."), pylz4.library()
assert os.environ["PKG_NAME"] == "pylz4"
