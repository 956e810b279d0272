"""Writing to streams: whatever a file is called and whatever the stream can hold."""

from __future__ import annotations

import io
import json

import pytest

from builder.report import write_document, write_text

ODD = "recipes/caf\udce9/é"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_text_is_written_whatever_the_stream_holds(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    write_text(ODD, stream)
    assert raw.getvalue().startswith(rb"recipes/caf\udce9/")


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_documents_can_be_read_back(encoding: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding)
    write_document({"file": ODD}, stream)
    assert json.loads(raw.getvalue().decode(encoding)) == {"file": ODD}


def test_documents_keep_letters_where_they_can() -> None:
    stream = io.StringIO()
    write_document(["é"], stream)
    assert stream.getvalue() == '[\n  "é"\n]\n'
