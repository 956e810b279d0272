"""rattler-build's own command line: what it prints with --render-only, and packages that it builds."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ASK = """
import json, sys, warnings
warnings.simplefilter("ignore")
from rattler_build import cli_api
asked = json.loads(sys.argv[1])
cli_api.build_recipes(asked.pop("recipes"), **asked)
"""


class PeerRefusesError(Exception):
    """The peer does not render the recipes."""


def render_only(*recipes: Path, output: Path, **options: object) -> list[dict[str, Any]]:
    """Return the document that the peer prints on standard output for recipe files."""
    found = json.loads(_run(*recipes, output=output, render_only=True, **options))
    assert isinstance(found, list)
    return found


def build(*recipes: Path, channel: Path) -> None:
    """Build recipe files one after the other into ``channel``, without tests."""
    for recipe in recipes:
        _run(recipe, output=channel, channel=[channel.as_uri()], test="skip")


def _run(*recipes: Path, output: Path, **options: object) -> str:
    asked = {"recipes": [str(recipe) for recipe in recipes], "output_dir": str(output), **options}
    done = subprocess.run(
        [sys.executable, "-c", _ASK, json.dumps(asked)], capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode:
        raise PeerRefusesError(done.stderr)
    return done.stdout


def comparable(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return documents without what depends on the machine, the clock, the tool, and the order of packages solved."""
    return [_comparable(document) for document in documents]


def _comparable(document: dict[str, Any]) -> dict[str, Any]:
    configuration = dict(document["build_configuration"])
    for side in ("host_platform", "build_platform"):
        names = {text.split("=")[0] for text in configuration[side]["virtual_packages"]}
        configuration[side] = {**configuration[side], "virtual_packages": names}
    configuration["directories"] = sorted(configuration["directories"])
    configuration["timestamp"] = type(configuration["timestamp"])
    configuration["packaging_settings"] = {**configuration["packaging_settings"], "compression_level": None}
    configuration["subpackages"] = {
        name: one for name, one in configuration["subpackages"].items() if name == document["recipe"]["package"]["name"]
    }
    found = {**document, "build_configuration": configuration, "system_tools": len(document["system_tools"])}
    if found["finalized_dependencies"] is not None:
        found["finalized_dependencies"] = dict(found["finalized_dependencies"])
        for side in ("build", "host"):
            solved = found["finalized_dependencies"][side]
            if solved is not None:
                packages = sorted(solved["resolved"], key=lambda one: str(one["name"]))
                found["finalized_dependencies"][side] = {**solved, "resolved": packages}
        run = found["finalized_dependencies"]["run"]
        lists = {kind: sorted(run[kind], key=_sorted_text) for kind in ("depends", "constraints")}
        found["finalized_dependencies"]["run"] = {**run, **lists}
    return found


def _sorted_text(one: dict[str, Any]) -> str:
    return json.dumps(one, sort_keys=True)


def place_of(document: dict[str, Any]) -> str:
    """Return the place of a package in a channel, without an extension, as its document has it."""
    recipe = document["recipe"]
    stem = f"{recipe['package']['name']}-{recipe['package']['version']}-{recipe['build']['string']}"
    return f"{document['build_configuration']['target_platform']}/{stem}"
