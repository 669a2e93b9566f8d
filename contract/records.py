"""A run as Redis holds it: what was asked, by whom, how far it is, what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
from redis import Redis
from redis.client import Pipeline

from contract.blocks.views import ACTIVE, RunView, State
from contract.connection import text
from contract.decoding import learn
from contract.model import Question, Report, StepResult, Verdict

LIVE = "live"
"""The runs that are queued or on, by the time they were asked."""

_JSON = {"question", "planned", "verdict"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run. Times are Unix seconds, 0 for what has not happened yet.

    user: who asked, "" for a schedule. joined: who asked the same meanwhile. thread_ts: the thread it was asked in.
    parent_ts: its message in the channel, "" before there is one. attempts: how often a worker began it. stop: who
    wants it stopped, or "". note: a sentence about its state, as that its channel takes no posts. planned: (check,
    title) of all steps, in order, once a worker has begun. steps: those that ended; they are kept for a day. job: the
    rq job that it waits for. dispatches: how many jobs it has had. number: the how-many-th run of its message it is.
    first: the run that posted that message, "" for that one itself. within: the health report that it is for, ""
    where it has a thread of its own.
    """

    run: str
    question: Question
    state: State
    user: str
    team: str
    channel: str
    thread_ts: str = ""
    parent_ts: str = ""
    attempts: int = 0
    asked: float = 0.0
    started: float = 0.0
    ended: float = 0.0
    joined: tuple[str, ...] = ()
    stop: str = ""
    note: str = ""
    planned: tuple[tuple[str, str], ...] = ()
    steps: tuple[StepResult, ...] = ()
    verdict: Verdict | None = None
    job: str = ""
    dispatches: int = 0
    dispatched: float = 0.0
    number: int = 1
    first: str = ""
    within: str = ""

    @property
    def cluster(self) -> str:
        """The cluster it is about."""
        return self.question.cluster

    @property
    def live(self) -> bool:
        """Whether it waits or is on."""
        return self.state in ACTIVE

    @property
    def seconds(self) -> float:
        """How long it took; 0 while it is on."""
        return max(0.0, self.ended - self.started) if self.started and self.ended else 0.0

    def view(self, now: float = 0.0) -> RunView:
        """What is shown of it. now: Unix seconds, for the time it has taken so far."""
        return RunView(
            run=self.run,
            cluster=self.cluster,
            question=self.question,
            state=self.state,
            asked_by=self.user,
            joined=self.joined,
            started=self.started,
            seconds=self.seconds or max(0.0, now - self.started if self.started else 0.0),
            planned=self.planned,
            steps=self.steps,
            verdict=self.verdict,
            note=self.note,
            stopped_by=self.stop if self.state == "stopped" else "",
            number=self.number,
        )

    def report(self) -> Report | None:
        """The whole answer; None before there is a verdict."""
        if self.verdict is None:
            return None
        return Report(
            cluster=self.cluster,
            run=self.run,
            started=datetime.fromtimestamp(self.started, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            seconds=self.seconds,
            verdict=self.verdict,
            steps=self.steps,
        )


learn(RunRecord)


def key(run: str) -> str:
    """Where the run's record is."""
    return f"run:{run}"


def steps_key(run: str) -> str:
    """Where the run's steps are."""
    return f"run:{run}:steps"


def joined_key(run: str) -> str:
    """Where those are who asked the same."""
    return f"run:{run}:joined"


def outbox_key(run: str) -> str:
    """Where the run's thread is: channel, parent message."""
    return f"out:{run}"


def load(redis: Redis, *runs: str) -> tuple[RunRecord, ...]:
    """The records of those runs that are kept, in one round trip."""
    with redis.pipeline(transaction=False) as pipe:
        for run in runs:
            read(pipe, run)
        answers = pipe.execute()
    parts = [answers[at : at + 4] for at in range(0, len(answers), 4)]
    return tuple(made for run, part in zip(runs, parts, strict=True) if (made := restored(run, *part)))


def live(redis: Redis) -> tuple[RunRecord, ...]:
    """The records of the runs that wait or are on, oldest first."""
    runs = [text(run) for run in redis.zrange(LIVE, 0, -1)]
    return tuple(record for record in load(redis, *runs) if record.live)


def read(pipe: Pipeline, run: str) -> None:
    """Queue the four reads that `restored` takes."""
    pipe.hgetall(key(run))
    pipe.hgetall(steps_key(run))
    pipe.zrange(joined_key(run), 0, -1)
    pipe.hmget(outbox_key(run), ["parent_ts", "closed"])


def restored(
    run: str,
    fields: Mapping[bytes, bytes],
    steps: Mapping[bytes, bytes],
    joined: list[bytes],
    thread: list[bytes | None],
) -> RunRecord | None:
    """The record that these answers hold; None where they hold none, or one that this version cannot read."""
    if not fields:
        return None
    held: dict[str, object] = {text(name): text(value) for name, value in fields.items()}
    try:
        for name in _JSON & held.keys():
            held[name] = msgspec.json.decode(str(held[name]))
        ended = {text(check): msgspec.json.decode(step) for check, step in steps.items()}
        parent_ts, closed = map(text, thread)
        note = held.get("note") or closed
        more = {"run": run, "joined": list(map(text, joined)), "parent_ts": parent_ts, "note": note, "steps": []}
        record = msgspec.convert(held | more, RunRecord, strict=False)
        return replace(record, steps=_ordered(ended, record.planned))
    except ValueError:
        return None


def _ordered(ended: dict[str, object], planned: tuple[tuple[str, str], ...]) -> tuple[StepResult, ...]:
    """The steps in the order of the plan, those of no plan last."""
    places = {check: place for place, (check, _) in enumerate(planned)}
    order = sorted(ended, key=lambda check: (places.get(check, len(places)), check))
    return msgspec.convert([ended[check] for check in order], tuple[StepResult, ...])
