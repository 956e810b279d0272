"""The log: lines from bytes that come in any pieces."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.script import Log
from builder.script.masking import STARS


class Heard:
    """What a log handed on and wrote."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[str] = []
        self.file = folder / "logs" / "script.log"

    def log(self, **more: object) -> Log:
        return Log(self.file, on_line=self.lines.append, **more)  # type: ignore[arg-type]

    @property
    def written(self) -> list[str]:
        return self.file.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    return Heard(tmp_path)


def test_lines_are_put_together_from_pieces(heard: Heard) -> None:
    with heard.log() as log:
        for piece in (b"on", b"e\ntw", b"o\n", b"\nthree"):
            log.write(piece)
    assert heard.lines == ["one", "two", "", "three"]
    assert heard.written == heard.lines
    assert log.tail == ("one", "two", "", "three")


@given(text=st.text(alphabet="ab\n", max_size=60), cuts=st.lists(st.integers(1, 10)))
def test_how_output_is_cut_into_pieces_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, text: str, cuts: list[int]
) -> None:
    heard = Heard(tmp_path_factory.mktemp("log"))
    data = text.encode()
    with heard.log() as log:
        for cut in cuts:
            log.write(data[:cut])
            data = data[cut:]
        log.write(data)
    assert heard.lines == (text.removesuffix("\n").split("\n") if text else [])


def test_only_the_last_lines_are_kept_for_errors(heard: Heard) -> None:
    with heard.log(tail=3) as log:
        log.write(b"".join(b"%d\n" % number for number in range(10)))
    assert log.tail == ("7", "8", "9")
    assert len(heard.written) == 10


def test_bytes_that_are_no_text_do_not_stop_it(heard: Heard) -> None:
    with heard.log() as log:
        log.write(b"\xff\xfe ok\r\n")
    assert heard.lines == ["�� ok"]


def test_a_character_may_be_cut_in_two(heard: Heard) -> None:
    with heard.log() as log:
        log.write("ü".encode()[:1])
        log.write("ü".encode()[1:] + b"\n")
    assert heard.lines == ["ü"]


def test_a_secret_in_two_writes_is_hidden(heard: Heard) -> None:
    with heard.log(secrets=["hunter2!"]) as log:
        log.write(b"it is hun")
        log.write(b"ter2! ok\n")
    assert heard.lines == [f"it is {STARS} ok"]
    assert "hunter" not in heard.file.read_text()
    assert "hunter" not in "".join(log.tail)


@pytest.mark.parametrize("before", [65_530, 65_536, 65_540, 131_070, 10])
def test_a_secret_is_hidden_wherever_an_endless_line_is_cut(heard: Heard, before: int) -> None:
    with heard.log(secrets=["hunter2hunter2"]) as log:
        data = b"x" * before + b"hunter2hunter2" + b"y" * 70_000
        for start in range(0, len(data), 4096):
            log.write(data[start : start + 4096])
    whole = "".join(heard.lines)
    assert whole == "x" * before + STARS + "y" * 70_000
    assert max(map(len, heard.lines)) <= 65_536


def test_an_endless_line_is_handed_on_in_pieces(heard: Heard) -> None:
    with heard.log() as log:
        for _ in range(40):
            log.write(b"a" * 10_000)
            assert len(log._rest) <= 65_536
    assert "".join(heard.lines) == "a" * 400_000


def test_a_flood_does_not_fill_the_disk(heard: Heard) -> None:
    with heard.log(largest=100) as log:
        for number in range(1000):
            log.write(b"line %d\n" % number)
    assert heard.file.stat().st_size < 250
    assert heard.written[-1] == "(the log is larger than is kept)"
    assert len(heard.lines) == 1000
    assert log.tail[-1] == "line 999"


def test_a_second_run_begins_a_new_file(heard: Heard) -> None:
    for word in (b"first", b"second"):
        with heard.log() as log:
            log.write(word)
    assert heard.written == ["second"]


def test_an_error_in_between_still_leaves_the_last_line(heard: Heard) -> None:
    def fail() -> None:
        with heard.log() as log:
            log.write(b"half a li")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert heard.written == ["half a li"]
