"""How fast Slack may be written to: one budget for all workers, held in Redis."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from redis import Redis
from redis.client import Pipeline

from contract.connection import atomically, clock, text

EDIT_GAP = 3.0
"""Seconds between two edits of one message, at the least."""

FIRST_EDIT = 4.5
"""Seconds from a message to the first edit that only shows how far the run is.

Most runs on a healthy cluster have ended by then, and their verdict need not wait out the gap after such an edit."""

_CROWD = 10
_GAP_PER_RUN = 1.5
_COURTESY = 0.3
_LANE_MILLISECONDS = 2500


class Lane(IntEnum):
    """Who goes first where several threads want the same budget. Within a thread the order stands."""

    VERDICT = 0
    FAILURE = 1
    PROGRESS = 2


@dataclass(frozen=True, slots=True)
class Budget:
    """Calls in a row that are allowed at once, and the seconds after which one more is."""

    key: str
    interval: float
    burst: int


def posts(team: str, channel: str) -> Budget:
    """One message a second in a channel."""
    return Budget(f"pace:{team}:{channel}", 1.0, 1)


def edits(team: str) -> Budget:
    """Forty edits a minute in a workspace; Slack's own limit is fifty."""
    return Budget(f"pace:{team}:chat.update", 1.5, 4)


def edit_gap(live: int) -> float:
    """Seconds between two edits of one message, while so many runs share the workspace's budget."""
    return max(EDIT_GAP, _GAP_PER_RUN * live) if live >= _CROWD else EDIT_GAP


class Pace:
    """The budgets, and the pauses that Slack asked for."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def take(self, budget: Budget, lane: Lane) -> float:
        """Take one call out of the budget: 0.0 if it may be made now, else the seconds after which to ask again."""
        if any(self.redis.exists(_lane(budget, before)) for before in Lane if before < lane):
            return _COURTESY
        now = clock(self.redis)

        def work(pipe: Pipeline) -> float:
            due = max(float(text(pipe.get(budget.key)) or 0), now)
            if (early := due - now - budget.interval * (budget.burst - 1)) > 0:
                return early
            pipe.multi()
            pipe.set(budget.key, due + budget.interval, ex=int(budget.interval * budget.burst) + 60)
            pipe.delete(_lane(budget, lane))
            return 0.0

        wait = atomically(self.redis, work, budget.key)
        if wait and lane is not Lane.PROGRESS:
            self.redis.set(_lane(budget, lane), 1, px=_LANE_MILLISECONDS)
        return wait

    def hold(self, team: str, method: str, seconds: float) -> None:
        """Leave a method of a workspace alone for so long."""
        self.redis.set(f"hold:{team}:{method}", 1, px=max(1, int(seconds * 1000)))

    def held(self, team: str, method: str) -> float:
        """For how many more seconds the method is to be left alone; 0.0 if it may be called."""
        return max(0.0, int(self.redis.pttl(f"hold:{team}:{method}")) / 1000)

    def rung(self, team: str) -> int:
        """How many of a message's richest forms this workspace has refused lately."""
        return int(text(self.redis.get(f"rung:{team}")) or 0)

    def remember_rung(self, team: str, rung: int) -> None:
        """Begin with this form for a day."""
        self.redis.set(f"rung:{team}", rung, ex=24 * 3600)


def _lane(budget: Budget, lane: Lane) -> str:
    return f"{budget.key}:lane:{int(lane)}"
