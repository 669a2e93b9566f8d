"""The clock that the demo's schedules go by: it can be moved to the next report, and stays moved."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

AT = "09:00"
"""When the demo's daily report is due, in UTC."""

_JUST_AFTER = 0.5


class MovableClock:
    """Unix seconds that can be moved forward. Safe for threads. `file` tells other processes how far it was moved."""

    def __init__(self, folder: Path) -> None:
        """folder: for its file."""
        self.file = folder / "clock"
        self.moved = 0.0
        self._lock = Lock()

    @property
    def now(self) -> float:
        """The time that it shows."""
        return time.time() + self.moved

    @property
    def due(self) -> float:
        """When the next report is due."""
        there = datetime.fromtimestamp(self.now, UTC)
        hour, minute = map(int, AT.split(":"))
        tick = there.replace(hour=hour, minute=minute, second=0, microsecond=0)
        return (tick if tick > there else tick + timedelta(days=1)).timestamp()

    def move_on(self) -> None:
        """Let it be the moment just after the next report is due."""
        with self._lock:
            self.moved += self.due - self.now + _JUST_AFTER
            fresh = self.file.with_suffix(".new")
            fresh.write_text(repr(self.moved), encoding="ascii")
            fresh.replace(self.file)
