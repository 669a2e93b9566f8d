"""What the steps of a run saw: kept for a day, and uploaded into its thread when somebody asks for it."""

from __future__ import annotations

from redis import Redis
from redis.client import Pipeline

from contract.connection import atomically, clock, text
from contract.jobs import UPLOAD_EVIDENCE, Jobs

ON_ITS_WAY = 300
"""Seconds for which an upload that was asked for is waited for, before it may be asked for again."""


class Evidence:
    """The evidence of all runs. Each method raises RedisError where Redis fails."""

    def __init__(self, redis: Redis, jobs: Jobs) -> None:
        self.redis = redis
        self.jobs = jobs

    def kept(self, run: str) -> bool:
        """Whether there is still any of this run."""
        return bool(self.redis.exists(evidence_key(run)))

    def ask(self, run: str, *, user: str) -> bool:
        """Have a worker upload it for this person; False where it is on its way already."""
        now = clock(self.redis)

        def work(pipe: Pipeline) -> bool:
            if pipe.exists(_asked(run)):
                return False
            pipe.multi()
            pipe.set(_asked(run), user, ex=ON_ITS_WAY)
            self.jobs.put(UPLOAD_EVIDENCE, run, f"{run}-evidence-{int(now * 1000)}", pipe)
            return True

        return atomically(self.redis, work, _asked(run))

    def asked_by(self, run: str) -> str:
        """Who waits for an upload, "" where nobody does."""
        return text(self.redis.get(_asked(run)))

    def arrived(self, run: str) -> None:
        """The upload is over, so that it may be asked for again."""
        self.redis.delete(_asked(run))


def evidence_key(run: str) -> str:
    """Where the evidence is: a field for each check, as the worker packed it."""
    return f"run:{run}:evidence"


def _asked(run: str) -> str:
    return f"evidence:{run}"
