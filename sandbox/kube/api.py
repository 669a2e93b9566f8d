"""The pretend API server as a whole: started on loopback with TLS, and stopped with all that it runs."""

from __future__ import annotations

import contextlib
import hashlib
import socketserver
import ssl
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .access import Access, Attributes, User
from .answers import Answers
from .authority import HOST, server_context
from .connection import Connection
from .forward import Dial, Pages, Questions, Stream
from .identity import EksTokens, NotSignedIn
from .kubelet import Kubelet, View
from .objects import Objects, running
from .trouble import Troubles

POLL = 0.05


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request that came. signed: a digest of its credentials. status: what it was answered with, 0 before that."""

    attributes: Attributes
    user: User | None
    query: Mapping[str, str]
    body: bytes
    signed: str = ""
    status: int = 0

    @property
    def words(self) -> str:
        """`list pods kube-system/`."""
        return self.attributes.words


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a server serves. logs, pages, ports as in sandbox/worlds/world.py; ask: DNS by pod address, in its wire form."""

    objects: Objects
    view: View
    folder: Path
    logs: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, Mapping[str, tuple[int, str]]] = field(default_factory=dict)
    version: Mapping[str, str] = field(default_factory=dict)
    unpullable: tuple[str, ...] = ()
    ask: Callable[[str, bytes], bytes | None] = lambda _address, _wire: None
    answers_dns: Callable[[str], bool] = lambda _address: False


class Listener(socketserver.ThreadingTCPServer):
    """The listening socket; each connection has a thread."""

    daemon_threads, block_on_close, request_queue_size, allow_reuse_address = True, False, 128, True
    api: KubeApi

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the name of the class above
        """A client that breaks off is no news; anything else is a mistake of the sandbox's own, and is kept."""
        problem = sys.exception()
        if not isinstance(problem, OSError):
            self.api.crashes.append(repr(problem))


class KubeApi:
    """A running server. asked: every request so far. troubles: how it misbehaves at the moment."""

    def __init__(self, contents: Contents, context: ssl.SSLContext | None = None) -> None:
        self.objects, self.access, self.troubles = contents.objects, Access(contents.objects), Troubles()
        self.kubelet = Kubelet(self.objects, contents.view, contents.folder, unpullable=contents.unpullable)
        self.answers = Answers(self.objects, self.access, self.kubelet, contents.logs, contents.version)
        self.asked: list[Asked] = []
        self.crashes: list[str] = []
        self.stopping = threading.Event()
        self.tokens: dict[str, User] = {}
        """Static bearer tokens."""
        self.eks: EksTokens | None = None
        self.refused: list[str] = []
        """Why tokens were refused, as the audit log of a real server would tell."""
        self._contents = contents
        self._listener = Listener((HOST, 0), Connection)
        self._listener.api = self
        wrapped = (context or server_context()).wrap_socket(
            self._listener.socket, server_side=True, do_handshake_on_connect=False
        )
        self._listener.socket = wrapped
        threading.Thread(target=self._listener.serve_forever, args=(POLL,), daemon=True, name="sandbox kube").start()

    @property
    def port(self) -> int:
        """Its port on loopback."""
        return int(self._listener.server_address[1])

    @property
    def url(self) -> str:
        """Its address."""
        return f"https://{HOST}:{self.port}"

    def close(self) -> None:
        """Stop listening, let go of who waits, kill what runs."""
        self.stopping.set()
        self._listener.shutdown()
        self._listener.server_close()
        self.kubelet.close()

    def user_of_token(self, token: str) -> User | None:
        """Who a bearer token speaks for."""
        if token in self.tokens:
            return self.tokens[token]
        if self.eks is None:
            return None
        try:
            return self.eks.user(token)
        except NotSignedIn as problem:
            self.refused.append(str(problem))
            return None

    def note(
        self, attributes: Attributes, user: User | None, query: Mapping[str, str], body: bytes, authorization: str
    ) -> Callable[[int], None]:
        """Keep a request; what comes back is told its status."""
        signed = hashlib.sha256(authorization.encode()).hexdigest()[:16]
        one = Asked(attributes=attributes, user=user, query=query, body=body, signed=signed)
        self.asked.append(one)

        def answered(status: int) -> None:
            one.status = status

        return answered

    def said(self, pattern: str) -> list[Asked]:
        """The requests so far whose words begin with PATTERN."""
        return [one for one in self.asked if one.words.startswith(pattern)]

    def dialler(self, namespace: str, name: str) -> Dial | None:
        """How to connect to the ports of a pod; None where there is no such pod."""
        pods = (p for p in self.objects.every("Pod") if p["metadata"]["namespace"] == namespace)
        pod = next((p for p in pods if p["metadata"]["name"] == name), None)
        return None if pod is None else lambda port: self._dial(pod, port)

    def _dial(self, pod: Mapping[str, Any], port: int) -> Stream:
        meta, address = pod["metadata"], (pod.get("status") or {}).get("podIP", "")
        alive = running(pod)
        if port == 53 and alive and self._contents.answers_dns(address):
            return Questions(lambda wire: self._contents.ask(address, wire))
        for name in (f"{meta['namespace']}/{meta['name']}", *sorted(alive)) if alive else ():
            with contextlib.suppress(KeyError):
                return Pages(self._contents.pages[f"{name}:{port}"])
        raise ConnectionRefusedError(
            f"an error occurred forwarding {port} -> {port}: error forwarding port {port} to pod {meta['uid']}, uid : "
            f"failed to connect to localhost:{port} inside namespace: dial tcp4 127.0.0.1:{port}: connect: "
            "connection refused"
        )
