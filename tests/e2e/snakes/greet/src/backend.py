"""The smallest build backend: a wheel of the folder ``greet``."""

from __future__ import annotations

import zipfile
from pathlib import Path

WHEEL = "Wheel-Version: 1.0\nGenerator: backend\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
METADATA = "Metadata-Version: 2.1\nName: greet\nVersion: 1.0\n"
ENTRY_POINTS = "[console_scripts]\ngreet = greet.command:main\n"


def build_wheel(wheel_directory: str, config_settings: object = None, metadata_directory: str | None = None) -> str:
    name = "greet-1.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as wheel:
        for file in sorted(Path("greet").rglob("*.py")):
            wheel.writestr(str(file), file.read_bytes())
        for record, text in (("METADATA", METADATA), ("WHEEL", WHEEL), ("entry_points.txt", ENTRY_POINTS)):
            wheel.writestr(f"greet-1.0.dist-info/{record}", text)
        wheel.writestr("greet-1.0.dist-info/RECORD", "")
    return name
