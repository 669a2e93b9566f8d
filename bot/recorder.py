"""Puts on record who asked and who was refused, without letting anybody wait for it.

Nothing that the bot does here changes a cluster, so that it goes on without a record; the log then says so.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Mapping

from redis.exceptions import RedisError

from contract.audit import Audit

log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_MOST_AT_ONCE = 200
_PAUSE = 0.2
"""Seconds in which more may come: whoever waits for an answer now needs the processor more."""


class Recorder:
    """Appends to the audit in the order in which things happened, in one thread of its own."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit
        self._waiting: queue.Queue[Mapping[str, object] | None] = queue.Queue(_MOST_WAITING)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._append_all, name="recorder", daemon=True)
        self._thread.start()

    def append(self, event: Mapping[str, object]) -> None:
        """Put an event on record soon."""
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            log.error("not on record, too much waits: %s", event)  # noqa: TRY400 - the event says more than the trace

    def close(self) -> None:
        """Put on record what waits, and end."""
        self._ending.set()
        self._waiting.put(None)
        self._thread.join()

    def _append_all(self) -> None:
        while events := self._next():
            try:
                self.audit.append(*events)
            except RedisError as error:
                for event in events:
                    log.error("not on record (%s): %s", type(error).__name__, event)  # noqa: TRY400 - as above

    def _next(self) -> list[Mapping[str, object]]:
        """The next events, as many as wait: each write costs as much for one as for many. [] for the end."""
        first = self._waiting.get()
        events = [] if first is None else [first]
        self._ending.wait(_PAUSE)
        while events and len(events) < _MOST_AT_ONCE:
            try:
                event = self._waiting.get_nowait()
            except queue.Empty:
                break
            if event is None:
                self._waiting.put(None)
                break
            events.append(event)
        return events
