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


class Recorder:
    """Appends to the audit in the order in which things happened, in one thread of its own."""

    def __init__(self, audit: Audit) -> None:
        self.audit = audit
        self._waiting: queue.Queue[Mapping[str, object] | None] = queue.Queue(_MOST_WAITING)
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
        self._waiting.put(None)
        self._thread.join()

    def _append_all(self) -> None:
        while (event := self._waiting.get()) is not None:
            try:
                self.audit.append(event)
            except RedisError as error:
                log.error("not on record (%s): %s", type(error).__name__, event)  # noqa: TRY400 - as above
