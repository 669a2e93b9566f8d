"""Answers before Slack gives up: work with Redis runs in threads of its own, and is not waited for for ever.

Slack allows three seconds. Each answer of Redis has a time-out of its own, but a slow Redis is slow for every one of
them, so the whole has a limit too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
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

THREADS = 100
"""As many as requests are served at once: each may have to wait for a Redis that hangs."""


class Deadline:
    """Runs work and answers in time, whatever becomes of the work. Threads may share it."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="redis-work")

    def within(self, work: Callable[[], T], failed: F, late: F) -> T | F:
        """What `work` returns; `failed` where Redis does not do it, `late` where nobody can tell in time."""
        try:
            return self._pool.submit(work).result(self.seconds)
        except (TooLate, RedisTooSlow):
            log.warning("Redis is too slow")
            return late
        except RedisError as error:
            log.warning("Redis failed: %s", type(error).__name__)
            return failed

    def close(self) -> None:
        """Start no more work; what is under way is not waited for."""
        self._pool.shutdown(wait=False, cancel_futures=True)
