"""The one solve that needs no solver: a loose package that depends on nothing, asked for by itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

from builder.environment.index import LOOSE
from builder.environment.records import locked_package
from builder.model.environment import LockedPackage
from builder.model.match_spec import MatchSpec
from builder.model.package import Package
from builder.model.target import NOARCH
from builder.model.version import Version

_ASKS_FOR_MORE = ("depends", "constrains", "track_features")


def alone(specs: Sequence[str], subdir: str, loose: Sequence[Package]) -> LockedPackage | None:
    """Return the package that is the whole answer to ``specs``, None where a solver has to find out.

    Loose packages win over all channels, so when the only one fits, and neither needs nor forbids anything, nothing
    else can come with it. That is the environment of most packages' tests, and rattler takes long to import.
    """
    if len(loose) != 1 or loose[0].subdir not in {subdir, NOARCH}:
        return None
    (package,) = loose
    record = json.loads(package.record)
    if any(record.get(field) for field in _ASKS_FOR_MORE):
        return None
    if not all(_fits(MatchSpec.parse(text), package, record["build_number"]) for text in specs):
        return None
    named = {**record, "fn": package.file_name}
    return locked_package(named, url=package.path.absolute().as_uri(), channel=LOOSE.name)


def _fits(spec: MatchSpec, package: Package, build_number: int) -> bool:
    plain = MatchSpec(name=spec.name, version=spec.version, build=spec.build, build_number=spec.build_number)
    return spec == plain and spec.matches(package.name, Version.parse(package.version), package.build, build_number)
