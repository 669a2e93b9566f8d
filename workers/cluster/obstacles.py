"""Why no answer came, told from the errors of sockets, TLS and HTTP libraries in a sentence for people."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import urllib3
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError
from urllib3.exceptions import SSLError as PoolSSLError

from .errors import Why


def causes(problem: BaseException) -> Iterator[BaseException]:
    """PROBLEM and all that led to it."""
    seen: set[int] = set()
    todo: list[BaseException | None] = [problem]
    while todo:
        one = todo.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        reason = getattr(one, "reason", None)
        todo += [one.__cause__, one.__context__, reason if isinstance(reason, BaseException) else None]


def explain(problem: BaseException, host: str) -> tuple[str, Why]:
    """Why no answer came from HOST, as a sentence, and the kind of obstacle."""
    chain = list(causes(problem))
    place = host.rsplit("://", maxsplit=1)[-1]
    if any(isinstance(one, (socket.gaierror, NameResolutionError)) for one in chain):
        return (
            f"the machine that dnsmedic runs on cannot resolve {place}: its own DNS, not the cluster's",
            Why.OWN_DNS,
        )
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"the TLS certificate of {place} is not trusted: {one.verify_message}", Why.UNREACHABLE
    if any(isinstance(one, (ssl.SSLError, PoolSSLError)) for one in chain):
        return f"TLS with {place} failed", Why.UNREACHABLE
    if any(isinstance(one, ConnectionRefusedError) for one in chain):
        return f"{place} refuses the connection", Why.UNREACHABLE
    if any(isinstance(one, (TimeoutError, urllib3.exceptions.TimeoutError)) for one in chain):
        connecting = any(isinstance(one, (NewConnectionError, urllib3.exceptions.ConnectTimeoutError)) for one in chain)
        return (
            f"{place} {'cannot be reached: no connection' if connecting else 'gave no answer'} within its time",
            Why.TIMEOUT,
        )
    if any(isinstance(one, (ConnectionResetError, urllib3.exceptions.ProtocolError)) for one in chain):
        return f"{place} broke the connection off", Why.UNREACHABLE
    if any(isinstance(one, (NewConnectionError, MaxRetryError, OSError)) for one in chain):
        return f"{place} cannot be reached", Why.UNREACHABLE
    return f"{place} gave no usable answer ({type(problem).__name__})", Why.OTHER
