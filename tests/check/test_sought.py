"""Looking for secrets in bytes: every form, every place, once; and never a word of what was found."""

from __future__ import annotations

import base64
import json
import os
import random
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builder.check.sought import Secret, Sought
from builder.model.token import TOKENS
from builder.script.secret import forms_of
from tests.check.credentials import CREDENTIALS, signs

VALUE = "Zx9$%/hunter two=Q"


def secret(name: str, value: str) -> Secret:
    return Secret(name=name, value=value, forms=forms_of(value))


SOUGHT = Sought([secret("UPLOAD", VALUE), secret("OTHER", "another-Secret-42")])

FORMS: dict[str, bytes] = {
    "plain": VALUE.encode(),
    "base64": base64.b64encode(VALUE.encode()),
    "base64 after one byte": base64.b64encode(b"x" + VALUE.encode() + b"y"),
    "base64 after two bytes": base64.b64encode(b"xx" + VALUE.encode() + b"y"),
    "base64 of a header": base64.b64encode(b"user:" + VALUE.encode()),
    "base64 for addresses": base64.urlsafe_b64encode(VALUE.encode()),
    "hexadecimal": VALUE.encode().hex().encode(),
    "HEXADECIMAL": VALUE.encode().hex().upper().encode(),
    "an address": quote(VALUE, safe="").encode(),
    "JSON": json.dumps(VALUE)[1:-1].replace("/", "\\/").encode(),
    "reversed": VALUE[::-1].encode(),
    "UTF-16": VALUE.encode("utf-16-le"),
    "UTF-16 the other way": VALUE.encode("utf-16-be"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("before", [0, 1, 1000])
def test_a_value_is_found_in_every_form(form: str, before: int) -> None:
    found = list(SOUGHT.in_data(b"." * before + FORMS[form] + b".." * 10))
    assert [hit.secret for hit in found] == ["UPLOAD"]
    assert before <= found[0].offset <= before + 8
    assert found[0].plain == (form == "plain")
    assert "the value of UPLOAD" in found[0].what


@pytest.mark.parametrize("kind", CREDENTIALS)
def test_each_kind_of_credential_is_found_once(kind: str) -> None:
    data = b"x = " + CREDENTIALS[kind].encode() + b"\n"
    assert [hit.what for hit in SOUGHT.in_data(data * 3)] == [kind]
    assert [hit.what for hit in SOUGHT.in_data(data * 3, often=True)] == [kind] * 3
    (token,) = (token for token in TOKENS if token.what == kind)
    assert [hit.what for hit in SOUGHT.in_data(data, payload=True)] == [kind] * (token.in_payload is not None)


@pytest.mark.parametrize("place", [0, (1 << 22) - 7, 1 << 22, (1 << 22) + 5, (3 << 21) - 1])
def test_where_windows_meet_nothing_is_missed_nor_told_twice(place: int) -> None:
    data = bytearray(os.urandom(64).hex().encode() * ((1 << 23) // 128))
    for number, what in enumerate((VALUE.encode(), CREDENTIALS["a token of npm"].encode())):
        data[place + 60 * number : place + 60 * number + len(what)] = what
    found = list(SOUGHT.in_data(bytes(data)))
    assert [hit.offset for hit in found if hit.secret] == [place]
    assert len(found) in {1, 2}, "a token that follows a letter at once is a part of a word"


def test_a_value_inside_a_credential_is_that_value() -> None:
    token = CREDENTIALS["a token of GitHub"]
    for value in (token, token[8:24]):
        found = list(Sought([secret("GH", value)]).in_data(f"x {token}".encode()))
        assert [hit.secret for hit in found] == ["GH"]
    found = list(Sought([secret("PW", "hunter2-hunter2")]).in_data(b"https://me:hunter2-hunter2@example.org"))
    assert [hit.secret for hit in found] == ["PW"]


@pytest.mark.parametrize("value", ["", "short", "1234567", "       "])
def test_short_values_are_not_looked_for(value: str) -> None:
    assert list(Sought([secret("S", value)]).in_data(value.encode() * 100 + b"anything")) == []


def test_values_of_several_lines_are_found_by_each_line() -> None:
    key = "\n".join(signs(60, seed=number) for number in range(4))
    found = list(Sought([secret("KEY", key)]).in_data(key.splitlines()[2].encode()))
    assert [hit.secret for hit in found] == ["KEY"]


def test_what_was_found_is_never_shown() -> None:
    one = secret("UPLOAD", VALUE)
    assert VALUE not in repr(one)
    for hit in SOUGHT.in_data(VALUE.encode() + b" " + CREDENTIALS["a token of npm"].encode()):
        assert VALUE not in f"{hit} {hit.what}"
        assert CREDENTIALS["a token of npm"] not in f"{hit} {hit.what}"


@settings(max_examples=100)
@given(st.binary(max_size=400), st.binary(max_size=50))
def test_any_bytes_around(before: bytes, after: bytes) -> None:
    hits = [hit for hit in SOUGHT.in_data(before + VALUE.encode() + after, often=True) if hit.secret == "UPLOAD"]
    assert len(before) in {hit.offset for hit in hits}


@settings(max_examples=25)
@given(st.text(min_size=12, max_size=60).filter(lambda text: len(text.strip()) >= 12 and len(set(text)) > 4))
def test_any_value(value: str) -> None:
    data = b"\0\0" + value.encode() + b"\0\0"
    assert any(hit.secret == "S" for hit in Sought([secret("S", value)]).in_data(data))


def test_random_bytes_hold_nothing() -> None:
    data = random.Random(7).randbytes(8 << 20)
    assert list(SOUGHT.in_data(data)) == []
    assert list(SOUGHT.in_data(base64.b64encode(data[: 4 << 20]))) == []


def test_what_is_shown_has_stars() -> None:
    text = f"share/{VALUE}é: {CREDENTIALS['a token of npm']} and {VALUE[::-1]}"
    shown = SOUGHT.hidden(text)
    assert shown.startswith(f"share/{'*' * len(VALUE)}é: {'*' * 40} and ***")
    assert len(shown) == len(text)
    assert SOUGHT.hidden("nothing \udc80 here") == "nothing \udc80 here"
