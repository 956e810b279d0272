"""Names that only the session knows, ``${{ PREFIX }}``, in scripts whose interpreter is no shell."""

from __future__ import annotations

import re
from collections.abc import Mapping

from builder.errors import RecipeError

_LATE = re.compile(r"\$\{\{ ([A-Z][A-Z0-9_]*) \}\}")


def filled(text: str, values: Mapping[str, str]) -> str:
    """Return ``text`` with late names replaced by the values of variables, as rattler-build does.

    Raises `RecipeError` for a name that is no variable.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise RecipeError(
                f"the script asks for ${{{{ {match[1]} }}}}, which neither the recipe nor the session sets",
                code="script.variable",
                remedy="set it in script.env, or read it from the environment where the script needs it",
            )
        return values[match[1]]

    return _LATE.sub(value, text)
