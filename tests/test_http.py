"""The HTTP server before the bot bears whatever bytes arrive: a short answer that is no 5xx, or a closed connection."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from bot.http import HttpServer
from bot.intake import Intake, Reply
from tests.running_bot import SECRET

LINE = b"POST /slack/events HTTP/1.1\r\n"
EMPTY = LINE + b"Content-Length: 0\r\n\r\n"


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server behind which nothing lies."""
    server = HttpServer(Intake((SECRET,), lambda _body, _headers: Reply(200)), ("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    yield server.port
    server.stop()
    thread.join(10)
    assert not thread.is_alive()


def _answers(port: int, sent: bytes, awaited: int) -> list[int]:
    """The statuses that come back, until so many are there; where none is to come, until the server lets us go."""
    with socket.create_connection(("127.0.0.1", port), 15) as connection:
        connection.sendall(sent)
        if not awaited:
            connection.shutdown(socket.SHUT_WR)
        got = b""
        while (not awaited or got.count(b"HTTP/1.1 ") < awaited) and (more := connection.recv(65536)):
            got += more
    return [int(part[:3]) for part in got.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    "sent, statuses",
    [
        pytest.param(b"\x16\x03\x01hello\r\n\r\n", [400], id="no HTTP"),
        pytest.param(b"GET /\xff\xfe HTTP/1.1\r\n\r\n", [400], id="a path that is no text"),
        pytest.param(LINE + b"X: " + b"a" * 60_000, [400], id="a head without end"),
        pytest.param(EMPTY, [401], id="nothing signed"),
        pytest.param(EMPTY * 3, [401] * 3, id="three at once"),
        pytest.param(LINE + b"Content-Length: 2000000\r\n\r\n" + b"a" * 2_000_000, [413], id="a body over the limit"),
        pytest.param(LINE + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", [401], id="in chunks"),
        pytest.param(LINE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", [400], id="in chunks of no length"),
        pytest.param(b"GET /slack/events HTTP/1.1\r\n\r\n", [405], id="another method"),
        pytest.param(b"POST /elsewhere HTTP/1.1\r\nContent-Length: 0\r\n\r\n", [404], id="another path"),
        pytest.param(
            b"GET /slack/events HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", [405], id="an upgrade"
        ),
        pytest.param(LINE + b"Content-Length: 10\r\n\r\nabc", [], id="a body that ends early"),
    ],
)
def test_whatever_arrives_is_answered_or_let_go(port: int, sent: bytes, statuses: list[int]) -> None:
    """Each gets its status, and the server goes on."""
    found = _answers(port, sent, len(statuses))

    assert statuses == found
    assert [401] == _answers(port, EMPTY, 1)
