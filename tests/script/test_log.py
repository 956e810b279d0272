"""The log: lines from bytes that come in any pieces, within bounds, fit to be read."""

from __future__ import annotations

import base64
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import MachineError
from builder.report.escape import escape
from builder.script import Log
from builder.script.log import LogCaps
from builder.script.masking import STARS
from builder.script.secret import forms_of

SECRET = "hunter2-hunter2"


class Heard:
    """What a log handed on and wrote."""

    def __init__(self, folder: Path) -> None:
        self.lines: list[str] = []
        self.file = folder / "logs" / "script.log"

    def log(self, **more: object) -> Log:
        return Log(self.file, on_line=self.lines.append, **more)  # type: ignore[arg-type]

    def take(self, data: bytes, step: int = 1000, **more: object) -> Log:
        with self.log(**more) as log:
            for start in range(0, len(data), step):
                log.write(data[start : start + step])
        return log

    @property
    def text(self) -> str:
        return self.file.read_bytes().decode()

    @property
    def written(self) -> list[str]:
        return self.text.removesuffix("\n").split("\n") if self.text else []


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    return Heard(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for properties, which run in it many times."""
    return tmp_path_factory.mktemp("log")


def test_lines_are_put_together_from_pieces(heard: Heard) -> None:
    with heard.log() as log:
        for piece in (b"on", b"e\ntw", b"o\n", b"\nthree"):
            log.write(piece)
    assert heard.lines == ["one", "two", "", "three"]
    assert heard.written == heard.lines
    assert log.tail == ("one", "two", "", "three")


@given(text=st.text(alphabet="ab\n", max_size=60), step=st.integers(1, 10))
def test_how_output_is_cut_into_pieces_changes_nothing(shared: Path, text: str, step: int) -> None:
    heard = Heard(shared)
    heard.take(text.encode(), step)
    assert heard.lines == (text.removesuffix("\n").split("\n") if text else [])
    assert heard.written == heard.lines


def test_a_plain_log_is_the_same_to_the_byte(heard: Heard) -> None:
    data = b"".join(
        b"[%3d%%] Building CXX object a/b-%d.o: std::move\twarning: 'x' # 1\n" % (n % 100, n) for n in range(9000)
    )
    heard.take(data, 65_536, secrets=[SECRET], names={"/opt/work": "$SRC_DIR"})
    assert heard.file.read_bytes() == data


def test_only_the_last_lines_are_kept_for_errors(heard: Heard) -> None:
    log = heard.take(b"".join(b"%d\n" % number for number in range(10)), tail=3)
    assert log.tail == ("7", "8", "9")
    assert len(heard.written) == 10


def test_bytes_that_are_no_text_do_not_stop_it(heard: Heard) -> None:
    heard.take(b"\xff\xfe ok\r\n")
    assert heard.lines == ["�� ok"]


def test_a_character_may_be_cut_in_two(heard: Heard) -> None:
    heard.take("ü\n".encode(), 1)
    assert heard.lines == ["ü"]


def test_a_second_run_begins_a_new_file(heard: Heard) -> None:
    for word in (b"first", b"second"):
        heard.take(word)
    assert heard.written == ["second"]


def test_an_error_in_between_still_leaves_the_last_line(heard: Heard) -> None:
    def fail() -> None:
        with heard.log() as log:
            log.write(b"half a li")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert heard.written == ["half a li"]


def test_a_full_disk_is_told_with_the_file() -> None:
    with (
        pytest.raises(MachineError, match="cannot write the log /dev/full"),
        Log(Path("/dev/full"), on_line=lambda _: None) as log,
    ):
        log.write(b"one\n")


HOSTILE = [
    "\x1b[31m", "\x1b]0;title\x07", "\x1bP", "\x9b2J", "\x07", "\x08", "\r", "\n", "::error::x", "##vso[x]", "##[", "--- ", "\u202e", "\u2028",
    "\x1b", "[0m", "##", "[", "travis_fold:", "x", " ",
]  # fmt: skip


@given(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=3)), st.integers(1, 9))
def test_nothing_that_steers_is_written_or_told(shared: Path, parts: list[str], step: int) -> None:
    heard = Heard(shared)
    log = heard.take("".join(parts).encode(errors="surrogatepass"), step)
    for text in (heard.text, "\n".join(heard.lines), "\n".join(log.tail)):
        assert not [
            sign for sign in text if unicodedata.category(sign) in {"Cc", "Zl", "Zp", "Cs"} and sign not in "\t\n"
        ]
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b")
        assert escape(text) == text
        assert "##[" not in text
        assert "##vso[" not in text


def forms() -> list[str]:
    return sorted(form for form in forms_of(SECRET) if len(form) >= 8)


@given(
    st.sampled_from(forms()),
    st.lists(st.integers(1, 30), min_size=1, max_size=6),
    st.sampled_from(["", "\n", "\x1b[1m", "\n  "]),
)
def test_no_form_of_a_secret_survives_however_it_is_split(
    shared: Path, form: str, cuts: list[int], between: str
) -> None:
    heard = Heard(shared)
    rest = f"before {form} after\n"
    with heard.log(secrets=[SECRET]) as log:
        for cut in cuts:
            log.write(rest[:cut].encode() + (between.encode() if 7 < cut < 7 + len(form) else b""))
            rest = rest[cut:]
        log.write(rest.encode())
    for text in (heard.text, "".join(heard.lines), "".join(log.tail)):
        assert form not in "".join(text.split())


def test_a_secret_in_two_writes_is_hidden(heard: Heard) -> None:
    with heard.log(secrets=["hunter2!"]) as log:
        log.write(b"it is hun")
        log.write(b"ter2! ok\n")
    assert heard.lines == [f"it is {STARS} ok"]
    assert heard.written == heard.lines
    assert log.tail == tuple(heard.lines)


@pytest.mark.parametrize("before", [65_530, 65_536, 65_540, 131_070, 10])
def test_a_secret_is_hidden_wherever_an_endless_line_is_cut(heard: Heard, before: int) -> None:
    heard.take(b"x" * before + SECRET.encode() + b"y" * 70_000, 4096, secrets=[SECRET])
    assert "".join(heard.lines) == "x" * before + STARS + "y" * 70_000


def test_a_wrapped_secret_is_hidden_when_its_lines_come_one_by_one(heard: Heard) -> None:
    text = base64.encodebytes(b"some text before it: " + SECRET.encode() * 6 + b" and after").decode()
    heard.take(text.encode(), 1, secrets=[SECRET])
    assert STARS in heard.text
    assert not [form for form in forms() if form in "".join(heard.text.split())]


FEW = LogCaps(head=20_000, end=10_000, line=5_000_000, shown=5_000)


def numbered(count: int) -> bytes:
    return b"".join(b"line %d\n" % number for number in range(count))


def test_of_a_flood_head_and_tail_are_kept(heard: Heard) -> None:
    log = heard.take(numbered(100_000), caps=FEW)
    assert heard.file.stat().st_size < 35_000
    assert heard.written[:2] == ["line 0", "line 1"]
    assert heard.written[-1] == "line 99999"
    assert log.tail[-1] == "line 99999"
    (said,) = [line for line in heard.written if "left out" in line]
    assert said == "(1.0 MiB of the log are left out here)"
    place = heard.written.index(said)
    for part in (heard.written[:place], heard.written[place + 1 :]):
        numbers = [int(line.removeprefix("line ")) for line in part]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))


@given(st.integers(0, 12_000), st.integers(1, 5000))
def test_nothing_is_lost_that_fits(shared: Path, count: int, step: int) -> None:
    heard = Heard(shared)
    data = numbered(count)[:29_000]
    heard.take(data, step, caps=FEW)
    assert heard.file.read_bytes() == (data if data.endswith(b"\n") or not data else data + b"\n")


def test_what_is_told_while_it_runs_is_bounded_and_ends_with_the_last_lines(heard: Heard) -> None:
    log = heard.take(numbered(100_000), caps=FEW, tail=4)
    assert sum(map(len, heard.lines)) < 7_000
    assert tuple(heard.lines[-4:]) == log.tail == ("line 99996", "line 99997", "line 99998", "line 99999")
    assert [line for line in heard.lines if str(heard.file) in line]


def test_the_end_of_a_flood_is_harmless_too(heard: Heard) -> None:
    data = numbered(100_000) + b"::error::x \x1b[31m" + SECRET.encode() + b"\nlast"
    log = heard.take(data, caps=FEW, secrets=[SECRET])
    assert heard.written[-2:] == [f": :error::x {STARS}", "last"]
    assert log.tail[-2:] == (f": :error::x {STARS}", "last")


@pytest.mark.parametrize("shift", range(0, 40, 3))
def test_a_secret_of_which_the_beginning_is_left_out_does_not_show_its_end(heard: Heard, shift: int) -> None:
    secret = "0123456789abcdefghijklmnopqrstuvwxyz"
    wrapped = "".join(f"{secret[at : at + 4]}\n" for at in range(0, len(secret), 4))
    data = numbered(9000) + wrapped.encode() + b"z" * (9_960 + shift) + b"\nlast\n"
    heard.take(data, 64, caps=FEW, secrets=[secret])
    assert not [line for line in heard.written if line in wrapped.split("\n") and len(line) == 4]


def test_a_line_without_end_leaves_a_bounded_log(heard: Heard) -> None:
    with heard.log() as log:
        for _ in range(1_000):
            log.write(b"a" * 65_536)
        log.write(b" end\nnext\n")
    assert heard.file.stat().st_size < 2_000_000
    assert heard.written[-2].endswith("a end")
    assert heard.written[-3].endswith("MiB of this line are left out)")
    assert log.tail[-1] == "next"


def test_a_line_without_end_in_a_flood(heard: Heard) -> None:
    heard.take(numbered(5_000) + b"b" * 1_000_000, caps=FEW)
    assert heard.file.stat().st_size < 100_000
    assert heard.written[-1].strip("b") == ""
