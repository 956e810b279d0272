"""Whether an installer can replace the placeholder in binary files without breaking them."""

from __future__ import annotations

from collections.abc import Iterator

from builder.binary import mapped
from builder.check.context import CheckContext
from builder.model.finding import Finding, Severity
from builder.model.payload import Relocated


def check_prefixes(relocated: Relocated, context: CheckContext) -> Iterator[Finding]:
    """Yield a finding for each binary file with the placeholder.

    Installers write a shorter path and move the rest of the C string forward, so a length that was compiled in is wrong
    afterwards (C++ ``std::string`` literals, Python bytecode, databases). In programs and libraries that is usual and a
    note; in other binary files, whose format nobody knows, and where no NUL byte ends the string, it is a warning.
    All of it is an error when the user says so.
    """
    placeholder = relocated.placeholder.encode()
    for entry in relocated.entries:
        if entry.prefix_mode != "binary" or entry.entry.content is None:
            continue
        with mapped(entry.entry.content) as data:
            content = data[:]
        times, known = content.count(placeholder), entry.binary is not None
        often = "once" if times == 1 else f"{times} times"
        ended = content.find(b"\0", content.rfind(placeholder)) >= 0
        yield Finding(
            check="prefix-in-binary",
            severity=_severity(harmless=known and ended, refused=context.no_binary_prefix),
            path=entry.entry.path,
            message=f"{'Binary file contains host prefix: ' if context.no_binary_prefix else ''}"
            f"the prefix stands {often} in this {'program' if known else 'data file'}; "
            f"{'a length that is compiled in' if ended else 'what follows it, for no NUL byte ends it,'} "
            "will be wrong after installation",
            remedy="let the program find its files relative to itself, or name the file in "
            "build.prefix_detection.ignore_binary_files",
        )


def _severity(*, harmless: bool, refused: bool) -> Severity:
    if refused:
        return Severity.ERROR
    return Severity.NOTE if harmless else Severity.WARNING
