"""Documents of remote channels: asked for, kept, asked for again; what servers may not do."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from builder.environment.access import Access
from builder.environment.place import channel_place
from builder.environment.web import Kept, TooManyError, opened
from builder.errors import BakehouseError, MachineError, UsageError
from builder.model.policy import Policy
from builder.store import Store

Answer = tuple[int, dict[str, str], bytes]


class Script:
    """A server that answers a request for a path with the next of its answers, the last one for ever."""

    def __init__(self, answers: dict[str, list[Answer]]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""


@contextmanager
def serving(**answers: list[Answer]) -> Iterator[Script]:
    script = Script({f"/{path}": listed for path, listed in answers.items()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            script.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            listed = script.answers.get(self.path, [(404, {}, b"")])
            code, headers, body = listed.pop(0) if len(listed) > 1 else listed[0]
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            if "content-length" not in headers:
                self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def get(store: Store, script: Script, path: str = "x", *, most: int = 1000, **access: Any) -> Kept | None:
    async def ask() -> Kept | None:
        async with opened(store, Access(**access)) as web:
            return await web.document(channel_place(script.url), f"{script.url}/{path}", most=most)

    return asyncio.run(ask())


def fixed(store: Store, script: Script, body: bytes, **access: Any) -> Path | None:
    async def ask() -> Path | None:
        async with opened(store, Access(**access)) as web:
            digest = hashlib.sha256(body).hexdigest()
            return await web.fixed(channel_place(script.url), f"{script.url}/x", digest, most=1000)

    return asyncio.run(ask())


def test_what_has_not_changed_is_not_sent_again(store: Store) -> None:
    etag = {"ETag": '"1"', "Last-Modified": "Fri, 21 Nov 2025 10:00:00 GMT"}
    with serving(x=[(200, etag, b"one"), (304, {}, b""), (200, {"ETag": '"2"'}, b"two")]) as script:
        first = get(store, script)
        assert first is not None
        assert first.path.read_bytes() == b"one"
        assert "if-none-match" not in script.asked[0][1]
        assert get(store, script) == first
        assert script.asked[1][1]["if-none-match"] == '"1"'
        assert script.asked[1][1]["if-modified-since"] == etag["Last-Modified"]
        second = get(store, script)
        assert second is not None
        assert second.path.read_bytes() == b"two"
        assert get(store, script, offline=True) == second
        assert len(script.asked) == 3


def test_a_time_of_a_moment_ago_is_no_tag(store: Store) -> None:
    now = formatdate(usegmt=True)
    with serving(x=[(200, {"Last-Modified": now}, b"one"), (200, {"Last-Modified": "yesterday"}, b"two")]) as script:
        for _ in range(3):
            get(store, script)
        assert all("if-modified-since" not in headers for _, headers in script.asked)


def test_a_server_without_tags_is_believed_each_time(store: Store) -> None:
    with serving(x=[(200, {}, b"one"), (200, {}, b"two")]) as script:
        found = [get(store, script), get(store, script)]
        assert [one.path.read_bytes() for one in found if one] == [b"one", b"two"]


def test_what_the_store_lost_is_fetched_whole(store: Store) -> None:
    with serving(x=[(200, {"ETag": '"1"'}, b"one")]) as script:
        found = get(store, script)
        assert found is not None
        found.path.unlink()
        (remembered,) = (store.root / "index_cache").iterdir()
        assert get(store, script) == found
        assert "if-none-match" not in script.asked[1][1]
        remembered.write_bytes(b"torn")
        assert get(store, script) == found


@pytest.mark.parametrize("code", [403, 404, 410])
def test_what_is_not_there_is_forgotten(store: Store, code: int) -> None:
    with serving(x=[(200, {"ETag": '"1"'}, b"one"), (code, {}, b"")]) as script:
        assert get(store, script) is not None
        assert get(store, script) is None
        assert get(store, script, offline=True) is None


def test_a_server_that_is_tired_is_asked_again(store: Store) -> None:
    with serving(x=[(503, {}, b""), (200, {}, b"one")]) as script:
        found = get(store, script)
        assert found is not None
        assert len(script.asked) == 2


@pytest.mark.parametrize(
    ("answer", "why"),
    [((401, {}, b""), "401"), ((500, {}, b""), "500"), ((200, {"content-length": "9"}, b"short"), "peer closed|incomplete")],
)  # fmt: skip
def test_a_server_that_gives_nothing(store: Store, answer: Answer, why: str) -> None:
    with (
        serving(x=[answer]) as script,
        pytest.raises(MachineError, match=f"a channel cannot be asked: .*(?:{why})") as caught,
    ):
        get(store, script)
    assert f"{script.url}/x" in caught.value.problems[0].message
    assert not list((store.root / "files").rglob("*")) if (store.root / "files").exists() else True


def test_no_more_is_taken_than_allowed(store: Store) -> None:
    with serving(x=[(200, {}, b"x" * 1001)]) as script, pytest.raises(UsageError, match="more than 1,000 bytes"):
        get(store, script)


def test_redirects(store: Store) -> None:
    with serving(y=[(200, {}, b"there")]) as other:
        where = {"Location": f"{other.url}/y"}
        with serving(x=[(302, where, b"")], here=[(301, {"Location": "/z"}, b"")], z=[(200, {}, b"z")], loop=[(302, {"Location": "/loop"}, b"")]) as script:  # fmt: skip
            inside, away = get(store, script, "here"), get(store, script)
            assert inside is not None
            assert inside.path.read_bytes() == b"z"
            assert away is not None
            assert away.path.read_bytes() == b"there"
            with pytest.raises(MachineError, match="leads on more than 5 times"):
                get(store, script, "loop")
            asked = len(other.asked)
            with pytest.raises(UsageError, match=r"the server of .* leads elsewhere") as caught:
                get(store, script, policy=Policy(farm=True))
            assert caught.value.problems[0].code == "environment.host"
            assert len(other.asked) == asked, "on a farm nobody is asked whom the farm does not name"
            assert get(store, script, policy=Policy(farm=True, hosts=("127.0.0.1",))) is not None


@pytest.mark.parametrize(
    "there", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://u@127.0.0.1/"]
)
def test_redirects_to_what_is_no_server(store: Store, there: str) -> None:
    with serving(x=[(302, {"Location": there}, b"")]) as script, pytest.raises(BakehouseError):
        get(store, script)


def test_a_shard_is_asked_for_twice_at_most(store: Store) -> None:
    with serving(x=[(200, {}, b"bad"), (200, {}, b"good")]) as script:
        path = fixed(store, script, b"good")
        assert path is not None
        assert path.read_bytes() == b"good"
        assert fixed(store, script, b"good") == path
        assert fixed(store, script, b"good", offline=True) == path
        assert fixed(store, script, b"other", offline=True) is None
        assert len(script.asked) == 2
    with serving(x=[(200, {}, b"bad")]) as script, pytest.raises(UsageError, match=r"other bytes than .* came twice"):
        fixed(store, script, b"good too")
    assert len(script.asked) == 2
    assert store.file(hashlib.sha256(b"bad").hexdigest()) is None, "what is wrong is not kept"
    with serving() as script:
        assert fixed(store, script, b"none") is None


# -- packages ------------------------------------------------------------------------------------------------------------


def package(store: Store, script: Script, target: Path, *, most: int = 1000, **access: Any) -> bool:
    async def ask() -> bool:
        async with opened(store, Access(**access)) as web:
            return await web.package(channel_place(script.url), f"{script.url}/x", target, most=most)

    return asyncio.run(ask())


def test_a_package_is_written_whole(store: Store, tmp_path: Path) -> None:
    with serving(x=[(503, {}, b"half"), (200, {}, b"all of it")]) as script:
        assert package(store, script, tmp_path / "here")
    assert (tmp_path / "here").read_bytes() == b"all of it"


def test_a_package_that_is_not_there(store: Store, tmp_path: Path) -> None:
    with serving() as script:
        assert not package(store, script, tmp_path / "here")


def test_a_package_larger_than_its_record_says(store: Store, tmp_path: Path) -> None:
    with serving(x=[(200, {}, b"12345678")]) as script:
        assert package(store, script, tmp_path / "here", most=8)
        with pytest.raises(TooManyError):
            package(store, script, tmp_path / "there", most=7)


def test_a_packages_server_leads_a_farm_nowhere(store: Store, tmp_path: Path) -> None:
    with serving(y=[(200, {}, b"here")]) as other:
        there = f"{other.url}/y"
        with serving(x=[(302, {"location": there}, b"")]) as script:
            with pytest.raises(UsageError, match="leads elsewhere"):
                package(store, script, tmp_path / "refused", policy=Policy(farm=True))
            assert other.asked == [], "nobody is asked whom the farm does not name"
            assert package(store, script, tmp_path / "named", policy=Policy(farm=True, hosts=("127.0.0.1",)))
            assert package(store, script, tmp_path / "laptop")
    assert (tmp_path / "named").read_bytes() == (tmp_path / "laptop").read_bytes() == b"here"
