"""What the options ask of packages and of solves, read once; what cannot be meant is refused before anything starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path

from builder.cli.options import PackageChoice
from builder.errors import UsageError
from builder.model.frozen import frozen
from builder.model.packaging import Packaging, read_format
from builder.model.solving import SolveRules, read_time
from builder.plan import Existing


@frozen
class Asked:
    """What the user asks of packages: how they are written, and which are there and not to be built."""

    packaging: Packaging = Packaging()
    existing: Mapping[str, Existing] = field(default_factory=dict)


def packaging_of(choice: PackageChoice, config_file: Path | None = None) -> Packaging:
    """Return how packages are to be written; `UsageError` for a format or metadata that are none.

    A format that is not asked for is that of the configuration file, where there is one.
    """
    if choice.package_format is None and config_file is not None:
        from builder.cli.peer_config import read_peer_config

        choice = replace(choice, package_format=read_peer_config(config_file).package_format)
    made = Packaging(extra=_extra((*_of_ci(choice), *choice.extra_meta)), with_recipe=choice.include_recipe)
    if choice.compression_threads is not None:
        made = replace(made, threads=choice.compression_threads)
    if choice.package_format is None:
        return made
    try:
        file_type, level = read_format(choice.package_format)
    except ValueError as error:
        remedy = "write conda, tar-bz2, or one of them with a level, as conda:22"
        raise UsageError(f"--package-format: {error}", code="cli.package-format", remedy=remedy) from error
    return replace(made, file_type=file_type, level=level)


def rules_of(rules: SolveRules, choice: PackageChoice) -> SolveRules:
    """Return ``rules`` with how new packages may be; `UsageError` for what is no time."""
    if choice.exclude_newer is None:
        return rules
    try:
        return replace(rules, newest=read_time(choice.exclude_newer))
    except ValueError as error:
        remedy = "write it as 2024-03-15T12:00:00Z"
        raise UsageError(f"--exclude-newer: {error}", code="cli.exclude-newer", remedy=remedy) from error


def _of_ci(choice: PackageChoice) -> tuple[str, ...]:
    """Return what the CI says of its run, if the user wants that: it makes the bytes of packages differ by run."""
    if not choice.ci_meta:
        return ()
    from builder.cli.provenance import ci_texts

    return ci_texts(os.environ)


def _extra(texts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of ``KEY=VALUE``, sorted; of a key that is given twice the last counts."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals and _is_text(text)):
            remedy = "write it as --extra-meta sha=0123abc, in UTF-8"
            raise UsageError(f"--extra-meta {text!r} is not KEY=VALUE", code="cli.extra-meta", remedy=remedy)
        found[key] = value
    return tuple(sorted(found.items()))


def _is_text(argument: str) -> bool:
    """Whether an argument was text: bytes that are no UTF-8 come as surrogates, which nothing can be written with."""
    return not any("\ud800" <= sign <= "\udfff" for sign in argument)
