"""The two ways in which Slack reaches the bot: it calls us over HTTP, or we hold a socket to it."""

from __future__ import annotations

import contextlib
import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from waitress.server import create_server

from bot.intake import MOST_OF_AN_INTERACTION, Intake
from bot.settings import Settings

log = logging.getLogger(__name__)

THREADS = 24
"""Requests that are answered at once; the rest waits its turn, which comes within milliseconds or the deadline."""


@dataclass(frozen=True, slots=True)
class Serving:
    """run: serves until the process is told to stop. ready: whether it can answer Slack now."""

    run: Callable[[], None]
    ready: Callable[[], bool]


class HttpServer:
    """A threaded HTTP server, which is bound once it is made.

    It reads a whole request before a thread sees it, so that slow senders hold none.
    """

    def __init__(self, intake: Intake, address: tuple[str, int]) -> None:
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        self._server: Any = create_server(
            intake,
            map=self._sockets,
            host=address[0],
            port=address[1],
            threads=THREADS,
            connection_limit=1000,
            backlog=1024,
            channel_timeout=10,
            max_request_body_size=MOST_OF_AN_INTERACTION + 1,
            max_request_header_size=16 * 1024,
            asyncore_use_poll=True,
            ident=None,
        )

    @property
    def port(self) -> int:
        """The port that it is bound to."""
        return int(self._server.effective_port)

    def run(self) -> None:
        """Serve until `stop`, or until SystemExit is raised in this thread; what is under way is finished."""
        self._server.run()
        self._server.task_dispatcher.shutdown()
        self._server.close()

    def stop(self) -> None:
        """End `run` from another thread: its loop ends when it has nothing left to watch."""
        with contextlib.suppress(OSError):  # somebody else's wake-up has run it, and it closed the trigger
            self._server.trigger.pull_trigger(self._forget)

    def _forget(self) -> None:
        watched = list(self._sockets.values())
        self._sockets.clear()
        for one in watched:
            one.close()


def over_http(intake: Intake, settings: Settings) -> Serving:
    """Serve HTTP on the configured address, for a proxy with TLS in front."""
    server = HttpServer(intake, settings.http)
    stopping = threading.Event()

    def run() -> None:
        _on_stop(stopping, _exit)
        log.info("listening on %s:%d", *settings.http)
        server.run()

    return Serving(run, lambda: not stopping.is_set())


def over_socket(app: App, settings: Settings) -> Serving:
    """Hold a socket to Slack: nothing has to reach us from outside."""
    handler: Any = SocketModeHandler(app, settings.app_token, concurrency=THREADS)
    stopping = threading.Event()

    def run() -> None:
        _on_stop(stopping, lambda: None)
        handler.connect()
        log.info("connected to Slack")
        stopping.wait()
        handler.close()

    return Serving(run, lambda: not stopping.is_set() and bool(handler.client.is_connected()))


def _on_stop(stopping: threading.Event, then: Callable[[], None]) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()
        then()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _exit() -> None:
    """Leave the server's loop: it takes this as the word to end its threads in order."""
    raise SystemExit(0)
