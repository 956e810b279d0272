"""The names with a meaning of their own: what a variant file says besides values, and the keys that always count."""

from __future__ import annotations

from builder.model.frozen import frozen


@frozen(kw_only=False)
class SpecialKey:
    """One name: what it holds and what that means. The reference of variants is made of these."""

    name: str
    holds: str
    doc: str


STATEMENTS = (
    SpecialKey(
        "zip_keys",
        "a list of lists of keys",
        "Keys that vary together: the first value of one with the first of the others. All of a group have as many "
        "values. The groups of a later file replace all earlier groups.",
    ),
    SpecialKey(
        "extend_keys",
        "a list of keys",
        "Keys whose values a later file adds to; of other keys it replaces them all.",
    ),
    SpecialKey(
        "pin_run_as_build",
        "a mapping of packages to `x.x`, or to `min_pin` and `max_pin`",
        "Run requirements that get the version of the host environment. conda-build does that, rattler-build ignores "
        "it, and so do we without `--conda-build-rule pin_run_as_build`.",
    ),
    SpecialKey(
        "ignore_version",
        "a list of keys",
        "Keys that enter no build hash, as if every recipe had them in `build.variant.ignore_keys`; applied with "
        "`--conda-build-rule ignore_version` only.",
    ),
)
"""What stands in a variant file beside the keys with their values."""

COUNTED = (
    SpecialKey("target_platform", "a platform", "What is built for; `noarch` in the hash of noarch packages."),
    SpecialKey("channel_targets", "a channel and a label", "Where a package goes to. It has no other effect."),
    SpecialKey(
        "channel_sources",
        "channels, separated by commas",
        "Where environments are solved from, unless -c or the collection says.",
    ),
)
"""Keys that enter every build hash when they have a value, read or not (rattler-build's rule)."""

FROM_OUTSIDE = ("target_platform", "build_platform")
"""Keys whose values are those of the command line, whatever a file says."""
