"""What a job works with, made once in a worker before it forks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from redis import Redis
from slack_sdk import WebClient

from contract.model import Question, StepResult, Verdict
from contract.records import RunRecord
from contract.runs import Runs
from workers.checks import Check
from workers.cluster import Cluster
from workers.runner import Keep


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """The way to Redis and Slack, and how a cluster is diagnosed.

    checks: all there are, in order. open: the cluster of a run, signed in; raises CannotRead where nobody gets in.
    run: a result for each check, in order, as they end; what it saw goes to the third argument just before. judge: the
    verdict on all results. asked_in: whether a cluster may be asked about in a channel.
    """

    redis: Redis
    runs: Runs
    slack: WebClient
    checks: Sequence[Check[Any]]
    open: Callable[[RunRecord], AbstractContextManager[Cluster]]
    run: Callable[[Sequence[Check[Any]], Cluster, Keep], Iterator[StepResult]]
    judge: Callable[[Question, Sequence[StepResult]], Verdict]
    asked_in: Callable[[str, str], bool]


_prepared: list[Tools] = []


def prepare(tools: Tools) -> None:
    """Let the jobs of this process, and of those forked from it, work with these."""
    _prepared[:] = [tools]


def prepared() -> Tools:
    """What jobs of this process work with."""
    if not _prepared:
        raise RuntimeError("no tools: a job runs in `dnsmedic worker` only")
    return _prepared[0]
