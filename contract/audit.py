"""Who asked for what, and what was refused: a record that cannot be changed without showing it.

Each entry carries a signature over itself and the entry before it, made with a key that Redis never holds. So whoever
can write to Redis can neither change an entry, nor take one out of the middle, nor add one, unseen.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping

from redis import Redis
from redis.client import Pipeline

from contract.connection import QUARTER, atomically, clock, text
from contract.signing import Key

STREAM = "audit"

_LAST = "audit:last"
_PURPOSE = "audit"
_PAGE = 1000

log = logging.getLogger("dnsmedic.audit")


class Audit:
    """The audit of all processes; kept for 90 days, and written to the log as well."""

    def __init__(self, redis: Redis, key: Key) -> None:
        self.redis = redis
        self.key = key
        self._alone = threading.Lock()

    def append(self, *events: Mapping[str, object]) -> None:
        """Add entries, in this order: plain words and numbers, no secrets. Raises RedisError where they were not kept.

        They are in the log in any case. None of them is added without those before it.
        """
        bodies = [json.dumps(dict(event), sort_keys=True, ensure_ascii=False, default=str) for event in events]
        for body in bodies:
            log.info("audit %s", body)
        now = clock(self.redis)
        tried: list[str] = []

        def work(pipe: Pipeline) -> None:
            before = text(pipe.get(_LAST))
            if before in tried:
                return  # the answer to the first try was lost, not the entries
            pipe.multi()
            tried.append(self._add(pipe, bodies, before, now))

        with self._alone:
            atomically(self.redis, work, _LAST)

    def _add(self, pipe: Pipeline, bodies: Iterable[str], before: str, now: float) -> str:
        """Add entries after the one with the seal BEFORE, when the pipe is executed; the seal of the last."""
        at = f"{now:.6f}"
        for body in bodies:
            seal = self.key.sign(_PURPOSE, before, at, body)
            pipe.xadd(STREAM, {"event": body, "at": at, "before": before, "seal": seal}, minid=_oldest(now))
            before = seal
        pipe.expire(STREAM, QUARTER)
        pipe.set(_LAST, before, ex=QUARTER)
        return before

    def entries(self) -> Iterator[dict[str, str]]:
        """All entries that are kept, oldest first, as they are stored."""
        start = "-"
        while page := self.redis.xrange(STREAM, start, "+", count=_PAGE):
            for _, fields in page:
                yield {text(name): text(value) for name, value in (fields or {}).items()}
            start = f"({text(page[-1][0])}"

    def broken(self) -> tuple[str, ...]:
        """What is wrong with the chain, a line for each place; () if nothing was changed, taken out or added."""
        found: list[str] = []
        before: str | None = None
        for entry in self.entries():
            at, body, seal = entry.get("at", ""), entry.get("event", ""), entry.get("seal", "")
            if not self.key.verify(seal, _PURPOSE, entry.get("before", ""), at, body):
                found.append(f"the entry of {at} is not as it was written")
            elif before is not None and entry.get("before", "") != before:
                found.append(f"entries before that of {at} are missing")
            before = seal
        if before is not None and before != text(self.redis.get(_LAST)):
            found.append("the newest entries are missing")
        return tuple(found)


def _oldest(now: float) -> str:
    return f"{int((now - QUARTER) * 1000)}-0"
