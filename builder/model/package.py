"""A finished package, and what its tests said."""

from __future__ import annotations

from pathlib import Path

from builder.model.frozen import frozen


@frozen
class Package:
    """A package file: digests are lower-case hexadecimal, ``size`` in bytes.

    ``content`` is a sha256 over what other builds can notice of it: its files, requirements and run exports, but not
    the recipe and the keys that it carries. ``record`` is its index record as canonical JSON text: ``index.json`` with
    ``md5``, ``sha256``, ``size`` and, when it has some, ``run_exports``. ``statement`` is the in-toto statement that is
    published beside it, as JSON text; empty without one. One that is not ``publishable`` stays where it was built, for
    nothing vouches for all that it was made from.
    """

    path: Path
    file_name: str
    name: str
    version: str
    build: str
    subdir: str
    sha256: str
    md5: str
    size: int
    record: str
    recipe_key: str
    build_key: str
    content: str = ""
    statement: str = ""
    publishable: bool = True


@frozen
class TestResult:
    """How one test of a package went: ``what`` names it for people, ``log`` holds its output.

    A test that is ``skipped`` could not run for reasons that say nothing against the package, which are its ``tail``.
    ``undeclared`` are programs of the machine that it used without any package's leave, where nothing is sealed.
    """

    __test__ = False

    what: str
    passed: bool
    seconds: float
    log: Path | None = None
    tail: str = ""
    skipped: bool = False
    undeclared: tuple[str, ...] = ()
