"""The time as templates see it: that of ``SOURCE_DATE_EPOCH``, for a recipe is the same whenever it is read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

EPOCH = "SOURCE_DATE_EPOCH"
"""The environment variable with the time that recipes see, in seconds since 1970."""

_LONGEST_DATE = 100


def clock_names(environment: Mapping[str, str], *, lenient: bool) -> dict[str, Any]:
    """Return ``datetime`` and ``time`` of templates, with what recipes use of Python's modules.

    Whoever asks for the time without a ``SOURCE_DATE_EPOCH`` in ``environment`` gets a `ValueError`, or the start of
    1970 while templates are read leniently.
    """

    def seconds() -> int:
        text = environment.get(EPOCH, "0" if lenient else None)
        if text is None:
            raise ValueError(f"a recipe that asks for the time needs {EPOCH}, in seconds since 1970")
        if not re.fullmatch("[0-9]{1,11}", text):
            raise ValueError(f"{EPOCH}={text!r} is not a number of seconds since 1970")
        return int(text)

    def now(*_: object) -> datetime:
        return datetime.fromtimestamp(seconds(), UTC).replace(tzinfo=None)  # as Python's utcnow: no zone is said

    return {
        "datetime": {
            "datetime": {"strptime": _strptime, "now": now, "utcnow": now, "today": now},
            "date": {"today": lambda: now().date()},
        },
        "time": {"time": lambda: float(seconds())},
    }


def _strptime(text: str, form: str) -> datetime:
    """Return a date; its form becomes a regular expression, of which there is no large one."""
    if max(len(text), len(form)) > _LONGEST_DATE:
        raise ValueError(f"a date and its form have {_LONGEST_DATE} characters at most")
    try:
        return datetime.strptime(text, form)  # noqa: DTZ007 - the recipe says the zone, or none
    except re.error as error:
        raise ValueError(f"{form!r} is no form of a date: {error}") from error
