"""The evidence of a run as two files in its thread: what `dnsmedic replay` reads, and the verdict as plain text."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace

from contract.blocks import notice
from contract.blocks.text import code, mention
from contract.connection import clock
from contract.evidence import Evidence, evidence_key
from contract.model import Report, Status, Verdict
from contract.outbox import Kind, Outbox, Row
from contract.records import RunRecord
from contract.redaction import redact
from workers.jobs.packing import unpacked
from workers.jobs.tools import Tools, prepared
from workers.runner import Kept
from workers.thread import Uploads
from workers.thread.slack import Answer, Fate
from workers.verdict.plain import in_words
from workers.verdict.report import as_text, facts_file

log = logging.getLogger(__name__)

_GONE = "The evidence of {run} is kept for a day, and that is over. Run the check again to get it anew."
_NOT_THERE = "The evidence of {run} could not be uploaded: {why} Press *Download evidence* again later."
_SCOPE = "Slack does not let dnsmedic upload files. Its app needs the scope files:write."


def upload_evidence(run: str) -> None:
    """Upload the evidence of this run for whoever asked for it, or say in the thread why that failed."""
    tools = prepared()
    evidence = Evidence(tools.redis, tools.runs.jobs)
    record = tools.runs.get(run)
    if record is None or not (record.thread_ts or record.parent_ts):
        log.warning("%s: there is no thread to upload evidence into", run)
        return
    kept = list(kept_of(tools, record))
    if not kept:
        _say(tools, record, _GONE)
    else:
        _told(tools, record, _uploaded(tools, record, kept, evidence.asked_by(run)))
    evidence.arrived(run)


def kept_of(tools: Tools, record: RunRecord) -> Iterator[Kept]:
    """What the steps of the run saw, in their order, as far as it is still kept."""
    held = tools.redis.hgetall(evidence_key(record.run))
    seen = {kept.check: kept for kept in (unpacked(value) for value in held.values() if isinstance(value, bytes))}
    places = {check: place for place, (check, _) in enumerate(record.planned)}
    yield from sorted(seen.values(), key=lambda kept: places.get(kept.check, len(places)))


def files_of(record: RunRecord, report: Report, kept: list[Kept]) -> dict[str, str]:
    """The files by name; neither holds what looks like a secret."""
    return {
        f"{record.run}.json": as_text(facts_file(record.question, report, kept)) + "\n",
        f"{record.run}.txt": redact(in_words(report)),
    }


def _uploaded(tools: Tools, record: RunRecord, kept: list[Kept], user: str) -> Answer:
    report = (record if record.verdict else replace(record, verdict=_no_verdict(record))).report()
    if report is None:
        raise ValueError(f"{record.run} has a verdict and no report")
    whom = f" for {mention(user)}" if user else ""
    comment = f"Evidence of {code(record.run)}{whom}. {code(f'dnsmedic replay {record.run}.json')} judges it again."
    return Uploads(tools.redis, tools.slack).upload(
        files_of(record, report, kept),
        team=record.team,
        channel=record.channel,
        thread_ts=record.thread_ts or record.parent_ts,
        comment=comment,
    )


def _no_verdict(record: RunRecord) -> Verdict:
    """What stands in place of the verdict of a run that did not get to one."""
    done = f"{len(record.steps)} of {len(record.planned)} steps"
    return Verdict(status=Status.CANNOT_SEE, summary=f"There is no verdict: the check is {record.state} after {done}.")


def _told(tools: Tools, record: RunRecord, answer: Answer) -> None:
    """Say in the thread what kept the files from it, if anything did."""
    if answer.fate is Fate.TAKEN:
        log.info("%s: its evidence was uploaded", record.run)
        return
    log.warning("%s: its evidence was not uploaded: %s", record.run, answer.error)
    if answer.fate is Fate.UNSURE:
        _say(tools, record, _NOT_THERE, "Slack's answer was lost, so it may be there all the same.")
    elif answer.error == "missing_scope":
        _say(tools, record, _NOT_THERE, _SCOPE)
    else:
        _say(tools, record, _NOT_THERE, f"Slack said {answer.error[:80]}.")


def _say(tools: Tools, record: RunRecord, sentence: str, why: str = "") -> None:
    """A notice in the thread, which a mailer sends."""
    text = sentence.format(run=record.run, why=why)
    row = Row(name=f"evidence {clock(tools.redis):.3f}", kind=Kind.NOTICE, rungs=notice(text))
    Outbox(tools.redis).put(record.run, row)
