"""The demo's redis-server, which can be stopped and started again and forgets nothing in between."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from threading import RLock

from sandbox import redis_server


class RedisSwitch:
    """A redis-server on one port for as long as the demo runs. Safe for threads."""

    def __init__(self, folder: Path, leash: redis_server.Leash | None = None) -> None:
        """folder: where it keeps what it must not forget. leash: what ends it where the demo is killed."""
        self._leash = leash
        self.url = ""
        self._folder = folder
        self._port = 0
        self._running = ExitStack()
        self._lock = RLock()
        self.is_on = False

    def start(self) -> None:
        """Start it, unless it runs. Raises FileNotFoundError where there is none, RuntimeError where it fails."""
        with self._lock:
            if self.is_on:
                return
            begun = redis_server.start(folder=self._folder, port=self._port, aof=True, leash=self._leash)
            server = self._running.enter_context(begun)
            self.url, self._port, self.is_on = server.url, server.port, True

    def stop(self) -> None:
        """Stop it, unless it is stopped."""
        with self._lock:
            self.is_on = False
            self._running.close()
