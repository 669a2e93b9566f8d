"""One HTTP connection to the pretend API server: who asks, whether they may, and the way the answer goes out."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import ssl
import struct
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from .access import Attributes, User, refusal
from .answers import Reply, failure
from .forward import PROTOCOL, accepted, forwarded
from .kinds import Place, place
from .trouble import Trouble

if TYPE_CHECKING:
    from .api import KubeApi, Listener

VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
HUGE = 256 * 1024 * 1024


class Connection(BaseHTTPRequestHandler):
    """One connection, kept alive."""

    protocol_version = "HTTP/1.1"
    server_version = "sandbox"
    disable_nagle_algorithm = True
    timeout = 120

    def setup(self) -> None:
        """TLS here and not in the thread that accepts."""
        if isinstance(self.request, ssl.SSLSocket):
            self.request.settimeout(10)
            self.request.do_handshake()
        super().setup()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the class above
        """Nothing on the terminal: `KubeApi.asked` has it all."""

    @property
    def api(self) -> KubeApi:
        """Whose connection this is."""
        return cast("Listener", self.server).api

    def do_GET(self) -> None:
        """Every method goes the same way."""
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - as http.server wants them

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        where = place(parts.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        asked = _attributes(self.command, parts.path, where)
        user = self._user()
        trouble = self.api.troubles.meets(asked.words)
        record = self.api.note(asked, user, query, body, self.headers.get("Authorization", ""))
        forwarding = where is not None and where.subresource == "portforward"
        if trouble is not None and not forwarding:
            self._misbehaves(trouble, asked, where, query, body, user, record)
        elif user is None:
            self._send(failure(401, "Unauthorized"), record)
        elif not self.api.access.allows(user, asked):
            details = {"name": asked.name, "kind": asked.resource.partition("/")[0]}
            self._send(failure(403, refusal(user, asked), details=details), record)
        elif where is not None and where.subresource == "portforward":
            self._forward(where, query, trouble, record)
        else:
            self._send(self._answer(where, query, body, user), record)

    def _user(self) -> User | None:
        authorization = self.headers.get("Authorization", "")
        if authorization.startswith("Bearer "):
            return self.api.user_of_token(authorization.removeprefix("Bearer "))
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        words = dict(cast("tuple[tuple[str, str], ...]", sum((certificate or {}).get("subject", ()), ())))
        if "commonName" in words:
            return User(name=words["commonName"], groups=(words.get("organizationName", ""),))
        return None

    def _answer(self, where: Place | None, query: dict[str, str], body: bytes, user: User) -> Reply:
        answers = self.api.answers
        if where is None:
            known = self.command == "GET" and urlsplit(self.path).path == "/version"
            return answers.version() if known else failure(404, "the server could not find the requested resource")
        return answers.read(where, query) if self.command == "GET" else self._change(where, body, user)

    def _change(self, where: Place, body: bytes, user: User) -> Reply:
        answers = self.api.answers
        kind = self.api.objects.kind(where.group, where.version, where.plural)
        try:
            sent = json.loads(body) if body else {}
        except ValueError:
            return failure(400, "the body is no JSON")
        if where.plural.endswith("subjectaccessreviews"):
            return answers.review(user, sent)
        if kind is None:
            return failure(404, "the server could not find the requested resource")
        ways = {
            "POST": lambda: answers.create(kind, where, sent),
            "PUT": lambda: answers.replace(kind, where, sent),
            "PATCH": lambda: answers.patch(
                kind, where, sent, strategic="strategic" in self.headers.get("Content-Type", "")
            ),
            "DELETE": lambda: answers.delete(kind, where),
        }
        return ways[self.command]()

    def _send(self, reply: Reply, record: Any) -> None:
        record(reply.status)
        self._head(reply.status, {"Content-Type": reply.kind, "Content-Length": str(len(reply.body)), **reply.headers})
        self.wfile.write(reply.body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    # Port-forward

    def _forward(self, where: Place, query: dict[str, str], trouble: Trouble | None, record: Any) -> None:
        self.close_connection = True
        way = trouble.way if trouble else ""
        port = query.get("ports", "")
        key = self.headers.get("Sec-WebSocket-Key", "")
        if way == "blackhole":
            self.api.stopping.wait()
            return
        if way.isdigit():
            self._send(failure(int(way), "said the server"), record)
            return
        if way in ("rst", "trickle-head"):
            self._reset() if way == "rst" else self._drip(b"HTTP/1.1 101 Switching Protocols\r\nX-Slow: " + b"s" * 600)
            return
        dial = self.api.dialler(where.namespace, where.name)
        if not port.isdigit() or not key or PROTOCOL not in self.headers.get("Sec-WebSocket-Protocol", ""):
            self._send(failure(400, "Upgrade request required"), record)
        elif dial is None:
            self._send(failure(404, f'pods "{where.name}" not found'), record)
        elif way == "upgrade-200":
            self._send(Reply(status=200, body=b"{}"), record)
        else:
            record(101)
            upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Protocol": PROTOCOL}
            accept = "bm90IHRoZSByaWdodCBrZXk=" if way == "bad-key" else accepted(key)
            self._head(101, {**upgrade, "Sec-WebSocket-Accept": accept})
            self.wfile.flush()
            try:
                forwarded(self.connection, int(port), dial, way, self.api.stopping)
            except OSError:
                return  # the client has gone

    # Misbehaviour

    def _misbehaves(
        self, trouble: Trouble, asked: Attributes, where: Place | None, query: dict[str, str], body: bytes,
        user: User | None, record: Any,
    ) -> None:  # fmt: skip
        """Carry a trouble out."""
        if trouble.way.isdigit():
            said = failure(int(trouble.way), _said(int(trouble.way), asked, user))
            self._send(Reply(status=said.status, body=said.body if trouble.body is None else trouble.body,
                             headers=dict(trouble.headers)), record)  # fmt: skip
            return
        record(200 if trouble.way != "redirect" else 302)
        if trouble.way == "lost":
            self._answer(where, query, body, user or User(name="nobody"))
            self._reset()
            self.close_connection = True
            return
        good = (
            self._answer(where, query, body, user or User(name="nobody")) if self.command == "GET" else failure(500, "")
        )
        self.close_connection = True
        ways: dict[str, Callable[[], object]] = {
            "blackhole": self.api.stopping.wait,
            "rst": self._reset,
            "trickle": lambda: self._trickle(good.body),
            "trickle-head": lambda: self._drip(b"HTTP/1.1 200 OK\r\nX-Slow: " + b"s" * 600),
            "gzip": self._zipped,
            "huge": self._huge,
            "short": lambda: self._raw(200, good.body[: len(good.body) // 2], len(good.body)),
            "truncated": lambda: self._raw(200, good.body[: len(good.body) // 2]),
            "null-items": lambda: self._raw(200, b'{"kind":"List","metadata":null,"items":null}'),
            "html": lambda: self._raw(200, b"<html><body>Please sign in</body></html>", kind="text/html"),
            "not-json": lambda: self._raw(200, b"\x00\xff\xfe"),
            "status-200": lambda: self._raw(200, failure(500, "it is not well").body),
            "body": lambda: self._raw(200, trouble.body or b""),
            "redirect": lambda: self._head(302, {"Content-Length": "0", **dict(trouble.headers)}),
        }
        ways[trouble.way]()

    def _raw(self, status: int, body: bytes, size: int | None = None, kind: str = "application/json") -> None:
        self._head(status, {"Content-Type": kind, "Content-Length": str(len(body) if size is None else size)})
        self.wfile.write(body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def _trickle(self, body: bytes) -> None:
        self._head(200, {"Content-Type": "application/json", "Content-Length": str(len(body) + 1000)})
        self._drip(body)

    def _drip(self, data: bytes) -> None:
        """One byte every tenth of a second."""
        for byte in data:
            try:
                self.connection.sendall(bytes([byte]))
            except OSError:
                return
            if self.api.stopping.wait(0.1):
                return

    def _zipped(self) -> None:
        """A small body that swells."""
        body = gzip.compress(b" " * HUGE, 1)
        self._head(
            200, {"Content-Type": "application/json", "Content-Encoding": "gzip", "Content-Length": str(len(body))}
        )
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def _huge(self) -> None:
        self._head(200, {"Content-Type": "application/json", "Content-Length": str(HUGE)})
        try:
            for _ in range(HUGE >> 20):
                self.wfile.write(b" " * (1 << 20))
        except OSError:
            return


def _said(status: int, asked: Attributes, user: User | None) -> str:
    if status == 403:
        return refusal(user or User(name="nobody"), asked)
    return "Unauthorized" if status == 401 else f"the server answers {status}"


def _attributes(method: str, path: str, where: Place | None) -> Attributes:
    verb = VERBS.get(method, method.lower())
    if where is None:
        return Attributes(verb=verb, path=path)
    if verb == "get" and not where.name:
        verb = "list"
    resource = where.plural + (f"/{where.subresource}" if where.subresource else "")
    name, namespace = where.name, where.namespace
    if where.plural == "namespaces" and not where.group:
        namespace = name
    return Attributes(verb=verb, group=where.group, resource=resource, namespace=namespace, name=name)
