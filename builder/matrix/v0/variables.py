"""Values of the variant that scripts of a ``meta.yaml`` may read although the recipe does not use their keys.

conda-build exports every value of the variant to scripts, and takes for used only what its patterns find: `"$mpi"` has
a value, and is not in the hash. Here a script sees what it uses and what it names, as a word of its text or of any text
beside the recipe; that is in the recipe key, so that another value builds it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from builder.matrix.v0.render import LegacyRendering
from builder.model.recipe import ScriptTest, Test
from builder.recipe.v0.scope import DEFAULTS, Scope
from builder.recipe.v0.words import words_of

_LANGUAGES = frozenset({"lua", "numpy", "perl", "python", "r", "r_base"})
"""Keys whose values are told by variables of other names."""

_TOLD = frozenset(
    {
        "CONDA_LUA", "CONDA_NPY", "CONDA_PERL", "CONDA_PY", "CONDA_R", "LUA_VER", "NPY_VER", "PERL_VER", "PY3K",
        "PY_VER", "R_VER", "TOP_PKG_NAME", "TOP_PKG_VERSION",
    }
)  # fmt: skip


def names_beside(words: frozenset[str], scope: Scope) -> frozenset[str]:
    """Return those of ``words`` that are names of variables; the variants of a recipe have the same keys."""
    return frozenset(word for word in words if word in scope.variant or word in _TOLD)


def variables_of(found: LegacyRendering, beside: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """Return the variables for the scripts of an output, sorted; ``beside`` are names in other files of the recipe."""
    metadata = found.metadata
    lines = (*metadata.texts("build", "script"), *metadata.texts("test", "commands"))
    words = beside | words_of("\n".join(lines))
    return tuple(sorted((*_values(words, found.scope, found.used), *_told(found, words))))


def with_values(test: Test, found: LegacyRendering) -> Test:
    """Return a test that has the values of the variant which its script names; the hash does not tell these."""
    if not isinstance(test, ScriptTest):
        return test
    script = test.script
    file = found.top.text.script(script.file) if script.file is not None and found.top is not None else None
    words = words_of("\n".join((*(script.content or ()), file or "")))
    values = sorted(_values(words, found.scope, found.hashed))
    return replace(test, script=replace(script, env=(*values, *script.env)))


def _values(words: frozenset[str], scope: Scope, used: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for word in words:
        value = scope.variant.get(word)
        if isinstance(value, str) and value and word not in used and word not in _LANGUAGES:
            yield word, value


def _told(found: LegacyRendering, words: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield what conda-build tells of every build: the output, as that of the recipe too, and versions of languages."""
    if words.isdisjoint(_TOLD):
        return
    told = {
        "TOP_PKG_NAME": found.metadata.name,
        "TOP_PKG_VERSION": found.metadata.version,
        **_languages(found.scope),
    }
    yield from ((name, value) for name, value in told.items() if name in words)


def _languages(scope: Scope) -> dict[str, str]:
    """Return the versions that a recipe would be built for, whether or not it has these languages."""
    python, numpy, perl, r = (_short(scope.text(key, DEFAULTS[key])) for key in ("python", "numpy", "perl", "r_base"))
    lua = scope.text("lua", DEFAULTS["lua"])
    return {
        "CONDA_LUA": lua,
        "CONDA_NPY": numpy.replace(".", ""),
        "CONDA_PERL": perl,
        "CONDA_PY": python.replace(".", ""),
        "CONDA_R": r,
        "LUA_VER": lua,
        "NPY_VER": numpy,
        "PERL_VER": perl,
        "PY3K": str(int(not python.startswith("2"))),
        "PY_VER": python,
        "R_VER": r,
    }


def _short(version: str) -> str:
    return ".".join(re.split(r"[\s]", version, maxsplit=1)[0].split(".")[:2])
