"""Asks whether the places answer that sources and packages come from; fetches nothing."""

from __future__ import annotations

from collections.abc import Iterable

_SECONDS = 10


def unreached(addresses: Iterable[str]) -> dict[str, str | None]:
    """Return for each address what went wrong, None where somebody answered, whatever they said.

    Each is asked once, for its head only, one after the other.
    """
    import httpx  # most of a tenth of a second

    found: dict[str, str | None] = {}
    with httpx.Client(timeout=_SECONDS, follow_redirects=True) as client:
        for address in dict.fromkeys(addresses):
            try:
                answer = client.head(address)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                found[address] = str(error) or type(error).__name__
            else:
                server_fails = answer.status_code >= 500
                found[address] = f"answers {answer.status_code}" if server_fails else None
    return found
