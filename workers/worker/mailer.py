"""Sends what is left in threads whose worker is done or gone: Slack was away, or the worker was."""

from __future__ import annotations

import os
import socket

from redis import Redis
from slack_sdk import WebClient

from contract.leases import Fenced, Leases
from contract.outbox import Outbox
from workers.jobs.progress import ASIDE
from workers.thread import Sender

IDLE = 1.0
"""Seconds between two looks while there is nothing to send."""

_SOONEST = 0.05


class Mailer:
    """Sends from all threads that nobody else sends from, a turn each. Any number may run."""

    def __init__(self, redis: Redis, slack: WebClient) -> None:
        self.outbox = Outbox(redis)
        self.leases = Leases(redis)
        self.sender = Sender(redis, slack)
        self.holder = f"{ASIDE} mailer {socket.gethostname()} {os.getpid()}"

    def round(self) -> float:
        """One turn for each thread that waits; the seconds until the next round. Raises RedisError."""
        waits = [self._turn(name) for name in self.outbox.unsent() if not self.leases.taken(name)]
        return min([max(_SOONEST, wait) for wait in waits if wait is not None] + [IDLE])

    def _turn(self, name: str) -> float | None:
        lease = self.leases.take(name, self.holder)
        if lease is None:
            return None
        try:
            wait = self.sender.turn(lease)
            if wait is None:
                self.outbox.forget(name)
            return wait
        except Fenced:
            return None
        finally:
            self.leases.release(lease)
