"""What `conda-build` is called with, as conda-smithy's scripts do, so that `bakehouse build` understands it too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from builder.cli.foreign import Foreign, foreign

F = TypeVar("F", bound=Callable[..., Any])

_EXTRA = "--extra-meta"
_PAIR = re.compile(r"[A-Za-z_][\w.-]*=.*", re.ASCII | re.DOTALL)


def spread(arguments: Sequence[str]) -> list[str]:
    """Return a command line in which each pair has its own option: ``--extra-meta a=b c=d`` is conda-build's way."""
    return list(_spread(arguments))


def _spread(arguments: Sequence[str]) -> Iterator[str]:
    before, pairs = "", False  # the last word; whether nothing but pairs has followed the option
    for place, word in enumerate(arguments):
        if word == "--":
            yield from arguments[place:]
            return
        if before != _EXTRA and pairs and _PAIR.fullmatch(word):
            yield _EXTRA
        elif before != _EXTRA:
            pairs = word == _EXTRA
        yield word
        before = word


_NO_UPLOAD = "nothing is uploaded"
_NEVER_LOCKED = "the store and channels lock what must be, for no longer than it takes"
_LONG = "the prefix has the length that conda's packages have"
_NO_ENVIRONMENTS_LEFT = "--keep-build keeps the trees of builds"
_UPLOADING = "upload the packages with a tool of their channel's"
_CHECKED = "links are always checked; what is found is in the summary and in --json"
_BEHAVIOUR = "set dynamic_linking.{} in recipe.yaml"

_WORDS = (
    Foreign("--suppress-variables", None, "values of variables are never shown"),
    Foreign("--no-anaconda-upload", None, _NO_UPLOAD),
    Foreign("--no-binstar-upload", None, _NO_UPLOAD),
    Foreign("--no-force-upload", None, _NO_UPLOAD),
    Foreign("--override-channels", None, "channels that nobody names are never used"),
    Foreign("--use-local", None, "the output channel is always looked into"),
    Foreign("--no-locking", None, _NEVER_LOCKED),
    Foreign("--no-verify", None, "checks of packages cost next to nothing"),
    Foreign("--verify", None, "packages are always checked"),
    Foreign("--prefix-length", "N", _LONG),
    Foreign("--no-prefix-length-fallback", None, _LONG),
    Foreign("--prefix-length-fallback", None, _LONG),
    Foreign("--long-test-prefix", None, _LONG),
    Foreign("--no-long-test-prefix", None, _LONG),
    Foreign("--no-remove-work-dir", None, _NO_ENVIRONMENTS_LEFT),
    Foreign("--keep-old-work", None, _NO_ENVIRONMENTS_LEFT),
    Foreign("--no-error-overlinking", None, _CHECKED),
    Foreign("--no-error-overdepending", None, _CHECKED),
    Foreign("--no-copy-test-source-files", None, "each test has the files that its recipe names"),
    Foreign("--use-channeldata", None, "run exports are read from the packages"),
    Foreign("--cache-dir", "FOLDER", "everything that was fetched is in the store", remedy="name it with --store"),
    Foreign("--token", "TEXT", _NO_UPLOAD, remedy=_UPLOADING),
    Foreign("--user", "NAME", _NO_UPLOAD, remedy=_UPLOADING),
    Foreign("--label", "NAME", _NO_UPLOAD, remedy=_UPLOADING),
    Foreign("--error-overlinking", None, _CHECKED, remedy=_BEHAVIOUR.format("overlinking_behavior")),
    Foreign("--error-overdepending", None, _CHECKED, remedy=_BEHAVIOUR.format("overdepending_behavior")),
    Foreign("--strict-verify", None, "checks that are errors always are", remedy="read the findings of --json"),
    Foreign(
        "--no-activate", None, "scripts would not find what activation sets",
        remedy="leave it out: environments are always activated",
    ),
    Foreign("--dirty", None, "no build starts in the remains of another", remedy="enter them with `bakehouse debug`"),
    Foreign("--old-build-string", None, "files of two variants would have one name", remedy="leave it out"),
    Foreign(
        "--exclusive-config-file", "FILE", "there are no variant files of your home or of the current folder",
        remedy="give it with -m, and --ignore-recipe-variants if those beside the recipe do not count",
    ),
    Foreign("--variants", "YAML", "keys are given one by one", remedy="write --variant python=3.12,3.13"),
    Foreign("--python", "VERSION", "it is a variant key as others are", remedy="write --variant python=3.12"),
    Foreign("--numpy", "VERSION", "it is a variant key as others are", remedy="write --variant numpy=2.0"),
    Foreign("--perl", "VERSION", "it is a variant key as others are", remedy="write --variant perl=5.32"),
    Foreign("--R", "VERSION", "it is a variant key as others are", remedy="write --variant r_base=4.4"),
    Foreign("--lua", "VERSION", "it is a variant key as others are", remedy="write --variant lua=5.4"),
)  # fmt: skip


def foreign_to_conda_build(function: F) -> F:
    """Add what `bakehouse build` lets pass or refuses of conda-build's options; the command never sees it."""
    return foreign(_WORDS, function)
