"""Compiles modules to bytecode whose bytes depend on each module alone: runs in the sandbox, with the package's Python.

Usage: ``python compiler.py MODULES CPUS``, in a folder with the modules below ``modules/``; ``MODULES`` is a JSON list
of their paths. Bytecode goes below ``bytecode/``, and ``report.json`` says what could not be compiled.

It imports nothing of ours and keeps to what every Python since 3.8 knows.
"""

# Each library that this imports is compiled first, every time it runs: it does without pathlib.
# ruff: noqa: PTH102, PTH118, PTH123, PTH208

from __future__ import annotations

import json
import os
import py_compile
import sys

SOURCES = "modules"
BYTECODE = "bytecode"
FAILED = "failed"
REPORT = "report.json"


def compile_all(modules: list[str], cpus: int) -> list[str]:
    """Compile each module in a process of its own, ``cpus`` at once; return those whose process did not end well.

    No Python promises that a module's bytecode is the same whatever it compiled before: marshal looks at who else
    holds a constant, and codecs that a module asks for stay loaded. A fresh copy of this process has seen no module.
    """
    running: dict[int, str] = {}
    crashed = []
    for number, module in enumerate(modules):
        if len(running) >= cpus:
            crashed += _waited(running)
        child = os.fork()
        if child == 0:
            _compile(module, number)
        running[child] = module
    while running:
        crashed += _waited(running)
    return crashed


def _waited(running: dict[int, str]) -> list[str]:
    child, status = os.wait()
    module = running.pop(child)
    return [module] if status else []


def _compile(module: str, number: int) -> None:
    """Compile one module and end the process; the bytecode names it by its path in the prefix."""
    code = 1
    try:
        py_compile.compile(
            os.path.join(SOURCES, module),
            cfile=os.path.join(BYTECODE, cached(module)),
            dfile=module,
            doraise=True,
            optimize=0,
            invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH,
        )
        code = 0
    except Exception as error:  # noqa: BLE001 - whatever a module does to the compiler, the package goes on without
        with open(os.path.join(FAILED, str(number)), "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(str(error).strip())
        code = 0
    finally:
        os._exit(code)


def cached(module: str) -> str:
    """Return where this Python looks for the bytecode of ``module``."""
    folder, name = os.path.split(module)
    stem = name[: -len(".py")]
    return os.path.join(folder, "__pycache__", f"{stem}.{sys.implementation.cache_tag}.pyc")


def main() -> None:
    """Do what the command line says."""
    with open(sys.argv[1], encoding="utf-8") as file:
        modules = json.load(file)
    os.mkdir(FAILED)
    crashed = compile_all(modules, int(sys.argv[2]))
    failed = dict.fromkeys(crashed, "the compiler crashed")
    for number in os.listdir(FAILED):
        with open(os.path.join(FAILED, number), encoding="utf-8") as file:
            failed[modules[int(number)]] = file.read()
    done = {module: cached(module) for module in modules if module not in failed}
    with open(REPORT, "w", encoding="utf-8") as file:
        json.dump({"done": done, "failed": failed}, file)


if __name__ == "__main__":
    main()
