"""Answers before Slack gives up: work with Redis runs in threads of its own, and is not waited for for ever.

Slack allows three seconds. Each answer of Redis has a time-out of its own, but a slow Redis is slow for every one of
them, so the whole has a limit too. And while Redis hangs, those who ask next are told at once, instead of filling all
threads with waiting: few threads do the work, as more of them only get in each other's way.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from time import monotonic
from typing import TypeVar

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTooSlow

T = TypeVar("T")
F = TypeVar("F")
log = logging.getLogger(__name__)

SECONDS = 2.3
"""For all of the work that one answer needs."""

REDIS_SECONDS = 1.2
"""For one answer of Redis."""

_THREADS = 3
_PAUSE = 1.0


class Deadline:
    """Runs work and answers in time, whatever becomes of the work. Threads may share it."""

    def __init__(self, seconds: float = SECONDS, pause: float = _PAUSE) -> None:
        """seconds: for one answer. pause: for which Redis is left alone once it was too slow."""
        self.seconds = seconds
        self.pause = pause
        self._slow_until = 0.0
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="redis-work")

    def within(self, work: Callable[[], T], failed: F, late: F) -> T | F:
        """What `work` returns; `failed` where it did not begin or Redis refused, `late` where nobody can tell."""
        if monotonic() < self._slow_until:
            return failed
        future = self._pool.submit(self._unless_slow, work, failed)
        try:
            return future.result(self.seconds)
        except (TooLate, RedisTooSlow):
            self._slow_until = monotonic() + self.pause
            log.warning("Redis is too slow")
            return failed if future.cancel() else late
        except RedisError as error:
            log.warning("Redis failed: %s", type(error).__name__)
            return failed

    def _unless_slow(self, work: Callable[[], T], failed: F) -> T | F:
        """What `work` returns, if nobody found Redis slow while this waited for its turn."""
        return failed if monotonic() < self._slow_until else work()

    def close(self) -> None:
        """Start no more work; what is under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
