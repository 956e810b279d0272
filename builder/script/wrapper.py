"""Writes what the interpreter runs: activation of the environments, then the recipe's own script, untouched."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from builder.errors import UsageError
from builder.model.recipe import Script

WRAPPER = "run.sh"
SCRIPT = "script.sh"
_SHELLS = {None, "bash", "sh"}

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


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivatedPrefix:
    """A prefix to activate: where it is inside, and the folder that holds it on this machine."""

    inside: PurePosixPath
    folder: Path


def write_script(script: Script, folder: Path, *, inside: PurePosixPath, prefixes: Sequence[ActivatedPrefix]) -> str:
    """Write wrapper and script into ``folder``, which is seen at ``inside``, and return what to call the script.

    ``prefixes`` are activated in their order. A script's content is a file of its own: nothing is quoted or changed.
    Raises `UsageError` for interpreters that are not here yet.
    """
    _check_interpreter(script)
    (folder / SCRIPT).write_text("\n".join(script.content or ()) + "\n", encoding="utf-8")
    lines = [_HEAD]
    for prefix in prefixes:
        lines += _environment_variables(prefix.folder)
        lines.append(f"activate {shlex.quote(str(prefix.inside))}")
    lines += [f"export {name}={shlex.quote(value)}" for name, value in script.env]
    lines += ["unset -f activate", "set -euo pipefail"]
    if script.cwd:
        lines.append(f"cd {shlex.quote(script.cwd)}")
    if script.file is not None:
        lines.append(f'. "$RECIPE_DIR"/{shlex.quote(script.file)}')
    else:
        lines.append(f". {shlex.quote(str(inside / SCRIPT))}")
    (folder / WRAPPER).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return script.file or "the script"


def _check_interpreter(script: Script) -> None:
    suffix = PurePosixPath(script.file).suffix if script.file else ".sh"
    wanted = script.interpreter or ("bash" if suffix in {".sh", ".bash", ""} else suffix)
    if wanted not in _SHELLS:
        raise UsageError(
            f"scripts for {wanted} cannot be run yet",
            code="script.interpreter",
            remedy="write it for bash, which may call the interpreter as a build requirement",
        )


def _environment_variables(prefix: Path) -> Iterator[str]:
    """Yield exports for the variables that packages (``env_vars.d``) and the environment's state set (CEP 32)."""
    found: dict[str, str] = {}
    for file in sorted((prefix / "etc" / "conda" / "env_vars.d").glob("*.json")):
        found.update(_json(file))
    state = prefix / "conda-meta" / "state"
    if state.is_file():
        values = json.loads(state.read_text(encoding="utf-8")).get("env_vars", {})
        found.update({str(name): str(value) for name, value in values.items()})
    for name, value in found.items():
        if name.isidentifier():
            yield f"export {name}={shlex.quote(value)}"


def _json(file: Path) -> dict[str, str]:
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in values.items()} if isinstance(values, dict) else {}
