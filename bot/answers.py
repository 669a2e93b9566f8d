"""What the bot answers in private: pure, from values to messages. Nobody but the person who asked sees these."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from importlib.metadata import version

from bot.grammar import USAGE
from contract.blocks import Block, Message, button, ephemeral
from contract.blocks.text import code, duration, line, mention, mrkdwn
from contract.blocks.views import asked as about
from contract.clusters import ClusterEntry
from contract.figures import counted
from contract.model import Question
from contract.records import RunRecord
from contract.runs import Asked

_MOST_NAMES = 20
_MOST_RUNS = 15

NOT_QUEUED = ephemeral(
    [":no_entry: Could not queue the check: dnsmedic's own store (Redis) does not answer. *Nothing was started.*"]
)
TOO_SLOW = ephemeral(
    [
        ":warning: dnsmedic's own store (Redis) is too slow to say whether the check was queued.",
        "If it starts, it shows up in this channel. If nothing appears within a minute, ask again.",
    ]
)
_BY_ITSELF = "It begins by itself as soon as it can."
NOT_UNDERSTOOD = ephemeral(["dnsmedic does not know this command. Try `/dns-check help`."])
NO_FORM = ephemeral([f"Slack did not open the form. Type it instead: {USAGE}"])
EXPIRED = ephemeral(["That button is no longer kept. Ask again with `/dns-check`."])
ELSEWHERE = ephemeral([":no_entry: That button belongs to another message, so nothing was done."])


def refused(reason: str) -> Message:
    """Why not, in the words of a policy or a precondition."""
    return ephemeral([f":no_entry: {mrkdwn(reason, 1_500)}"])


def broken(error: str) -> Message:
    """A mistake of ours, with the id that the log has it under."""
    return ephemeral([f":warning: Something in dnsmedic itself went wrong. The log has it as {code(error)}."])


def asked(question: Question, got: Asked, link: str, *, in_thread: bool) -> Message:
    """What became of a question. link: of the run's message, "" before it has one."""
    cluster = code(question.cluster, 100)
    where = f" <{link}|Follow it here>." if link else f" Results appear in this {'thread' if in_thread else 'channel'}."
    if got.joined:
        said = f":link: The same *DNS check* on {cluster} is already going on: you joined it.{where}"
        return ephemeral([said, f"You are told when it ends · run {code(got.run)}"])
    place = f" (position {got.position})" if got.position else ""
    extra = f" for {about(question)}" if about(question) else ""
    return ephemeral([f":hourglass_flowing_sand: Queued *DNS check* on {cluster}{extra}{place}.{where}"])


def denied(name: str, here: Sequence[str], offer: Block | None) -> Message:
    """No such cluster here: the same for one that does not exist and for one that is not to be checked from here."""
    lines = [f":no_entry: {code(name, 100)} is not a cluster that you can check in this channel."]
    near = nearest(name, here)
    lines += [f"Did you mean {code(near, 100)}?"] if near else []
    lines.append(f"*Here:* {_names(here)}. The keepers of the clusters file can change that.")
    return ephemeral(lines, [offer] if offer else [])


def nearest(name: str, here: Sequence[str]) -> str:
    """The cluster that was probably meant, of those that may be seen here; "" if none is near."""
    lowered = {one.lower(): one for one in here}
    near = get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.8)
    return lowered[near[0]] if near else ""


def offer(cluster: str, ask: str) -> Block:
    """The button that asks about a cluster; `ask` is the id of the request that it stands for."""
    return button(f"Check {cluster}", "dns.ask", ask)


def _names(here: Sequence[str]) -> str:
    shown = ", ".join(code(name, 100) for name in here[:_MOST_NAMES])
    rest = len(here) - _MOST_NAMES
    return (shown or "none") + (f" and {rest} more" if rest > 0 else "")


def evidence(run: str, *, first: bool) -> Message:
    """Somebody asked for the evidence of a run. first: nobody did so a moment ago."""
    already = "" if first else " already"
    return ephemeral([f":package: The evidence of {code(run)} is on its way into the thread{already}."])


def evidence_gone(run: str, ask: str) -> Message:
    """There is none any more; `ask` is the id of the request to check the same again."""
    again = button("Run it again", "dns.ask", ask)
    return ephemeral([f"The evidence is kept for a day, and that of {code(run)} is gone. Run it again?"], [again])


def usage() -> Message:
    """How it is used."""
    return ephemeral(
        [
            "*dnsmedic* finds out why DNS fails in a cluster, and what to do about it.",
            "• `/dns-check` opens a form",
            "• `/dns-check cluster-a` checks a cluster",
            "• `/dns-check cluster-a db.example.org` also looks up a name that fails",
            "• `/dns-check cluster-a pod=shop/web-1` also looks into a pod that it fails for",
            "• `/dns-check list` shows the clusters that you can check in this channel",
            "• `/dns-check status` shows what is going on",
            "• `/dns-check stop run_7f3a` stops a run",
            "• `/dns-health` posts here how every cluster is, `/dns-health cluster-a` how that one is",
            "In threads, where Slack has no commands: `@dnsmedic dns-check cluster-a`",
            "In the menu of a message: *Check DNS for this*",
            f"dnsmedic {version('dnsmedic')}",
        ]
    )


def listing(entries: Sequence[ClusterEntry]) -> Message:
    """The clusters that may be checked here."""
    if not entries:
        return ephemeral(
            ["No cluster can be checked in this channel. The keepers of the clusters file can change that."]
        )
    lines = ["*Clusters that you can check in this channel*"]
    lines += [f"• {code(entry.name, 100)}{f' · {line(entry.region, 30)}' if entry.region else ''}" for entry in entries]
    return ephemeral(lines)


def reporting(clusters: Sequence[str], *, in_thread: bool) -> Message:
    """A report about these clusters was begun."""
    about = code(clusters[0], 100) if len(clusters) == 1 else counted(len(clusters), "cluster")
    where = "thread" if in_thread else "channel"
    return ephemeral([f":hourglass_flowing_sand: Looking at {about}. The health report appears in this {where}."])


def muted(cluster: str, ask: str) -> Message:
    """The reports of this channel only name this cluster for a day; `ask` is the id to take it back by."""
    said = f":no_bell: For 24 hours, the reports in this channel only name {code(cluster, 100)} and say nothing more of it."
    return ephemeral([said], [button("Take it back", "dns.unmute", ask)])


def unmuted(cluster: str) -> Message:
    """The reports speak of it again."""
    return ephemeral([f":bell: The reports in this channel tell of {code(cluster, 100)} again."])


def standing(records: Sequence[RunRecord], now: float) -> Message:
    """The runs that wait or are on."""
    if not records:
        return ephemeral(["No check that you can see here waits or runs."])
    lines = ["*Going on now*"]
    for record in records[:_MOST_RUNS]:
        since = record.started or record.asked
        by = mention(record.user) if record.user else "the schedule"
        lines.append(
            f"• {code(record.run)} · {code(record.cluster, 100)} · {record.state} for {duration(now - since)} · by {by}"
        )
    if len(records) > _MOST_RUNS:
        lines.append(f"… and {len(records) - _MOST_RUNS} more")
    return ephemeral(lines)


def still_waiting(record: RunRecord, seconds: float, position: int) -> Message:
    """A check has not begun for so long; nothing is lost, and it is said what can be done."""
    why = "no worker has been free for it, or none is running" if record.job else "another check of that cluster is on"
    place = f" It is number {position} in the queue." if position > 1 else ""
    about = f"{code(record.run)} on {code(record.cluster, 100)}"
    said = f":hourglass: {about} has been waiting for {duration(seconds)}: {why}.{place}"
    return ephemeral([said, f"{_BY_ITSELF} `/dns-check stop {record.run}` takes it back."])


def report_waiting(seconds: float) -> Message:
    """A report has not begun for so long."""
    why = "all workers are busy with checks that people asked for, or none is running"
    return ephemeral([f":hourglass: Your health report has been waiting for {duration(seconds)}: {why}.", _BY_ITSELF])


def stopping(run: str, *, was_on: bool) -> Message:
    """A run was told to end, or had ended."""
    if was_on:
        return ephemeral([f":black_square_for_stop: Stopping {code(run)}. Steps already posted stay in the thread."])
    return ephemeral([f"{code(run)} had already ended."])
