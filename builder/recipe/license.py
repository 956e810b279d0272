"""SPDX license expressions: common names are known here, for all others license-expression is loaded."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

_COMMON = frozenset({
    "0BSD", "AGPL-3.0-only", "AGPL-3.0-or-later", "Apache-2.0", "Artistic-2.0", "BSD-1-Clause", "BSD-2-Clause",
    "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "CC-BY-4.0", "CC-BY-SA-4.0", "CECILL-2.1", "curl", "ECL-2.0",
    "EPL-1.0", "EPL-2.0", "EUPL-1.2", "GPL-1.0-or-later", "GPL-2.0-only", "GPL-2.0-or-later", "GPL-3.0-only",
    "GPL-3.0-or-later", "HPND", "ISC", "LGPL-2.0-or-later", "LGPL-2.1-only", "LGPL-2.1-or-later",
    "LGPL-3.0-only", "LGPL-3.0-or-later", "MIT", "MIT-0", "MPL-2.0", "NCSA", "OFL-1.1", "OpenSSL", "PostgreSQL",
    "PSF-2.0", "Python-2.0", "Unlicense", "Vim", "WTFPL", "X11", "Zlib", "ZPL-2.1",
})  # fmt: skip
_COMMON_EXCEPTIONS = frozenset(
    {"GCC-exception-3.1", "LLVM-exception", "Classpath-exception-2.0", "Autoconf-exception-3.0"}
)
_WORD = re.compile(r"[A-Za-z0-9.+:-]+|[()]|\S")
_OWN = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")
_MAX_LENGTH = 2048


def check_license(text: str) -> str:
    """Return ``text`` if it is an SPDX expression (``LicenseRef-…`` included); raise ValueError with the reason."""
    if len(text) > _MAX_LENGTH:
        raise ValueError("the license expression is too long")
    text = text.strip()
    if not is_common(text):
        reason = _trouble(text) if text else "it is empty"
        if reason:
            raise ValueError(f"{text!r} is not an SPDX license expression: {reason}")
    return text


def is_common(text: str) -> bool:
    """Whether it is ``A``, ``A OR B AND C WITH E``, of well-known names; anything else is for the library to judge."""
    words = text.split()
    names, joints = words[0::2], words[1::2]
    if len(names) != len(joints) + 1:
        return False
    for index, joint in enumerate(joints):
        if joint == "WITH" and names[index + 1] in _COMMON_EXCEPTIONS and (index == 0 or joints[index - 1] != "WITH"):
            names[index + 1] = names[index]
        elif joint not in {"AND", "OR"}:
            return False
    return all(name in _COMMON for name in names)


def _trouble(text: str) -> str | None:
    from license_expression import ExpressionError  # type: ignore[import-untyped]

    try:
        info = _licensing().validate(_OWN.sub("MIT", text), strict=True)
    except (ExpressionError, AssertionError, AttributeError, IndexError, TypeError, ValueError) as error:
        # Broken input escapes the library in many ways: "MIT OR" is an AttributeError, "( OR MIT" a failed assertion.
        return str(error).splitlines()[0] if isinstance(error, ExpressionError) and str(error) else "it ends too early"
    if not info.errors:
        return None
    unknown = [name for name in info.invalid_symbols if name]
    return f"{', '.join(unknown)} is not in the list of licenses" if unknown else str(info.errors[0]).splitlines()[0]


@cache
def _licensing() -> Any:
    """Return the library's list of licenses: a constant, imported here because reading it takes a tenth of a second."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()
