"""Takes health reports to their end: asks for a run of each cluster, waits for them, and writes what is to be posted."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable, Mapping, Sequence

from contract import blocks
from contract.audit import Audit
from contract.blocks import Block, Line, ReportView
from contract.connection import clock, text
from contract.evidence import evidence_key
from contract.health_reports import HealthReport, HealthReports, Standing
from contract.leases import Fenced, Lease, Leases
from contract.model import Question, Status
from contract.offers import Offer, Offers
from contract.outbox import Kind, Outbox, Row
from contract.records import RunRecord, key
from contract.refusal import Refused
from workers.jobs.packing import unpacked
from workers.jobs.progress import ASIDE
from workers.jobs.tools import Tools
from workers.thread.slack import call

MEASURED_BY = "dns-through-cluster-ip"
"""The check that takes the time of the answers."""

OVERDUE = 1800.0
"""Seconds after which a report is posted without the clusters that are not through."""

MOST_DETAILED = 20
"""Replies about single clusters in the thread of one report."""

SOON, IDLE = 0.5, 2.0
"""Seconds between two looks, while there is a report under way and while there is none."""

_ENDED = ("done", "stopped", "given-up")

log = logging.getLogger(__name__)


class Reporter:
    """Sees to the reports that are under way. Any number may run: a report is in the hands of one at a time."""

    def __init__(self, tools: Tools) -> None:
        self.tools = tools
        self.redis = tools.redis
        self.reports = HealthReports(tools.redis)
        self.leases = Leases(tools.redis)
        self.audit = Audit(tools.redis, tools.runs.jobs.key)
        self.holder = f"{ASIDE} reporter {socket.gethostname()} {os.getpid()}"

    def round(self) -> float:
        """One look at each report; the seconds until the next. Raises RedisError."""
        names = self.reports.open()
        for name in names:
            lease = self.leases.take(name, self.holder)
            if lease is None:
                continue
            try:
                self._look(name, lease)
            except Fenced:
                log.info("%s was taken over meanwhile", name)
            finally:
                self.leases.release(lease)
        return SOON if names else IDLE

    def _look(self, name: str, lease: Lease) -> None:
        """Ask for what can be asked for now, and end the report once there is nothing more to wait for."""
        report = self.reports.get(name)
        if report is None:
            log.error("%s cannot be read, and is given up", name)
            self.reports.end(HealthReport(name=name, clusters=(), channel=""), {})
            return
        asked = self.reports.asked(name)
        overdue = clock(self.redis) - report.begun > OVERDUE
        if asked < len(report.clusters) and not overdue:
            self._ask(report, report.clusters[asked])
            return
        runs = self.reports.runs(name)
        if overdue or self._all_ended(runs.values()):
            self._write(report, runs, lease)

    def _ask(self, report: HealthReport, cluster: str) -> None:
        """Ask for the next cluster once nobody waits for a worker: people come before reports."""
        if self.tools.runs.jobs.length():
            return
        try:
            got = self.tools.runs.ask(
                Question(cluster=cluster), user=report.user, team=report.team, channel=report.channel,
                request=f"{report.name}:{cluster}", within=report.name,
            )  # fmt: skip
        except Refused:
            return  # too many wait at this moment
        self.reports.assign(report.name, cluster, got.run)
        place = {"user": report.user, "team": report.team, "channel": report.channel}
        self.audit.append({"what": "asked", **place, "run": got.run, "cluster": cluster, "report": report.name})

    def _all_ended(self, runs: Iterable[str]) -> bool:
        with self.redis.pipeline(transaction=False) as pipe:
            for run in runs:
                pipe.hget(key(run), "state")
            return all(text(state) in _ENDED for state in pipe.execute())

    def _write(self, report: HealthReport, asked: Mapping[str, str], lease: Lease) -> None:
        """Put the report and its replies into the outbox. All of it may be written again: each row has its name."""
        before = self.reports.standings(report.schedule)
        muted = self.reports.muted(report.channel, report.clusters)
        lines = [
            self._line(
                cluster, self.tools.runs.get(asked.get(cluster, "")), before.get(cluster), muted=cluster in muted
            )
            for cluster in report.clusters
        ]
        view = self._view(report, lines)
        outbox = Outbox(self.redis)
        root = Row(name="report", kind=Kind.DAILY, rungs=blocks.report(view, self._buttons(report, view)))
        outbox.put(report.name, root, lease)
        for number, rungs in enumerate(blocks.rest(view)):
            outbox.put(report.name, Row(name=f"rest {number}", kind=Kind.NOTICE, rungs=rungs), lease)
        told = [one.cluster for one in view.ordered if (one.bad or one.changed) and not one.muted and not view.is_brief]
        for cluster in told[:MOST_DETAILED]:
            if record := self.tools.runs.get(asked.get(cluster, "")):
                rungs = blocks.verdict(record.view(), self._again(report, cluster))
                outbox.put(report.name, Row(name=f"cluster {cluster}", kind=Kind.VERDICT, rungs=rungs), lease)
        self.reports.end(report, {one.cluster: Standing(status=one.status, p95=one.p95) for one in lines})

    def _view(self, report: HealthReport, lines: Sequence[Line]) -> ReportView:
        return ReportView(
            at=report.tick or report.begun,
            timezone=report.timezone,
            lines=tuple(lines),
            late=report.late,
            missed=report.missed,
            seconds=clock(self.redis) - report.begun,
            following=report.following,
            before=self._address(self.reports.diary(report.schedule).last) if report.schedule else "",
            brief=report.when == "on-change",
            asked_by=report.user,
        )

    def _line(self, cluster: str, record: RunRecord | None, before: Standing | None, *, muted: bool) -> Line:
        """How a cluster is; one whose check did not come to an end could not be checked."""
        verdict = record.verdict if record and record.state == "done" else None
        return Line(
            cluster=cluster,
            status=verdict.status if verdict else Status.CANNOT_SEE,
            causes=len(verdict.causes) if verdict else 0,
            p95=self._p95(record.run) if record else 0.0,
            before=before.status if before else None,
            p95_before=before.p95 if before else 0.0,
            muted=muted,
        )

    def _p95(self, run: str) -> float:
        """What the check measured, in seconds; 0 where it could not."""
        held = self.redis.hget(evidence_key(run), MEASURED_BY)
        try:
            facts = unpacked(held).facts if isinstance(held, bytes) else None
        except ValueError:
            return 0.0  # of another version
        return float(facts.get("p95") or 0.0) if isinstance(facts, dict) else 0.0

    def _buttons(self, report: HealthReport, view: ReportView) -> list[Block]:
        """For the worst cluster: look again, and be quiet about it for a day."""
        worst = next((one.cluster for one in view.ordered if one.bad and not one.muted), "")
        if not worst or view.is_brief:
            return []
        buttons = self._again(report, worst)
        if report.schedule:
            ask = Offers(self.redis).put(Offer(Question(cluster=worst), report.channel))
            buttons.append(blocks.button(f"Mute {worst} 24 h", "dns.mute", ask))
        return buttons

    def _again(self, report: HealthReport, cluster: str) -> list[Block]:
        """The button that checks it once more, where that may be asked for."""
        if not self.tools.asked_in(cluster, report.channel):
            return []
        ask = Offers(self.redis).put(Offer(Question(cluster=cluster), report.channel))
        return [blocks.button(f"Check {cluster} now", "dns.ask", ask)]

    def _address(self, last: str) -> str:
        """Where the last report can be read, as Slack says; "" where it does not."""
        thread = Outbox(self.redis).thread(last) if last else None
        if thread is None or not thread.parent_ts:
            return ""
        arguments = {"channel": thread.channel, "message_ts": thread.parent_ts}
        answer = call(self.tools.slack, "chat.getPermalink", arguments, read=True)
        return str((answer.body or {}).get("permalink", ""))
