"""Writes what the interpreter runs: activation of the environments, then the recipe's own script, untouched."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from builder.errors import RecipeError, UsageError
from builder.model.frozen import frozen
from builder.model.recipe import Script

WRAPPER = "run.sh"
SCRIPT = "script.sh"
DEFAULT = "build.sh"
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHELLS = {"bash", "sh"}

_HEAD = """\
# Activates the environments as conda does (CEP 32), then runs the recipe's script.
activate() {
    local file
    CONDA_SHLVL=$((${CONDA_SHLVL:-0} + 1))
    CONDA_PREFIX=$1
    CONDA_DEFAULT_ENV=$1
    export CONDA_SHLVL CONDA_PREFIX CONDA_DEFAULT_ENV
    for file in "$1"/etc/conda/activate.d/*.sh; do
        if [ -r "$file" ]; then . "$file"; fi
    done
}
"""


@frozen
class ActivatedPrefix:
    """A prefix to activate: where it is inside, and the folder that holds it on this machine."""

    inside: PurePosixPath
    folder: Path


def write_script(script: Script, folder: Path, *, inside: PurePosixPath, prefixes: Sequence[ActivatedPrefix]) -> str:
    """Write wrapper and script into ``folder``, which is seen at ``inside``, and return what to call the script.

    ``prefixes`` are activated in their order. A script's content is a file of its own: nothing is quoted or changed.
    Without content and file it is ``build.sh`` of the recipe, if there is one. The recipe's own variables (``env``) win
    over those of the environments. Raises `UsageError` for interpreters that are not here yet, `RecipeError` for a
    variable's name that no shell takes.
    """
    _check_interpreter(script)
    lines = [_HEAD]
    for prefix in prefixes:
        lines += _environment_variables(prefix.folder)
        lines.append(f"activate {shlex.quote(str(prefix.inside))}")
    lines += [_export(name, value) for name, value in script.env]
    lines += ["unset -f activate", "set -euo pipefail"]
    if script.cwd:
        lines.append(f"cd {shlex.quote(script.cwd)}")
    if script.content is not None:
        (folder / SCRIPT).write_text("\n".join(script.content) + "\n", encoding="utf-8")
        lines.append(f". {shlex.quote(str(inside / SCRIPT))}")
    else:
        lines += _file_lines(script.file)
    (folder / WRAPPER).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return script.file or ("the script" if script.content is not None else DEFAULT)


def _file_lines(file: str | None) -> Iterator[str]:
    """Yield the lines that run a file of the recipe; the suffix may be missing (CEP 14)."""
    if file is None:
        yield f'if [ -f "${{RECIPE_DIR:-}}/{DEFAULT}" ]; then . "$RECIPE_DIR/{DEFAULT}"; fi'
        return
    word = f'"$RECIPE_DIR"/{shlex.quote(file)}'
    if PurePosixPath(file).suffix:
        yield f". {word}"
    else:
        yield f"if [ -f {word} ]; then . {word}; else . {word}.sh; fi"


def _check_interpreter(script: Script) -> None:
    suffix = PurePosixPath(script.file).suffix if script.file else ""
    wanted = script.interpreter or (suffix if suffix not in {"", ".sh", ".bash"} else "bash")
    if wanted not in _SHELLS:
        raise UsageError(
            f"scripts for {wanted} cannot be run yet",
            code="script.interpreter",
            remedy="write it for bash, which may call the interpreter as a build requirement",
        )


def _export(name: str, value: str) -> str:
    if not VARIABLE.fullmatch(name):
        raise RecipeError(
            f"{name!r} cannot be an environment variable",
            code="script.variable",
            remedy="use letters, digits and underscores, a digit not first",
        )
    return f"export {name}={shlex.quote(value)}"


def _environment_variables(prefix: Path) -> Iterator[str]:
    """Yield exports for the variables that packages (``env_vars.d``) and the environment's state set (CEP 32)."""
    found: dict[str, str] = {}
    for file in sorted((prefix / "etc" / "conda" / "env_vars.d").glob("*.json")):
        found.update(_texts(_read(file)))
    state = _read(prefix / "conda-meta" / "state")
    found.update(_texts(state.get("env_vars")))
    for name, value in found.items():
        if VARIABLE.fullmatch(name):
            yield _export(name, value)


def _read(file: Path) -> dict[str, object]:
    """Return the object in a JSON file; an empty one when it is missing or something else, as conda takes it."""
    try:
        value: object = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, OSError):
        return {}
    return value if isinstance(value, dict) else {}


def _texts(value: object) -> dict[str, str]:
    return {str(name): str(text) for name, text in value.items()} if isinstance(value, dict) else {}
