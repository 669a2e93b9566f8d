"""Handing things to the app over Socket Mode: WebSockets that the app opened."""

from __future__ import annotations

import contextlib
import logging
import secrets
import socket
from collections.abc import Callable
from http import HTTPStatus
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request as WsRequest
from websockets.http11 import Response as WsResponse
from websockets.sync.server import Server, ServerConnection, serve

from sandbox.slack.envelopes import Envelope, Kind
from sandbox.slack.records import Ack
from sandbox.slack.wire import Json, dumps, loads

CONNECTIONS = 10
"""So many connections an app may have; each envelope goes to one of them."""


class SocketMode:
    """The WebSocket endpoint. Safe for threads; `start` and `stop` belong to the server around it."""

    def __init__(self, app_id: str, ack_seconds: float, changed: Callable[[], None]) -> None:
        self._app_id = app_id
        self._ack_seconds = ack_seconds
        self._changed = changed
        self._tickets: set[str] = set()
        self._open: list[ServerConnection] = []
        self._waiting: dict[str, tuple[Event, list[Json]]] = {}
        self._turn = 0
        self._lock = Lock()
        self._server: Server | None = None
        self.connected = 0
        """How many connections were accepted since the start."""

    def start(self) -> None:
        """Listen on loopback in a thread."""
        quiet = logging.getLogger("sandbox.slack.websocket")
        quiet.propagate = False
        quiet.addHandler(logging.NullHandler())
        self._server = serve(
            self._talk, "127.0.0.1", 0, process_request=self._admit, compression=None, logger=quiet, close_timeout=1
        )
        Thread(target=self._server.serve_forever, name="sandbox-slack-socket-mode", daemon=True).start()

    def stop(self) -> None:
        """Close every connection and stop listening."""
        if self._server is not None:
            self._server.shutdown()

    def new_url(self) -> str:
        """An address for a WebSocket, good once."""
        if self._server is None:
            raise RuntimeError("the pretend Slack is not running")
        ticket = secrets.token_hex(16)
        with self._lock:
            self._tickets.add(ticket)
        host, port = self._server.socket.getsockname()[:2]
        return f"ws://{host}:{port}/link/?ticket={ticket}&app_id={self._app_id}"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        with self._lock:
            return len(self._open)

    def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to make way for a new one, as Slack does every few hours, and close it.

        A `warning` is only a warning: nothing is closed. `link_disabled`: Socket Mode was switched off.
        """
        with self._lock:
            every = list(self._open)
            if reason != "warning":
                self._open.clear()
        for connection in every:
            _send(connection, {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            if reason != "warning":
                connection.close()

    def cut(self) -> None:
        """Lose every connection without a word, as a network does."""
        with self._lock:
            every, self._open = self._open, []
        for connection in every:
            with contextlib.suppress(OSError):
                connection.socket.shutdown(socket.SHUT_RDWR)

    def prepare(self, envelope: Envelope) -> Callable[[], Ack]:
        """Each call of the result sends the payload in an envelope of its own."""
        return lambda: self._send(envelope)

    def _send(self, envelope: Envelope) -> Ack:
        connection = self._next()
        if connection is None:
            return Ack(status=0, error="dispatch_failed")
        name, arrived, answers = secrets.token_hex(16), Event(), list[Json]()
        with self._lock:
            self._waiting[name] = (arrived, answers)
        try:
            if not _send(connection, _outer(name, envelope)):
                return Ack(status=0, error="dispatch_failed")
            if not arrived.wait(self._ack_seconds):
                return Ack(status=0, error="operation_timeout")
            return Ack(status=200, body=answers[0].get("payload", ""))
        finally:
            with self._lock:
                del self._waiting[name]

    def _next(self) -> ServerConnection | None:
        with self._lock:
            if not self._open:
                return None
            self._turn += 1
            return self._open[self._turn % len(self._open)]

    def _admit(self, connection: ServerConnection, request: WsRequest) -> WsResponse | None:
        ticket = parse_qs(urlsplit(request.path).query).get("ticket", [""])[0]
        with self._lock:
            if ticket in self._tickets:
                self._tickets.remove(ticket)
                return None
        return connection.respond(HTTPStatus.FORBIDDEN, "invalid ticket\n")

    def _talk(self, connection: ServerConnection) -> None:
        with self._lock:
            if len(self._open) >= CONNECTIONS:
                _send(connection, {"type": "disconnect", "reason": "too_many_websockets", "debug_info": {}})
                return
            count = len(self._open) + 1
        _send(connection, self._hello(count))
        with self._lock:
            self._open.append(connection)
            self.connected += 1
        self._changed()
        try:
            for message in connection:
                self._heard(message)
        except (ConnectionClosed, OSError):
            return
        finally:
            with self._lock:
                if connection in self._open:
                    self._open.remove(connection)
            self._changed()

    def _heard(self, message: str | bytes) -> None:
        value: Any = loads(message if isinstance(message, str) else message.decode("utf-8", "replace"))
        if isinstance(value, dict) and "envelope_id" in value:
            with self._lock:
                waiting = self._waiting.get(str(value["envelope_id"]))
            if waiting is not None:
                waiting[1].append(value)
                waiting[0].set()

    def _hello(self, count: int) -> Json:
        return {
            "type": "hello",
            "num_connections": count,
            "connection_info": {"app_id": self._app_id},
            "debug_info": {"host": "sandbox", "build_number": 1, "approximate_connection_time": 18060},
        }


def _outer(name: str, envelope: Envelope) -> Json:
    outer: Json = {
        "envelope_id": name,
        "type": envelope.kind.value,
        "payload": envelope.payload,
        "accepts_response_payload": envelope.kind is not Kind.EVENT,
    }
    if envelope.kind is Kind.EVENT:
        outer |= {"retry_attempt": envelope.retry, "retry_reason": envelope.reason}
    return outer


def _send(connection: ServerConnection, value: Json) -> bool:
    try:
        connection.send(dumps(value))
    except (ConnectionClosed, OSError):
        return False
    return True
