"""Writes what the interpreter runs: activation of the environments, then the recipe's own script, untouched."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from builder.errors import RecipeError
from builder.model.environment import LockedPackage
from builder.model.frozen import frozen
from builder.model.interpreter import Interpreter
from builder.model.recipe import Script
from builder.script.chosen import missing, runnable
from builder.script.late import filled
from builder.script.linking import post_link_lines
from builder.script.steps import step_lines

WRAPPER = "run.sh"
SCRIPT = "script"
DEFAULT = "build.sh"
NOT_FOUND = 127
"""What shells end with when a program is not there."""

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NO_VALUES: Mapping[str, str] = MappingProxyType({})

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
    """A prefix to activate: where it is inside, and the folder that holds it on this machine.

    ``post_link`` are the packages whose post-link scripts are run first, as where the package is installed.
    """

    inside: PurePosixPath
    folder: Path
    post_link: tuple[LockedPackage, ...] = ()


def write_script(
    script: Script,
    folder: Path,
    *,
    inside: PurePosixPath,
    prefixes: Sequence[ActivatedPrefix],
    values: Mapping[str, str] = _NO_VALUES,
    section: str = "requirements.build",
) -> str:
    """Write wrapper and script into ``folder``, which is seen at ``inside``, and return what to call the script.

    ``prefixes`` are activated in their order, always by bash; then the script's interpreter takes over. A script's
    content is a file of its own: nothing is quoted or changed but late names (`builder.script.late`), which ``values``
    and the script's own variables fill where the interpreter is no shell. Without content and file it is ``build.sh``
    of the recipe, if there is one; steps come before. The recipe's own variables (``env``) win over those of the
    environments. ``section`` is where a missing interpreter is to be asked for. Raises `RecipeError` for an interpreter
    that nobody knows or a variable's name that no shell takes, `MachineError` for an interpreter of Windows.
    """
    program = runnable(script)
    lines = activation(script, prefixes)
    lines += [line for prefix in prefixes for line in post_link_lines(prefix.inside, prefix.post_link)]
    lines.append("set -euo pipefail" if script.strict else "set -e")

    def run(program: Interpreter, word: str) -> Iterator[str]:
        return iter((f". {word}",)) if program.in_wrapper else _interpreter_lines(program, word, section)

    lines += step_lines(script.steps, folder, inside, values=values, running=run)
    if script.cwd:
        lines.append(f"cd {shlex.quote(script.cwd)}")
    if script.content is not None:
        text = program.joined(script.content) + "\n"
        file = f"{SCRIPT}{program.suffix}"
        (folder / file).write_text(
            text if program.in_wrapper else filled(text, {**values, **dict(script.env)}), "utf-8"
        )
        word = shlex.quote(str(inside / file))
    else:
        word = f'"$RECIPE_DIR"/{shlex.quote(script.file or DEFAULT)}'
    lines += _shell_lines(script, word) if program.in_wrapper else _interpreter_lines(program, word, section)
    (folder / WRAPPER).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return script.file or ("the script" if script.content is not None else DEFAULT)


def activation(script: Script, prefixes: Sequence[ActivatedPrefix]) -> list[str]:
    """Return the lines of bash that activate ``prefixes`` in their order and set the script's own variables."""
    lines = [_HEAD]
    for prefix in prefixes:
        lines += _environment_variables(prefix.folder)
        lines.append(f"activate {shlex.quote(str(prefix.inside))}")
    return [*lines, *(_export(name, value) for name, value in script.env), "unset -f activate"]


def _shell_lines(script: Script, word: str) -> Iterator[str]:
    """Yield the lines that read a script in this shell; the suffix of a recipe's file may be missing (CEP 14)."""
    if script.content is not None:
        yield f". {word}"
    elif script.file is None:
        yield f'if [ -f "${{RECIPE_DIR:-}}/{DEFAULT}" ]; then . {word}; fi'
    elif PurePosixPath(script.file).suffix:
        yield f". {word}"
    else:
        yield f"if [ -f {word} ]; then . {word}; else . {word}.sh; fi"


def _interpreter_lines(program: Interpreter, word: str, section: str) -> Iterator[str]:
    """Yield the lines that hand over to ``program``; bash's own words for its absence name no remedy."""
    yield f"if ! type -P {program.program} >/dev/null; then"
    yield f"    echo {shlex.quote(missing(program, section))} >&2"
    yield f"    exit {NOT_FOUND}"
    yield "fi"
    yield f"exec {shlex.join((program.program, *program.options))} {word}"


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
