"""The programs that scripts may be written for: their names in recipes, their files, the packages that bring them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from builder.model.frozen import frozen


@frozen
class Interpreter:
    """One interpreter.

    ``names`` are those that recipes use; the first one is rattler-build's and is written into packages. ``program`` is
    looked for in the activated environment and called with ``options`` and a file; files with one of ``suffixes``, in
    lower case, speak of it. ``package`` is what conda-forge calls the package that brings it, None where the machine
    has it. Scripts ``in_wrapper`` are read by the shell that activated the environment, ``windows`` ones run there.
    """

    names: tuple[str, ...]
    program: str
    suffixes: tuple[str, ...]
    package: str | None = None
    options: tuple[str, ...] = ()
    in_wrapper: bool = False
    windows: bool = False

    @property
    def name(self) -> str:
        """The name to show and to write down."""
        return self.names[0]

    @property
    def suffix(self) -> str:
        """What the name of a file for it ends in."""
        return next(iter(self.suffixes), ".sh")

    def joined(self, lines: Sequence[str]) -> str:
        """Return commands as the text of one script, without an end of line (rattler-build's rule).

        cmd has nothing like ``set -e``: every command is followed by a line that leaves after a failure.
        """
        if self.name != "cmd":
            return "\n".join(lines)
        return "\n".join(f"{line}\nif %errorlevel% neq 0 exit /b %errorlevel%" for line in lines)


INTERPRETERS: tuple[Interpreter, ...] = (
    Interpreter(names=("bash", "sh"), program="bash", suffixes=(".sh", ".bash"), in_wrapper=True),
    Interpreter(names=("brush",), program="brush", suffixes=(), package="brush"),
    Interpreter(names=("cmd",), program="cmd", suffixes=(".bat", ".cmd"), windows=True),
    Interpreter(names=("nodejs", "node"), program="node", suffixes=(".js",), package="nodejs"),
    Interpreter(names=("nushell", "nu"), program="nu", suffixes=(".nu",), package="nushell"),
    Interpreter(names=("perl",), program="perl", suffixes=(".pl",), package="perl"),
    Interpreter(names=("powershell",), program="pwsh", suffixes=(".ps1",), windows=True),
    # Unbuffered: what it prints keeps its place among what its children print, and counts as a sign of life.
    Interpreter(names=("python",), program="python", suffixes=(".py",), package="python", options=("-u",)),
    Interpreter(names=("rscript", "r"), program="Rscript", suffixes=(".r",), package="r-base"),
    Interpreter(names=("ruby",), program="ruby", suffixes=(".rb",), package="ruby"),
)
"""All of them; a name or suffix that is not here cannot be run by anybody."""

INTERPRETER_NAMES = ", ".join(one.name for one in INTERPRETERS)
"""What recipes call them."""

_BY_NAME = {name: one for one in INTERPRETERS for name in one.names}
_BY_SUFFIX = {suffix: one for one in INTERPRETERS for suffix in one.suffixes}


def interpreter(name: str) -> Interpreter | None:
    """Return the interpreter of this name, None for one that nobody knows."""
    return _BY_NAME.get(name)


def interpreter_of_file(file: str) -> Interpreter | None:
    """Return the interpreter that the suffix of ``file`` speaks of, in capitals too; None without such a suffix."""
    return _BY_SUFFIX.get(PurePosixPath(file).suffix.lower())


def closest_interpreter(name: str) -> str | None:
    """Return the name that was probably meant, None if nothing is close."""
    import difflib

    return next(iter(difflib.get_close_matches(name.lower(), _BY_NAME, n=1, cutoff=0.6)), None)


@frozen
class Language:
    """A language whose modules a test may load: the test's key is ``kind``, they stand below it in ``listed``.

    ``statement`` loads one, ``{}`` being its name; ``interpreter`` runs the statements.
    """

    kind: str
    listed: str
    statement: str
    interpreter: Interpreter


LANGUAGES: tuple[Language, ...] = (
    Language(kind="perl", listed="uses", statement="use {};", interpreter=_BY_NAME["perl"]),
    Language(kind="r", listed="libraries", statement="library({})", interpreter=_BY_NAME["rscript"]),
    Language(kind="ruby", listed="requires", statement="require '{}'", interpreter=_BY_NAME["ruby"]),
)
"""All of them but Python, whose tests say more."""
