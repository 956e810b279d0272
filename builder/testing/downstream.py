"""Finds the package whose tests a `downstream` test asks for: one that can be installed with the tested package."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from builder.archive import read_package
from builder.errors import UnsolvableError
from builder.model.frozen import frozen
from builder.model.match_spec import MatchSpec
from builder.testing.parts import Part, parts_of
from builder.testing.read import read_tests
from builder.testing.session import Subject


@frozen
class Downstream:
    """A package that depends on the tested one: ``stem`` names it, ``parts`` are its tests that need a session.

    ``subject`` is that package on a bench of its own, its environments holding the tested package too.
    """

    stem: str
    subject: Subject
    parts: Sequence[Part]


async def find_downstream(spec: str, subject: Subject) -> Downstream | str:
    """Return the best package that meets ``spec`` beside the tested one, or in words why there is nothing to run.

    As with rattler-build a package that cannot be solved with the new one says nothing against it, and tests of its
    own dependants do not run. What needs no session (`package_contents`) says nothing about the tested package.
    """
    bench = subject.bench
    try:
        linked = await bench.link([spec, subject.exact], bench.inside.test_prefix)
    except UnsolvableError as error:
        return f"not run, for it cannot be installed with this package: {error}"
    name = MatchSpec.parse(spec).name
    record = next(package for package in linked.environment.packages if package.name == name)
    stem = f"{record.name}-{record.version}-{record.build}"
    opened = await asyncio.to_thread(read_package, await bench.fetch(record))
    place = f"downstream-{stem}"
    own = replace(bench, scratch=bench.scratch / place, logs=bench.logs / place)
    parts = [
        part
        for number, test in enumerate(read_tests(opened))
        for part in parts_of(test, number, versions=False)
        if part.run is not None
    ]
    if not parts:
        return f"not run, for {stem} carries no tests that could tell"
    return Downstream(stem=stem, subject=Subject(package=opened, bench=own, beside=(subject.exact,)), parts=parts)
