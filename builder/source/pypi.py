"""Finds a file of a project in a simple index (PEP 503, 691)."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING

from builder.model.frozen import frozen
from builder.source.address import PypiFile, join, shown
from builder.source.connection import TransferError
from builder.source.transfer import Answer, Transfer

if TYPE_CHECKING:  # costs a quarter of a second: imported when an index is really asked
    from pypi_simple import ProjectPage

_JSON = "application/vnd.pypi.simple.v1+json"
_ACCEPT = f"{_JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


@frozen
class Found:
    """Where a file lies, and its sha256 as the index gives it."""

    address: str
    sha256: str | None


async def find(transfer: Transfer, base: str | None, wanted: PypiFile) -> Found:
    """Return where ``wanted`` is; `TransferError` when the index does not know it."""
    name = re.sub(r"[-_.]+", "-", wanted.project).lower()
    if base is None:
        base = await asyncio.to_thread(_default_index)
    page_address = f"{join(base, name)}/"
    if page_address.startswith("file:"):
        page_address += "index.html"
    answer = await transfer.read(page_address, _ACCEPT, base=base)
    page = await asyncio.to_thread(_parse, answer, wanted.project)
    files = {package.filename: package for package in page.packages}
    package = files.get(wanted.file)
    if package is None:
        there = sorted(file for file, other in files.items() if other.version == wanted.version)
        known = f"; of version {wanted.version} it has {', '.join(there[:6])}" if there else ", and not that version"
        raise TransferError("missing", f"the index at {shown(page_address)} has no file {wanted.file}{known}")
    if package.version is not None and package.version != wanted.version:
        raise TransferError("wrong", f"{wanted.file} is version {package.version}, not {wanted.version}")
    return Found(address=package.url, sha256=package.digests.get("sha256"))


def _default_index() -> str:
    from pypi_simple import PYPI_SIMPLE_ENDPOINT

    address: str = PYPI_SIMPLE_ENDPOINT
    return address


def _parse(answer: Answer, project: str) -> ProjectPage:
    from bs4.exceptions import ParserRejectedMarkup
    from pypi_simple import ProjectPage, UnsupportedRepoVersionError

    try:
        if answer.media_type == _JSON:
            return ProjectPage.from_json_data(json.loads(answer.body), answer.address)
        return ProjectPage.from_html(project, answer.body, base_url=answer.address)
    except (
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
        ParserRejectedMarkup,
        UnsupportedRepoVersionError,
    ) as error:
        raise TransferError("network", f"the index at {shown(answer.address)} is not understood: {error}") from error
