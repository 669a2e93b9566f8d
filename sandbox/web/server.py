"""The HTTP server behind the page: on loopback, for browsers on this machine, and for pages from here alone."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any, Self
from urllib.parse import parse_qs, quote, urlsplit

from sandbox.demo.controls import Controls
from sandbox.web import panel
from sandbox.web.acts import act
from sandbox.web.live import changes

HOST = "127.0.0.1"
STATIC = Path(__file__).parent.parent / "static"
MOST_BYTES = 200_000

_KINDS = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_PICTURES = {b"\x89PNG\r\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back to the browser."""

    body: bytes = b""
    kind: str = "application/json"
    status: HTTPStatus = HTTPStatus.OK
    headers: dict[str, str] = field(default_factory=dict)


class PageServer(ThreadingHTTPServer):
    """Serves the page from the moment that the block of `with` begins. A thread for each connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, controls: Controls, port: int) -> None:
        """port: 0 means a free one. Raises OSError where it is taken."""
        self.controls = controls
        self.closing = Event()
        super().__init__((HOST, port), _Connection)

    @cached_property
    def menu(self) -> list[panel.Json]:
        """The worlds to choose from, read when a browser first asks: the page is there before that."""
        return panel.menu()

    @property
    def url(self) -> str:
        """The address to open in a browser."""
        return f"http://{HOST}:{self.server_port}"

    def __enter__(self) -> Self:
        """Start to serve."""
        Thread(target=self.serve_forever, args=(0.05,), name="demo page", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop serving, streams included."""
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of browsers that hung up; a mistake is still printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PageServer

    def do_GET(self) -> None:
        """Answer a GET."""
        address = urlsplit(self.path)
        if not self._is_from_here():
            self._send(_said(HTTPStatus.FORBIDDEN, "This page is only for this machine."))
        elif address.path == "/api/live":
            self._stream(parse_qs(address.query).get("as", [""])[0])
        elif address.path == "/api/worlds":
            self._send(_json(self.server.menu))
        elif address.path.startswith("/pictures/"):
            self._send(self._picture(address.path.rpartition("/")[2]))
        elif address.path.startswith("/files/"):
            self._send(self._file(address.path.rpartition("/")[2]))
        else:
            self._send(_asset(address.path))

    def do_POST(self) -> None:
        """Answer a POST. Only pages from here can send JSON: another page would have to ask first, and is refused."""
        length = self.headers.get("Content-Length", "")
        if not self._is_from_here() or self.headers.get("Content-Type") != "application/json":
            self.close_connection = True
            self._send(_said(HTTPStatus.FORBIDDEN, "This page is only for this machine."))
        elif not length.isdecimal() or int(length) > MOST_BYTES:
            self.close_connection = True
            self._send(_said(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "That is too long."))
        else:
            self._send(self._done(self.rfile.read(int(length))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name in the standard library)
        """Say nothing: the terminal is for what the demo itself has to say."""

    def _is_from_here(self) -> bool:
        """Whether the browser was really sent to this server, by this server's page or by the person."""
        names = {f"{name}:{self.server.server_port}" for name in (HOST, "localhost")}
        origin = self.headers.get("Origin")
        return self.headers.get("Host") in names and (origin is None or origin.removeprefix("http://") in names)

    def _done(self, body: bytes) -> Answer:
        try:
            given = json.loads(body)
        except ValueError:
            given = None
        _, api, group, what = [*self.path.split("/"), "", "", ""][:4]
        if not isinstance(given, dict) or api != "api" or group not in ("act", "panel"):
            return _said(HTTPStatus.BAD_REQUEST, "The page sent something that makes no sense.")
        if group == "act":
            return _json(act(self.server.controls, what, given))
        try:
            panel.switch(self.server.controls, what, given)
        except (panel.NotPossible, FileNotFoundError, RuntimeError) as problem:
            return _json({"error": str(problem)})
        with self.server.controls.slack.state.changing():  # whoever watches looks again at once
            pass
        return _json({"error": ""})

    def _file(self, name: str) -> Answer:
        found = self.server.controls.slack.state.files.get(name)
        if found is None or found.content is None:
            return _said(HTTPStatus.NOT_FOUND, "There is no such file.")
        disposition = f"attachment; filename*=UTF-8''{quote(found.name, safe='')}"
        return Answer(found.content, "application/octet-stream", headers={"Content-Disposition": disposition})

    def _picture(self, name: str) -> Answer:
        """An uploaded file, where it really is a picture."""
        found = self.server.controls.slack.state.files.get(name)
        content = found.content if found is not None else None
        for start, kind in _PICTURES.items():
            if content is not None and content.startswith(start):
                return Answer(content, kind)
        return _said(HTTPStatus.NOT_FOUND, "There is no such picture.")

    def _stream(self, user: str) -> None:
        if user not in self.server.controls.slack.state.users:
            self._send(_said(HTTPStatus.NOT_FOUND, "There is no such person."))
            return
        self.close_connection = True
        self.send_response(HTTPStatus.OK)
        for name, value in {**_HEADERS, "Content-Type": "text/event-stream", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self._write(changes(self.server.controls, user, self.server.closing))

    def _write(self, events: Iterable[str]) -> None:
        for event in events:
            self.wfile.write(event.encode())
            self.wfile.flush()

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        headers = {**_HEADERS, "Content-Type": answer.kind, "Content-Length": str(len(answer.body)), **answer.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)


def _asset(path: str) -> Answer:
    """A file of the built page; nothing outside of its folder has a name here."""
    known = {f"/{each.name}": each for each in STATIC.iterdir() if each.suffix in _KINDS} if STATIC.is_dir() else {}
    found = known.get("/index.html" if path == "/" else path)
    if found is None:
        return _said(HTTPStatus.NOT_FOUND, "There is no such page.")
    return Answer(found.read_bytes(), _KINDS[found.suffix])


def _json(value: Any) -> Answer:
    return Answer(json.dumps(value, ensure_ascii=False).encode())


def _said(status: HTTPStatus, sentence: str) -> Answer:
    return Answer(json.dumps({"error": sentence}).encode(), status=status)
