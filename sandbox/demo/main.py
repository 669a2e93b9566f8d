"""Starts the demo, says what it starts, and ends all of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click

from sandbox.demo.ports import must_be_free
from sandbox.demo.running import running

PORT = 8080
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(port: int = PORT) -> int:
    """Run the demo until Ctrl-C, with its page on this port of loopback; 0 means a free one.

    Raises Refused, with the way out, where something that it needs is missing or taken.
    """
    with _interrupted_once():
        try:
            if port:
                must_be_free(port)
            with running(port, say=click.echo, opened=_invite):
                threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("Everything has ended, and nothing is left.")
    return 0


def _invite(url: str) -> None:
    click.echo(click.style(f"\n  Open {url}", bold=True) + " and type /dns-check cluster-a")
    click.echo("  Ctrl-C ends everything.\n")


@contextmanager
def _interrupted_once() -> Iterator[None]:
    """Turn the first signal that asks to end into KeyboardInterrupt; what ends by then is not disturbed by others."""

    def told(_number: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        click.echo("\nEnding everything ...")
        raise KeyboardInterrupt

    before = {number: signal.signal(number, told) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
