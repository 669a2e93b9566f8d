"""Whether the ports that the demo wants are free."""

from __future__ import annotations

import errno
import socket

from contract.refusal import Refused

HOST = "127.0.0.1"


def must_be_free(port: int) -> None:
    """Raises Refused, with the way out, where another program listens on this port of loopback."""
    with socket.socket() as probe:
        # As servers do: a port that was in use a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as problem:
            raise Refused(_said(port, problem)) from problem


def _said(port: int, problem: OSError) -> str:
    if problem.errno == errno.EADDRINUSE:
        return (
            f"Port {port} of this machine is taken by another program, perhaps by another demo.\n"
            f"End that program, or take another port: make demo PORT={port + 1}"
        )
    return f"Port {port} of this machine cannot be used: {problem.strerror}.\nTake another: make demo PORT=8080"
