"""How far a run is, written to its record under the run's lease, so that whoever lost it changes nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec
from redis.client import Pipeline

from contract.blocks.views import State
from contract.connection import DAY, QUARTER, clock, store, text
from contract.evidence import evidence_key
from contract.leases import Lease, Leases
from contract.model import StepResult, Verdict
from contract.records import RunRecord, key, steps_key
from contract.runs import Runs, claim_keys, last_key, settle
from workers.jobs.packing import packed
from workers.runner import Kept

ASIDE = "aside:"
"""What the holder of a lease begins with who only sees to a run in passing, and will let go of it soon."""

_PATIENCE = 12.0
_POLL = 0.05


def take(runs: Runs, run: str, holder: str) -> Lease | None:
    """The lease of a run that is to be worked on; None if it has ended, or somebody else is at it."""
    leases = Leases(runs.redis)
    give_up = time.monotonic() + _PATIENCE
    while True:
        record = runs.get(run)
        if record is None or not record.live:
            return None
        if lease := leases.take(run, holder):
            return lease
        held = text(runs.redis.get(f"lease:{run}")).partition(" ")[2]
        if (held and not held.startswith(ASIDE)) or time.monotonic() > give_up:
            return None
        time.sleep(_POLL)


@dataclass(frozen=True, slots=True)
class Progress:
    """Writes what becomes of the run of the lease. Every method raises Fenced where somebody else has taken over."""

    runs: Runs
    lease: Lease

    def begin(self, planned: Sequence[tuple[str, str]]) -> RunRecord:
        """The run is on, from now on or again; its steps are these (check, title)."""
        record, now = self._record(), clock(self.runs.redis)
        begun = replace(
            record,
            state="running",
            attempts=record.attempts + 1,
            started=record.started or now,
            planned=record.planned or tuple(planned),
            note="",
        )
        fields = {
            "state": begun.state,
            "attempts": begun.attempts,
            "started": begun.started,
            "planned": msgspec.json.encode(begun.planned),
            "note": begun.note,
        }
        self._write(lambda pipe: store(pipe, key(record.run), fields, QUARTER))
        return begun

    def ended_step(self, record: RunRecord, step: StepResult, kept: Kept) -> RunRecord:
        """One more step has its result, and what it saw is kept beside it."""
        result, seen = {step.check: msgspec.json.encode(step)}, {step.check: packed(kept)}

        def work(pipe: Pipeline) -> None:
            store(pipe, steps_key(record.run), result, DAY)
            store(pipe, evidence_key(record.run), seen, DAY)

        self._write(work)
        return replace(record, steps=(*record.steps, step))

    def agreed(self, record: RunRecord, steps: Sequence[StepResult]) -> RunRecord:
        """The results that stand once there is a verdict, in the place of those that it outweighs."""
        changed = {
            new.check: msgspec.json.encode(new) for old, new in zip(record.steps, steps, strict=True) if new != old
        }
        if changed:
            self._write(lambda pipe: store(pipe, steps_key(record.run), changed, DAY))
        return replace(record, steps=tuple(steps))

    def unseen(self, record: RunRecord, kept: Sequence[Kept]) -> None:
        """Why nothing was seen of these steps, which have no result."""
        fields = {one.check: packed(one) for one in kept}
        if fields:
            self._write(lambda pipe: store(pipe, evidence_key(record.run), fields, DAY))

    def stopped_by(self) -> str:
        """Who wants the run stopped, or ""."""
        return text(self.runs.redis.hget(key(self.lease.name), "stop"))

    def end(self, record: RunRecord, state: State, verdict: Verdict | None, note: str = "") -> RunRecord:
        """The run has ended so; its cluster goes to the next in line, whose job is queued."""
        now = clock(self.runs.redis)
        ended = replace(
            record, state=state, verdict=verdict, note=note, ended=now, stop=record.stop or self.stopped_by()
        )
        fields: dict[str, str | bytes | float] = {"state": state, "note": note, "ended": now}
        if verdict:
            fields["verdict"] = msgspec.json.encode(verdict)

        def work(pipe: Pipeline) -> None:
            successor = self.runs.successor(pipe, record.cluster)
            pipe.multi()
            store(pipe, key(record.run), fields, QUARTER)
            self.runs.hand_on(pipe, record.cluster, successor, now)
            if verdict and not record.question.only:
                pipe.set(last_key(record.cluster), record.run, ex=QUARTER)

        Leases(self.runs.redis).fenced(self.lease, work, *claim_keys(record.cluster))
        return ended

    def settled(self, record: RunRecord) -> None:
        """All that is to be said about the end of the run is in the outbox."""
        self._write(lambda pipe: settle(pipe, record))

    def hand_over(self) -> None:
        """Let another worker go on with it at once. This does not count as an attempt."""
        record = self._record()
        self._resuming(record, record.attempts - 1)
        self.dispatch_again(record)

    def lost(self, record: RunRecord) -> RunRecord:
        """Its worker is gone, and no other has it yet."""
        self._resuming(record, record.attempts)
        return replace(record, state="resuming")

    def _resuming(self, record: RunRecord, attempts: int) -> None:
        fields: dict[str, str | bytes | float] = {"state": "resuming", "attempts": attempts}
        self._write(lambda pipe: store(pipe, key(record.run), fields, QUARTER))

    def dispatch_again(self, record: RunRecord) -> None:
        """Queue another job for the run, and let go of it."""
        now = clock(self.runs.redis)

        def work(pipe: Pipeline) -> None:
            self.runs.dispatch(pipe, record, now)
            Leases.let_go(pipe, record.run)

        self._write(work)

    def _record(self) -> RunRecord:
        record = self.runs.get(self.lease.name)
        if record is None:
            raise LookupError(f"there is no record of {self.lease.name}")
        return record

    def _write(self, work: Callable[[Pipeline], None]) -> None:
        Leases(self.runs.redis).fenced(self.lease, work)
