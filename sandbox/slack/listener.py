"""The HTTP server on loopback that carries requests to the pretend Slack and its answers back."""

from __future__ import annotations

import socket
import struct
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from sandbox.slack.answers import ConnectionLost, Reply
from sandbox.slack.web import Web


class Listener(ThreadingHTTPServer):
    """Listens on 127.0.0.1 alone; a thread for each connection."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, web: Web, port: int) -> None:
        self.web = web
        super().__init__(("127.0.0.1", port), _Connection)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers that hung up; a bug is still printed."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener

    def do_GET(self) -> None:
        """Answer a GET."""
        self._serve()

    def do_POST(self) -> None:
        """Answer a POST."""
        self._serve()

    def do_PUT(self) -> None:
        """Answer a PUT."""
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name in the standard library)
        """Say nothing: every call is in the state."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        body = self.rfile.read(int(length)) if length.isdigit() else b""
        try:
            self._send(self._reply(body))
        except ConnectionLost:
            self._reset()

    def _reply(self, body: bytes) -> Reply:
        address = urlsplit(self.path)
        kind = self.headers.get("Content-Type", "")
        head, _, tail = address.path.strip("/").rpartition("/")
        if head == "api":
            query = dict(parse_qsl(address.query, keep_blank_values=True))
            return self.server.web.api(tail, dict(query), kind, self.headers.get("Authorization", ""), body)
        if head == "upload/v1":
            return self.server.web.upload(tail, kind, body)
        if head == "respond":
            return self.server.web.respond(tail, kind, body)
        return Reply(404, "not found", "text/plain")

    def _send(self, reply: Reply) -> None:
        content = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        """Close with a TCP reset, so that the caller cannot know how far it came."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        socket.close(self.connection.detach())
