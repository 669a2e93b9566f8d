"""The two ways in which Slack reaches the bot: it calls us over HTTP, or we hold a socket to it."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.http import COMMANDS, PRESSES, HttpServer
from bot.intake import Intake
from bot.settings import Settings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Serving:
    """run: serves until the process is told to stop. ready: whether it can answer Slack now."""

    run: Callable[[], None]
    ready: Callable[[], bool]


def over_http(intake: Intake, settings: Settings) -> Serving:
    """Serve HTTP on the configured address, for a proxy with TLS in front."""
    server = HttpServer(intake, settings.http)
    stopping = threading.Event()

    def run() -> None:
        _on_stop(stopping, server.stop)
        log.info("listening on %s:%d", *settings.http)
        server.run()

    return Serving(run, lambda: not stopping.is_set())


def over_socket(app: App, settings: Settings) -> Serving:
    """Hold a socket to Slack: nothing has to reach us from outside."""
    handler: Any = SocketModeHandler(app, settings.app_token, concurrency=COMMANDS + PRESSES)
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
