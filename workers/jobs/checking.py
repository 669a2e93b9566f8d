"""One diagnosis: from the id of a run to its verdict in the thread, begun anew or gone on with."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from rq import get_current_job
from rq.timeouts import JobTimeoutException

from contract.connection import clock
from contract.leases import Fenced, Lease, Leases
from contract.model import NotChecked, Outcome, Status, StepResult, Verdict
from contract.outbox import Outbox
from contract.records import RunRecord
from workers.checks import Check
from workers.cluster import CannotRead, Gap
from workers.jobs.poster import Poster
from workers.jobs.progress import Progress, take
from workers.jobs.renewal import Renewal, handing_over
from workers.jobs.tools import Tools, prepared
from workers.runner import Kept
from workers.thread import RunThread, Sender
from workers.verdict import settled

log = logging.getLogger(__name__)

_OVERDUE = "not run: the time for the whole check was over"


def check_cluster(run: str) -> None:
    """Diagnose the cluster of this run, unless it has ended or somebody else is at it."""
    tools = prepared()
    job = get_current_job()
    lease = take(tools.runs, run, job.id if job else run)
    if lease is None:
        log.info("%s: nothing to do", run)
        return
    try:
        Diagnosis(tools, lease).conduct()
    except Fenced:
        log.warning("%s was taken over by another worker", run)
    finally:
        Leases(tools.redis).release(lease)


class Diagnosis:
    """Conducts one run under its lease."""

    def __init__(self, tools: Tools, lease: Lease) -> None:
        self.tools = tools
        self.progress = Progress(tools.runs, lease)
        self.thread = RunThread(Outbox(tools.redis), lease)

    def conduct(self) -> None:
        """Take the run as far as it goes, and say so in its thread."""
        known = self.tools.runs.get(self.progress.lease.name)
        chosen = self._chosen(known.question.only if known else ())
        record = self.progress.begin([(check.name, check.title) for check in chosen])
        with Renewal(self.progress):
            self.thread.begin(record, clock(self.tools.redis))
            poster = Poster(Sender(self.tools.redis, self.tools.slack), self.thread, record)
            with poster:
                ended = self._diagnosed(record, chosen, poster)
            if ended:
                self.thread.end(ended)
                self.progress.settled(ended)
                poster.send_rest()
        if ended is None:
            self.progress.hand_over()

    def _chosen(self, only: Sequence[str]) -> list[Check[Any]]:
        return [check for check in self.tools.checks if not only or check.name in only]

    def _diagnosed(self, record: RunRecord, chosen: Sequence[Check[Any]], poster: Poster) -> RunRecord | None:
        """The run as it ended; None where this worker has to go before that."""
        seen = [record]
        try:
            return self._checked(seen, chosen, poster)
        except CannotRead as problem:
            gap = Gap(what=f"{problem.verb} {problem.object}", reason=problem.reason, grant=problem.grant)
            done = {step.check for step in seen[-1].steps}
            left = [Kept(check=check.name, cannot_read=gap) for check in chosen if check.name not in done]
            self.progress.unseen(seen[-1], left)
            return self.progress.end(seen[-1], "done", _nobody_gets_in(seen[-1], problem))
        except JobTimeoutException:
            log.exception("%s took too long and is judged by what it saw", record.run)
            return self._overdue(seen[-1], chosen)

    def _checked(self, seen: list[RunRecord], chosen: Sequence[Check[Any]], poster: Poster) -> RunRecord | None:
        """Run the checks that have no result yet. `seen` gets the record after each."""
        done = {step.check for step in seen[-1].steps}
        left = [check for check in chosen if check.name not in done]
        if self.progress.stopped_by():
            return self.progress.end(seen[-1], "stopped", None)
        with self.tools.open(seen[-1]) as cluster:
            kept: dict[str, Kept] = {}
            for step in self.tools.run(left, cluster, lambda one: kept.update({one.check: one})):
                seen.append(self.progress.ended_step(seen[-1], step, kept.pop(step.check)))
                poster.add(seen[-1], step)
                if self.progress.stopped_by():
                    return self.progress.end(seen[-1], "stopped", None)
                if handing_over.is_set():
                    return None
        return self._judged(seen[-1])

    def _judged(self, record: RunRecord) -> RunRecord:
        """The run with its verdict, and the steps as they stand beside it."""
        verdict = self.tools.judge(record.question, record.steps)
        return self.progress.end(self.progress.agreed(record, settled(verdict, record.steps)), "done", verdict)

    def _overdue(self, record: RunRecord, chosen: Sequence[Check[Any]]) -> RunRecord:
        """Judge by what was seen in time; what was not is unknown."""
        done = {step.check for step in record.steps}
        for check in chosen:
            if check.name not in done:
                step = StepResult(
                    check=check.name, title=check.title, outcome=Outcome.UNKNOWN, summary=_OVERDUE, because=_OVERDUE
                )
                unseen = Kept(check=check.name, cannot_read=Gap(what=check.name, reason=_OVERDUE))
                record = self.progress.ended_step(record, step, unseen)
        return self._judged(record)


def _nobody_gets_in(record: RunRecord, problem: CannotRead) -> Verdict:
    """The verdict where the cluster could not even be opened: it says nothing about DNS."""
    because = f"{problem.verb} {problem.object}: {problem.reason}"
    return Verdict(
        status=Status.CANNOT_SEE,
        summary=f"{record.cluster} could not be looked into: {because}.",
        not_checked=tuple(NotChecked(check=name, because=because, grant=problem.grant) for name, _ in record.planned),
    )
