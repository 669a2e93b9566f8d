"""Who may act for a run now: leases that end by themselves, and tokens that fence off whoever lost one.

A worker that was paused or cut off does not know that it lost its lease. So each lease carries a number, greater than
all before it, and everything durable is written only while that number is still the last one given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from redis import Redis
from redis.client import Pipeline

from contract.connection import DAY, atomically, clock, text, whole

T = TypeVar("T")

SECONDS = 15.0
"""How long a lease lasts that is not renewed."""

_LEASED = "leased"


class Fenced(Exception):
    """Somebody else has taken over what this lease was for: stop, and touch nothing."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to act for `name` until somebody holds a greater token. holder: who took it, in words."""

    name: str
    token: int
    holder: str


class Leases:
    """The leases that Redis holds."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis

    def take(self, name: str, holder: str) -> Lease | None:
        """A new lease with a new token; None while somebody else's lasts."""

        def work(pipe: Pipeline) -> Lease | None:
            value = text(pipe.get(f"lease:{name}"))
            if value and value.partition(" ")[2] != holder:
                return None
            lease = Lease(name, whole(pipe.get(f"fence:{name}")) + 1, holder)
            pipe.multi()
            pipe.set(f"fence:{name}", lease.token, ex=7 * DAY)
            self._extend(pipe, lease, now)
            return lease

        now = clock(self.redis)
        return atomically(self.redis, work, f"fence:{name}", f"lease:{name}")

    def renew(self, lease: Lease) -> bool:
        """Let it last SECONDS from now; False where somebody else took over."""
        now = clock(self.redis)
        try:
            self.fenced(lease, lambda pipe: self._extend(pipe, lease, now))
        except Fenced:
            return False
        return True

    def release(self, lease: Lease) -> None:
        """End it now. Nothing happens where somebody else took over."""
        self.end(lease.name, lease.holder)

    def end(self, name: str, holder: str) -> bool:
        """End the lease that this holder has, who may be dead; False if there is none."""

        def work(pipe: Pipeline) -> bool:
            if text(pipe.get(f"lease:{name}")).partition(" ")[2] != holder:
                return False
            pipe.multi()
            self.let_go(pipe, name)
            return True

        return atomically(self.redis, work, f"lease:{name}")

    @staticmethod
    def let_go(pipe: Pipeline, name: str) -> None:
        """End the lease together with what else the pipe writes."""
        pipe.delete(f"lease:{name}")
        pipe.zrem(_LEASED, name)

    def holds(self, lease: Lease) -> bool:
        """Whether nobody else has taken over."""
        return whole(self.redis.get(f"fence:{lease.name}")) == lease.token

    def taken(self, name: str) -> bool:
        """Whether somebody's lease lasts."""
        return bool(self.redis.exists(f"lease:{name}"))

    def live(self) -> int:
        """How many leases last now."""
        return int(self.redis.zcount(_LEASED, clock(self.redis), "+inf"))

    def fenced(self, lease: Lease, work: Callable[[Pipeline], T], *watched: str) -> T:
        """Like `connection.atomically`, under the lease. `work` may begin to queue at once if it reads nothing.

        Raises Fenced where somebody else took over; then nothing was written.
        """

        def guarded(pipe: Pipeline) -> T:
            if whole(pipe.get(f"fence:{lease.name}")) != lease.token:
                raise Fenced(f"{lease.name} has been taken over")
            if not watched:
                pipe.multi()
            return work(pipe)

        return atomically(self.redis, guarded, f"fence:{lease.name}", *watched)

    @staticmethod
    def _extend(pipe: Pipeline, lease: Lease, now: float) -> None:
        pipe.set(f"lease:{lease.name}", f"{lease.token} {lease.holder}", px=int(SECONDS * 1000))
        pipe.zadd(_LEASED, {lease.name: now + SECONDS})
        pipe.zremrangebyscore(_LEASED, "-inf", now - DAY)
        pipe.expire(_LEASED, DAY)
