"""How bot and workers talk to Redis: clients that wait out a restart, and transactions."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from redis import Redis, WatchError
from redis.backoff import ExponentialWithJitterBackoff
from redis.client import Pipeline
from redis.exceptions import RedisError
from redis.retry import Retry

from contract import crashpoints

T = TypeVar("T")
log = logging.getLogger(__name__)

DAY = 24 * 3600
"""Seconds that facts, evidence and the texts of posts are kept at the most."""

QUARTER = 90 * DAY
"""Seconds that verdicts, their arguments and the audit are kept."""

AFTER_ERROR = 1.0
"""Seconds after which `repeat` looks again for a Redis that is away."""

_TRIES = 200
_LONGEST_PAUSE = 1.0


def connect(url: str, *, patience: float = 0.0, timeout: float = 5.0) -> Redis:
    """A client that answers in bytes; nothing is asked before its first command.

    patience: seconds for which it waits for a Redis that is away or restarts, before it raises ConnectionError.
    timeout: seconds for one answer.
    """
    retries = 4 + int(patience / _LONGEST_PAUSE * 2) if patience else 0
    pauses = ExponentialWithJitterBackoff(cap=_LONGEST_PAUSE, base=0.05)
    return Redis.from_url(
        url,
        driver_info=None,  # else each connection reads the metadata of a package to tell Redis its version
        socket_timeout=timeout,
        socket_connect_timeout=min(timeout, 5.0),
        retry=Retry(pauses, retries),
        health_check_interval=30,
    )


def atomically(redis: Redis, work: Callable[[Pipeline], T], *watched: str) -> T:
    """What `work` returns, once all that it queued was written at a time, with no watched key changed in between.

    `work` reads through the pipe it gets, then calls `multi()` on it and queues its writes; or queues nothing. It runs
    again when a watched key changed, or when the connection was lost: then its writes may have been made already, so
    that writing them twice must do no harm. Raises RedisError where Redis stays away or refuses.
    """
    return answered(redis, work, *watched)[0]


def answered(redis: Redis, work: Callable[[Pipeline], T], *watched: str) -> tuple[T, list[Any]]:
    """The same as `atomically`, and what Redis answered to each thing that was queued; [] where nothing was."""
    for attempt in range(_TRIES):
        with redis.pipeline() as pipe:
            try:
                pipe.watch(*watched)  # type: ignore[no-untyped-call]
                result, answers = work(pipe), []
                if len(pipe):
                    crashpoints.reach()
                    answers = pipe.execute()
                    crashpoints.reach()
                return result, answers
            except WatchError:
                time.sleep(random.uniform(0, min(0.001 * 2**attempt, 0.05)))  # noqa: S311 - spreads retries
    raise WatchError("too many others write here")


def repeat(over: threading.Event, act: Callable[[], float]) -> None:
    """Act again and again, after as many seconds as it returned, until it is over; Redis may be away meanwhile, told once."""
    wait, away = 0.0, False
    while not over.wait(wait):
        try:
            wait = act()
        except RedisError as problem:
            if not away:
                log.warning("Redis does not answer: %s", problem)
            wait, away = AFTER_ERROR, True
        else:
            if away:
                log.info("Redis answers again")
            away = False


def store(pipe: Pipeline, key: str, fields: Mapping[str, str | bytes | float], seconds: int) -> None:
    """Set these fields of a hash, which is then kept for so long, when the pipe is executed."""
    pipe.hset(key, items=[word for field in fields.items() for word in field])
    pipe.expire(key, seconds)


def text(value: object) -> str:
    """What Redis answered, as text; "" for nothing."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return "" if value is None else str(value)


def whole(value: object) -> int:
    """What Redis answered, as a whole number; 0 for nothing."""
    return int(text(value) or 0)


def clock(redis: Redis) -> float:
    """Unix seconds by the clock of Redis, which all processes share."""
    seconds, micros = redis.time()
    return float(seconds) + float(micros) / 1e6
