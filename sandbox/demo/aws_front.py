"""One AWS in front of the clusters' own: every request is led to the account that it is about."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from socketserver import ThreadingMixIn
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from sandbox.aws import Aws
from sandbox.aws.signing import Call, read
from sandbox.demo.clusters import PretendCluster
from sandbox.demo.ports import HOST

Start = Callable[[str, list[tuple[str, str]]], object]
_SECONDS = 60.0
_PASSED = ("HTTP_AUTHORIZATION", "HTTP_HOST", "CONTENT_TYPE")
_HOP = ("connection", "transfer-encoding", "server", "date")


class AwsFront:
    """Listens from the moment that it is made. `url` is for AWS_ENDPOINT_URL."""

    def __init__(self, clusters: Sequence[PretendCluster]) -> None:
        self._clusters = clusters
        self._server = make_server(HOST, 0, self._serve, server_class=_Server, handler_class=_Quiet)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="demo aws").start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{HOST}:{self._server.server_port}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        found = self._account(read(environ, body))
        if found is None:
            start("503 Service Unavailable", [("Content-Type", "text/plain")])
            return [b"the clusters are still starting"]
        return _passed_on(found, environ, body, start)

    def _account(self, call: Call) -> Aws | None:
        """By session, then by what is asked about; any where it makes no difference. None while none is there."""
        every = [(each, running.aws) for each in self._clusters for running in each.running()]
        if call.session:
            for _, aws in every:
                key = aws.key(call.access_key)
                if key is not None and key.session == call.session:
                    return aws
        for cluster, aws in every:
            if _is_about(call, cluster):
                return aws
        return every[0][1] if every else None


def _is_about(call: Call, cluster: PretendCluster) -> bool:
    if call.service == "sts":
        return call.fields.get("RoleArn") in cluster.world.account.roles
    return call.path.split("/")[1:3] == ["clusters", cluster.name]


def _passed_on(aws: Aws, environ: dict[str, Any], body: bytes, start: Start) -> Iterable[bytes]:
    address = urlsplit(aws.url)
    query = f"?{environ['QUERY_STRING']}" if environ.get("QUERY_STRING") else ""
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=_SECONDS)
    try:
        connection.request(environ["REQUEST_METHOD"], _path(environ) + query, body, _headers(environ))
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP]
    start(f"{answer.status} {answer.reason}", kept)
    return [content]


def _path(environ: dict[str, Any]) -> str:
    """As it was sent, still quoted."""
    return str(environ.get("DEMO_PATH") or environ["PATH_INFO"])


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    names = [name for name in environ if name in _PASSED or name.startswith("HTTP_X_AMZ_")]
    return {name.removeprefix("HTTP_").replace("_", "-").title(): str(environ[name]) for name in names}


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads, block_on_close = True, False
    request_queue_size = 128


class _Quiet(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        """With the path as it was sent besides."""
        return {**super().get_environ(), "DEMO_PATH": self.path.partition("?")[0]}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the class above
        """Say nothing on the terminal."""
