"""Port-forward: a TCP stream to a port of a pod, over one WebSocket to the API server (v4.channel.k8s.io).

The official client opens it without a time-out for the handshake, so the few frames of the protocol are read here.
Channel 0 carries the data of the first port, channel 1 its errors; each begins with the port's number.
https://kubernetes.io/docs/reference/using-api/ (WebSocket channels)
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import websocket

from .errors import CannotRead, Why
from .grants import Resource
from .kube import Api, Deadline
from .obstacles import causes, explain
from .timed_tls import until

FRAME = 16 * 1024 * 1024
HEAD = 64 * 1024


class Bounded(websocket.WebSocket):
    """A WebSocket that takes no message larger than FRAME, in however many pieces it comes."""

    _taken = 0

    def recv_data(self, control_frame: bool = False) -> Any:  # noqa: FBT001, FBT002 - the library's own signature
        """One whole message."""
        self._taken = 0
        return super().recv_data(control_frame)

    def _recv(self, bufsize: int) -> Any:
        got = super()._recv(bufsize)  # type: ignore[no-untyped-call]
        self._taken += len(got)
        if self._taken > FRAME:
            raise websocket.WebSocketProtocolException("a message too large")
        return got


class Refused(OSError):
    """The pod's end refused the connection; the text is the kubelet's."""


class Tunnel:
    """One TCP connection to a pod's port. Use it in a `with`; it may be used by one thread."""

    def __init__(self, api: Api, namespace: str, pod: str, port: int, deadline: Deadline) -> None:
        """Raises CannotRead where the API server does not open it."""
        self._what = Resource(
            verb="get,create", resource="pods", namespace=namespace, name=pod, subresource="portforward"
        )
        self._deadline, self._port, self._entry = deadline, port, api.entry
        self._buffer = bytearray()
        self._begun: set[int] = set()
        self.error = ""
        self.closed = False
        """Whether the other side has said that it ends; without that word a stream that ends is lost."""
        used = api.headers()
        try:
            self._socket = self._opened(api, used)
        except websocket.WebSocketBadStatusException as problem:
            if problem.status_code != 401 or not api.renewed(used):
                raise self._refusal(problem) from None
            self._socket = self._opened_again(api)

    def _opened_again(self, api: Api) -> websocket.WebSocket:
        try:
            return self._opened(api, api.headers())
        except websocket.WebSocketBadStatusException as problem:
            raise self._refusal(problem) from None

    def _opened(self, api: Api, headers: Mapping[str, str]) -> websocket.WebSocket:
        """The WebSocket. Raises WebSocketBadStatusException where the server answers otherwise, else CannotRead."""
        address = api.server.host.replace("https://", "wss://", 1) + f"{self._what.path}?ports={self._port}"
        try:
            with until(self._deadline.at):
                return websocket.create_connection(
                    address,
                    timeout=max(0.1, self._deadline.left),
                    header=[f"{name}: {value}" for name, value in headers.items()],
                    subprotocols=["v4.channel.k8s.io"],
                    sslopt={"context": api.server.tls()},
                    redirect_limit=0,
                    enable_multithread=False,
                    skip_utf8_validation=True,
                    suppress_origin=True,
                    class_=Bounded,
                )
        except websocket.WebSocketBadStatusException:
            raise
        except websocket.WebSocketConnectionClosedException:
            reason, why = explain(ConnectionResetError(), api.server.host)
            raise CannotRead("open", self._what.words, reason, why=why) from None
        except (websocket.WebSocketException, OSError) as problem:
            reason, why = explain(problem, api.server.host)
            raise CannotRead("open", self._what.words, reason, why=why) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it; never raises."""
        with contextlib.suppress(websocket.WebSocketException, OSError):  # it is over either way
            self._socket.shutdown()  # type: ignore[no-untyped-call]

    def send(self, data: bytes) -> None:
        """Send to the pod's port. Raises OSError."""
        self._timed()
        try:
            self._socket.send_binary(b"\x00" + data)
        except websocket.WebSocketException as problem:
            raise ConnectionResetError(str(problem)) from None

    def receive(self, count: int) -> bytes:
        """Exactly COUNT bytes. Raises TimeoutError, Refused or ConnectionResetError (both OSError)."""
        while len(self._buffer) < count:
            self._read()
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def some(self) -> bytes:
        """What came next, at least one byte; none where the other side said that it ends.

        Raises TimeoutError, Refused or ConnectionResetError (both OSError); the last where the stream is lost.
        """
        while not self._buffer:
            try:
                self._read()
            except ConnectionResetError:
                if not self.closed:
                    raise
                return b""
        taken = bytes(self._buffer)
        self._buffer.clear()
        return taken

    def _read(self) -> None:
        """One frame into the buffer."""
        self._timed()
        try:
            with until(self._deadline.at):
                code, frame = self._socket.recv_data()
        except websocket.WebSocketTimeoutException:
            raise TimeoutError("no answer through the tunnel in time") from None
        except websocket.WebSocketException:
            raise self._ended() from None
        if code == websocket.ABNF.OPCODE_CLOSE or not frame:
            self.closed = code == websocket.ABNF.OPCODE_CLOSE
            raise self._ended()
        self._take(frame[0], frame[1:])

    def _take(self, channel: int, data: bytes) -> None:
        if channel not in self._begun:
            self._begun.add(channel)
            if len(data) == 2 and struct.unpack("<H", data)[0] == self._port:
                return
        if channel == 1 and data:
            self.error = data.decode("utf-8", "replace").strip()[:1000]
            raise Refused(self.error)
        if channel == 0:
            self._buffer += data

    def _ended(self) -> OSError:
        return Refused(self.error) if self.error else ConnectionResetError("the tunnel ended")

    def _timed(self) -> None:
        if self._deadline.over:
            raise TimeoutError("no answer through the tunnel in time")
        self._socket.settimeout(self._deadline.left)

    def _refusal(self, problem: websocket.WebSocketBadStatusException) -> CannotRead:
        status = problem.status_code
        said = (problem.resp_body or b"").decode("utf-8", "replace")[:300]
        if status == 403:
            grant = f"Role dnsmedic-read in namespace {self._what.namespace}: "
            grant += '{apiGroups: [""], resources: [pods/portforward], verbs: [get, create]}'
            return CannotRead("open", self._what.words, f"403 forbidden: {said}", grant=grant, why=Why.FORBIDDEN)
        if status == 401:
            return CannotRead("open", self._what.words, "401 unauthorized", grant=self._entry, why=Why.UNAUTHORIZED)
        return CannotRead("open", self._what.words, f"{status}: {said}".strip(": "), why=Why.OTHER)


def refused(problem: BaseException) -> bool:
    """Whether the pod's own end said that nobody listens."""
    return any(isinstance(one, Refused) and "refused" in str(one) for one in causes(problem))
