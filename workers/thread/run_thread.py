"""A run as a thread: its parent message, a reply for the steps as they end, the verdict as the last reply.

A run that a health report is waiting for has none: the report speaks of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from contract import blocks
from contract.leases import Lease
from contract.model import StepResult
from contract.outbox import Kind, Outbox, Row
from contract.records import RunRecord

MOST_STEPS = 10
"""Steps in one reply."""


class RunThread:
    """Writes what is to be said about one run. Everything may be written again: each row has its name."""

    def __init__(self, outbox: Outbox, lease: Lease | None = None) -> None:
        self.outbox = outbox
        self.lease = lease

    def begin(self, record: RunRecord, now: float) -> None:
        """The parent message; where there is one already, its newest state, and a word in the thread that it is on.

        Of a run that is gone on with, replies follow about the steps that its lost worker did not get to tell.
        """
        if record.within:
            return
        again = record.number > 1 and bool(record.parent_ts)
        first = (
            Row(name="again", kind=Kind.NOTICE, rungs=blocks.again(record.view()))
            if again
            else Row(name="parent", kind=Kind.PARENT, rungs=blocks.parent(record.view(now)))
        )
        self.outbox.put(record.run, first, self.lease)
        if again or record.attempts > 1 or record.state == "resuming":
            self.refresh(record, now)
        self.catch_up(record)

    def refresh(self, record: RunRecord, now: float) -> None:
        """The parent's newest state."""
        if record.within:
            return
        rungs = blocks.parent(record.view(now))
        self.outbox.edit(record.run, rungs, news=not record.live or record.state == "resuming", lease=self.lease)

    def tell(self, record: RunRecord, steps: Sequence[StepResult]) -> None:
        """A reply about these steps, which follow one another in the plan."""
        if steps and not record.within:
            rungs = blocks.step(_place(record, steps[0]) + 1, max(len(record.planned), len(record.steps)), steps)
            names = tuple(step.check for step in steps)
            row = Row(name=f"step {names[0]}", kind=Kind.STEP, rungs=rungs, about=names)
            self.outbox.put(record.run, row, self.lease)

    def catch_up(self, record: RunRecord) -> None:
        """Replies about all steps that ended and that no reply tells of."""
        told = {check for row in self.outbox.thread(record.run).rows for check in row.about}
        for group in _together(record, [step for step in record.steps if step.check not in told]):
            self.tell(record, group)

    def end(self, record: RunRecord) -> None:
        """What is left of the steps, the verdict as the last reply, and the parent's last state."""
        if record.within:
            return
        self.catch_up(record)
        view = record.view()
        self.outbox.put(record.run, Row(name="verdict", kind=Kind.VERDICT, rungs=blocks.verdict(view)), self.lease)
        self.outbox.edit(record.run, blocks.parent(view), news=True, lease=self.lease)


def _place(record: RunRecord, step: StepResult) -> int:
    """Where a step stands in the plan, from 0 on."""
    order = [check for check, _ in record.planned] or [ended.check for ended in record.steps]
    return order.index(step.check) if step.check in order else 0


def _together(record: RunRecord, steps: Iterable[StepResult]) -> list[list[StepResult]]:
    """Steps that follow one another in the plan, as many as one reply takes."""
    numbered = enumerate(steps)
    runs = [[step for _, step in group] for _, group in groupby(numbered, lambda one: _place(record, one[1]) - one[0])]
    return [group[at : at + MOST_STEPS] for group in runs for at in range(0, len(group), MOST_STEPS)]
