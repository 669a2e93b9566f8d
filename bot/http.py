"""Serves the door over HTTP: reads a whole request before a thread sees it, so that slow senders hold none."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.intake import MOST_OF_AN_INTERACTION, Intake, Reply, Request

COMMANDS = 4
"""Commands that are answered at once; the rest waits its turn, which comes within milliseconds or the deadline. More
would get in each other's way: p99 of 50 at once is a third higher with 24."""

PRESSES = 18
"""The same for what people press, send and mention, which is more, as Slack may have to be asked for each."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_MOST_OF_A_HEAD = 16 * 1024
_MOST_CONNECTIONS = 1000
_SECONDS_TO_SEND = 10.0
_SECONDS_IDLE = 75
"""Longer than the proxies before us keep an idle connection, so that none of them sends into one that we close."""


class HttpServer:
    """An HTTP server, which is bound once it is made. Raises OSError where the address is not to be had."""

    def __init__(self, intake: Intake, address: tuple[str, int]) -> None:
        logging.getLogger("uvicorn").setLevel(logging.ERROR)  # what callers send is ours to log
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = socket.create_server(address, family=family, backlog=1024)
        self._threads = _Threads()
        self._server = _Server(
            uvicorn.Config(
                _Front(intake, self._threads),
                http=_Connection,
                ws="none",
                lifespan="off",
                interface="asgi3",
                loop="asyncio",
                backlog=1024,
                timeout_keep_alive=_SECONDS_IDLE,
                timeout_graceful_shutdown=5,
                proxy_headers=False,
                server_header=False,
                date_header=False,
                access_log=False,
                log_config=None,
            )
        )

    @property
    def port(self) -> int:
        """The port that it is bound to."""
        return int(self._socket.getsockname()[1])

    def run(self) -> None:
        """Serve until `stop`; what is under way is finished."""
        self._server.run(sockets=[self._socket])
        self._threads.shutdown()

    def stop(self) -> None:
        """End `run`, from another thread or a signal's handler."""
        self._server.should_exit = True


class _Threads:
    """The threads that answer: commands never wait for those who wait for Slack."""

    def __init__(self) -> None:
        self._commands = ThreadPoolExecutor(COMMANDS, thread_name_prefix="command")
        self._presses = ThreadPoolExecutor(PRESSES, thread_name_prefix="press")

    def for_(self, body: str) -> ThreadPoolExecutor:
        """Those for a request with this body: a press, an event (which is JSON), or else a command."""
        return self._presses if body.startswith(("payload=", "{")) else self._commands

    def shutdown(self) -> None:
        """Wait for what is under way."""
        self._commands.shutdown()
        self._presses.shutdown()


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the process, which has more to end than this."""
        yield


class _Front:
    """The ASGI application: reads a request, has the door look at it, and lets a thread answer what gets through."""

    def __init__(self, intake: Intake, threads: _Threads) -> None:
        self.intake = intake
        self.threads = threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, if whoever sent it still listens."""
        try:
            body = await _read(receive)
        except TimeoutError:
            await _send(send, Reply(408, "Request Timeout"), [(b"connection", b"close")])
            return
        if body is not None:
            headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
            await _send(send, await self._reply(Request(scope["method"], scope["path"], headers, body)))

    async def _reply(self, request: Request) -> Reply:
        admitted = self.intake.admit(request)
        if isinstance(admitted, Reply):
            return admitted
        threads = self.threads.for_(admitted[0])
        return await asyncio.get_running_loop().run_in_executor(threads, self.intake.accept, *admitted)


async def _read(receive: Receive) -> bytes | None:
    """The body, or more than the most that one may have; None where its sender went away. Raises TimeoutError."""
    body = bytearray()
    more = True
    async with asyncio.timeout(_SECONDS_TO_SEND):
        while more:
            event = await receive()
            if event["type"] != "http.request":
                return None
            # What is too much is read to its end, or the answer to it would be lost, but not kept.
            body += event["body"][: MOST_OF_AN_INTERACTION + 1 - len(body)]
            more = event["more_body"]
    return bytes(body)


async def _send(send: Send, reply: Reply, more: Iterable[tuple[bytes, bytes]] = ()) -> None:
    content = reply.body.encode(errors="replace")
    length = str(len(content)).encode()
    heads = [(b"content-type", reply.content_type.encode()), (b"content-length", length), *more]
    await send({"type": "http.response.start", "status": reply.status, "headers": heads})
    await send({"type": "http.response.body", "body": content})


class _Connection(HttpToolsProtocol):
    """A connection whose requests have heads of a bounded length, which come in time."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._head, self._in_body = 0, False
        self._late = self.loop.call_later(_SECONDS_TO_SEND, transport.close)
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._late.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        self._late.cancel()
        self._late = self.loop.call_later(_SECONDS_TO_SEND, self.transport.close)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head, self._in_body = 0, True
        self._late.cancel()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._head, self._in_body = 0, False
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        self._head += 0 if self._in_body else len(data)
        super().data_received(data)
        if self._head > _MOST_OF_A_HEAD and not self.transport.is_closing():
            self.send_400_response("The head of this request is too long.")
