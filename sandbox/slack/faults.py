"""Switches that make the pretend Slack fail in the ways in which the real one does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TypeAlias

from sandbox.slack.wire import Json


@dataclass(frozen=True, slots=True)
class LostReply:
    """The call is done, and then the connection is reset before the answer."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """The connection is reset before anything is done."""


@dataclass(frozen=True, slots=True)
class Status:
    """A bare HTTP status, such as 500; nothing is done."""

    code: int = 500


@dataclass(frozen=True, slots=True)
class Slow:
    """The call is done after so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class TooMany:
    """HTTP 429 with a Retry-After of so many seconds; nothing is done."""

    retry_after: int = 1


@dataclass(frozen=True, slots=True)
class Html:
    """HTTP 200 with a page for people instead of JSON; nothing is done."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """`ok: false` with this error, such as `ratelimited`, `edit_window_closed`, `not_in_channel` or `missing_scope`."""

    error: str
    extra: Json = field(default_factory=dict)


Fault: TypeAlias = LostReply | Dropped | Status | Slow | TooMany | Html | Refuse
ALL = "*"


@dataclass(slots=True)
class _Switch:
    method: str
    fault: Fault
    times: int | None
    every: int
    when: Callable[[Json], bool] | None
    seen: int = 0


class Faults:
    """The switches that are on. Safe for threads."""

    def __init__(self) -> None:
        self._switches: list[_Switch] = []
        self._lock = Lock()
        self.deliveries = 1
        """How often everything towards the app is delivered; 2 is once too often."""

    def set(
        self,
        method: str,
        fault: Fault,
        *,
        times: int | None = None,
        every: int = 1,
        when: Callable[[Json], bool] | None = None,
    ) -> None:
        """Make calls of a method fail (`*`: of all; `upload`, `response_url`: of those addresses).

        times: how often, None is until `clear`. every: only each so many-th call. when: only calls with such arguments.
        """
        with self._lock:
            self._switches.append(_Switch(method, fault, times, every, when))

    def clear(self, method: str = ALL) -> None:
        """Switch the faults of a method off, or all of them."""
        with self._lock:
            self._switches = [each for each in self._switches if method not in (ALL, each.method)]

    def pick(self, method: str, args: Json) -> Fault | None:
        """The fault that this call meets, and count it."""
        with self._lock:
            for switch in self._switches:
                if switch.method in (ALL, method) and (switch.when is None or switch.when(args)):
                    switch.seen += 1
                    if switch.seen % switch.every == 0 and switch.times != 0:
                        switch.times = None if switch.times is None else switch.times - 1
                        return switch.fault
        return None
