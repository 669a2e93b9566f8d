"""HTTP pages of a pod (metrics, health), read through port-forward."""

from __future__ import annotations

import time

import h11

from .errors import CannotRead
from .kube import Api, Deadline
from .streams import Tunnel


def http_get(
    api: Api, namespace: str, pod: str, port: int, path: str, *, seconds: float, cap: int
) -> tuple[int, bytes]:
    """One HTTP GET to a pod's port through a tunnel: status and body (at most CAP bytes). Raises CannotRead."""
    deadline = Deadline.after(seconds)
    began = time.monotonic()
    with Tunnel(api, namespace, pod, port, deadline) as tunnel:
        try:
            return _page(tunnel, path, cap)
        except h11.RemoteProtocolError as problem:
            reason = f"no whole HTTP answer: {problem}"
        except OSError as problem:
            reason = str(problem)
    taken = time.monotonic() - began
    raise CannotRead("read", f"http port {port}{path} of {namespace}/{pod}", f"{reason} ({taken:.1f} s)")


def _page(tunnel: Tunnel, path: str, cap: int) -> tuple[int, bytes]:
    """HTTP/1.1, whose answers tell their own end: the stream's close can come a second after it."""
    connection = h11.Connection(our_role=h11.CLIENT)
    asked = h11.Request(
        method="GET", target=path, headers=[("Host", "localhost"), ("Accept", "*/*"), ("Connection", "close")]
    )
    tunnel.send(connection.send(asked) + connection.send(h11.EndOfMessage()))
    status, body = 0, bytearray()
    while len(body) < cap:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(tunnel.some())
        elif isinstance(event, h11.Response):
            status = event.status_code
        elif isinstance(event, h11.Data):
            body += event.data
        elif not isinstance(event, h11.InformationalResponse):
            break
    return status, bytes(body[:cap])
