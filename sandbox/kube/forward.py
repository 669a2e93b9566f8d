"""The server's side of port-forward: a WebSocket (v4.channel.k8s.io) to a port of a pretend pod."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from typing import Protocol

PROTOCOL = "v4.channel.k8s.io"
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
BINARY, CLOSE, PING, PONG = 2, 8, 9, 10
LONGEST = 1 << 20
BUFFERED, CHUNK = 2048, 4096
"""Go's net/http tells the length of a page this long at most, and cuts a longer one into chunks; bytes."""


class Stream(Protocol):
    """One connection to a port of a pod."""

    def take(self, data: bytes) -> tuple[bytes, bool]:
        """What the port answers to DATA, and whether it closes then."""


Dial = Callable[[int], Stream]
"""Opens a connection to a port. Raises ConnectionRefusedError with the kubelet's words."""


def accepted(key: str) -> str:
    """The answer to a WebSocket's key."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode()


class Channel:
    """Frames of an open WebSocket, with their first byte as the channel's number."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._lock = threading.Lock()

    def send(self, channel: int, data: bytes) -> None:
        """One frame of data. Raises OSError."""
        self.frame(BINARY, bytes([channel]) + data)

    def frame(self, code: int, body: bytes) -> None:
        """One whole frame. Raises OSError."""
        size = bytes([len(body)]) if len(body) < 126 else b"\x7f" + struct.pack("!Q", len(body))
        if 126 <= len(body) < 65536:
            size = b"\x7e" + struct.pack("!H", len(body))
        with self._lock:
            self._socket.sendall(bytes([0x80 | code]) + size + body)

    def receive(self) -> tuple[int, bytes] | None:
        """The next data frame as (channel, data); None once the other side has closed. Raises OSError."""
        while True:
            first, second = self._exactly(2)
            size = second & 0x7F
            if size == 126:
                size = struct.unpack("!H", self._exactly(2))[0]
            elif size == 127:
                size = struct.unpack("!Q", self._exactly(8))[0]
            mask = self._exactly(4) if second & 0x80 else b"\0\0\0\0"
            if size > LONGEST:
                raise ConnectionAbortedError("a frame too large")
            body = bytes(byte ^ mask[at % 4] for at, byte in enumerate(self._exactly(size)))
            code = first & 0x0F
            if code == CLOSE:
                return None
            if code == PING:
                self.frame(PONG, body)
            elif body:
                return body[0], body[1:]

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            piece = self._socket.recv(count - len(got))
            if not piece:
                raise ConnectionResetError("the other side has gone")
            got += piece
        return got


def forwarded(sock: socket.socket, port: int, dial: Dial, way: str, until: threading.Event) -> None:
    """Carry bytes until a side closes. way: of a trouble, or "". Raises OSError where the client has gone."""
    channel = Channel(sock)
    for number in (0, 1):
        channel.send(number, struct.pack("<H", port))
    if way == "silent":
        until.wait()
        return
    if way == "bad-frame":
        channel.send(0, b"\0" * (17 * 1024 * 1024))
        return
    while way == "pings" and not until.wait(0.05):
        channel.frame(PING, b"there?")
    try:
        stream = dial(port)
    except ConnectionRefusedError as problem:
        channel.send(1, str(problem).encode())
        channel.frame(CLOSE, struct.pack("!H", 1000))
        return
    while (taken := channel.receive()) is not None:
        answer, over = stream.take(taken[1]) if taken[0] == 0 else (b"", False)
        if way == "cut":
            channel.send(0, answer[: len(answer) // 2])
            return
        if answer:
            channel.send(0, answer)
        if over:
            channel.frame(CLOSE, struct.pack("!H", 1000))
            return


class Pages:
    """A port that speaks HTTP as Go's server does: a long page comes in chunks. pages: path -> (status, text)."""

    def __init__(self, pages: Mapping[str, tuple[int, str]]) -> None:
        self._pages, self._got = pages, b""

    def take(self, data: bytes) -> tuple[bytes, bool]:
        """The page that was asked for, once the request is whole."""
        self._got += data
        if b"\r\n\r\n" not in self._got:
            return b"", False
        words = self._got.split(b" ", 2)
        path = words[1].decode("latin-1").partition("?")[0] if len(words) > 1 else ""
        status, text = self._pages.get(path, (404, "404 page not found\n"))
        body = text.encode()
        head = f"HTTP/1.1 {status} {'OK' if status == 200 else 'Error'}\r\nConnection: close\r\n".encode()
        if len(body) <= BUFFERED:
            return head + b"Content-Length: %d\r\n\r\n" % len(body) + body, True
        pieces = [body[at : at + CHUNK] for at in range(0, len(body), CHUNK)]
        chunks = b"".join(b"%x\r\n" % len(piece) + piece + b"\r\n" for piece in [*pieces, b""])
        return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks, True


class Questions:
    """A port that speaks DNS over TCP. ask: the answer to a question, or None."""

    def __init__(self, ask: Callable[[bytes], bytes | None]) -> None:
        self._ask, self._got = ask, b""

    def take(self, data: bytes) -> tuple[bytes, bool]:
        """The answers to the questions that are whole."""
        self._got += data
        answers = b""
        while len(self._got) >= 2 and len(self._got) >= 2 + (size := struct.unpack("!H", self._got[:2])[0]):
            answer = self._ask(self._got[2 : 2 + size])
            self._got = self._got[2 + size :]
            answers += struct.pack("!H", len(answer)) + answer if answer is not None else b""
        return answers, False
