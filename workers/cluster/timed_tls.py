"""TLS sockets that keep a wall-clock deadline: a server that drips a byte a second never trips a socket's own time-out."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_of_this_thread = threading.local()


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Let no reading of this thread from such a socket go past MOMENT of the monotonic clock: it raises TimeoutError."""
    before = getattr(_of_this_thread, "moment", None)
    _of_this_thread.moment = moment
    try:
        yield
    finally:
        _of_this_thread.moment = before


class TimedSocket(ssl.SSLSocket):
    """A TLS socket whose every reading ends with the deadline of its thread."""

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """As usual, within the time that is left."""
        self._hurry()
        return super().recv(buflen, flags)

    def recv_into(self, buffer: WriteableBuffer, nbytes: int | None = None, flags: int = 0) -> int:
        """As usual, within the time that is left."""
        self._hurry()
        return super().recv_into(buffer, nbytes, flags)

    def _hurry(self) -> None:
        moment: float | None = getattr(_of_this_thread, "moment", None)
        if moment is None:
            return
        left = moment - time.monotonic()
        if left <= 0:
            raise TimeoutError("its time is over")
        self.settimeout(left)


def context(
    *, cafile: str | None, cadata: str | bytes | None, certificate: str | None, key: str | None
) -> ssl.SSLContext:
    """TLS that verifies the server, whose sockets are timed. Raises OSError where a file cannot be used."""
    made: Any = ssl.create_default_context(cafile=cafile, cadata=cadata)
    made.sslsocket_class = TimedSocket
    if certificate:
        made.load_cert_chain(certificate, key)
    found: ssl.SSLContext = made
    return found
