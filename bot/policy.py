"""Who may do what, where: pure rules, each answers "" or the reason why not, in words for the person.

Everything goes by ids, which nobody can give themselves; a name of a channel or of a person decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from contract.clusters import ClusterEntry, Clusters
from contract.records import RunRecord


class Membership(StrEnum):
    """What somebody is in our own workspace, as Slack says; UNKNOWN where it cannot be asked."""

    MEMBER = "member"
    GUEST = "guest"
    FOREIGN = "foreign"
    """Of another company or workspace, as in a channel that is shared with one."""
    APP = "app"
    GONE = "gone"
    """An account that was closed."""
    UNKNOWN = "unknown"


_NOT_ANSWERED = {
    Membership.GUEST: "You are a guest in this workspace, and dnsmedic answers only its full members.",
    Membership.FOREIGN: "You are not of this workspace, and dnsmedic answers only its own members.",
    Membership.APP: "dnsmedic answers people only, no other apps.",
    Membership.GONE: "Your account in this workspace is closed, so dnsmedic does not answer it.",
    Membership.UNKNOWN: "Slack does not say who you are right now, and changes are for full members only. Try again soon.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and from where, as Slack's signed payload tells. thread_ts: "" outside of a thread.

    outsider: a guest, a stranger of a shared channel, or a bot.
    """

    user: str
    team: str
    channel: str
    thread_ts: str = ""
    outsider: bool = False


def may_speak(caller: Caller, home: str) -> str:
    """Whether dnsmedic listens to this person at all. home: the id of our own workspace, "" while it is not known."""
    if not home:
        return "dnsmedic is still starting and could not reach Slack yet. Try again in a moment."
    if caller.outsider or caller.team != home:
        return "dnsmedic answers only members of the workspace that it belongs to, no guests and no other apps."
    return ""


def may_ask(membership: Membership, *, changes: bool = False) -> str:
    """Whether somebody of this membership is answered. changes: whether it is about changing something in a cluster.

    Where Slack cannot say who somebody is, looking goes on by the rule of the channel alone: a check only reads, DNS
    may well be what keeps Slack from answering, and a guest sees the answers in the channel anyhow. The same goes for
    ending a run, which is for named people only. What changes a cluster is for those alone whom Slack calls members.
    """
    if membership is Membership.UNKNOWN and not changes:
        return ""
    return _NOT_ANSWERED.get(membership, "")


def may_check(caller: Caller, entry: ClusterEntry | None) -> str:
    """Whether a cluster may be checked from here; an unknown cluster gets the same answer as a forbidden one."""
    if entry is None or not entry.asked_in(caller.channel):
        return "is not a cluster that you can check in this channel"
    return ""


def here(caller: Caller, clusters: Clusters) -> tuple[str, ...]:
    """The names of the clusters that may be checked from here, in the order of the file."""
    return tuple(name for name, entry in clusters.entries.items() if not may_check(caller, entry))


def seen_by_member(channels: frozenset[str] | None, clusters: Clusters) -> tuple[str, ...]:
    """The names of the clusters that somebody in these channels may ask about in one of them, in the order of the file.

    channels: None where it is not known; then only those that may be asked about anywhere.
    """
    known = channels or frozenset()
    return tuple(name for name, entry in clusters.entries.items() if not entry.channels or known & set(entry.channels))


def may_see(caller: Caller, record: RunRecord | None, clusters: Clusters) -> str:
    """Whether a run may be looked at or repeated from here; an unknown run gets the same answer as a foreign one."""
    if record is None or may_check(caller, clusters.get(record.cluster)):
        return "There is no such run in this channel. Runs are kept for 90 days; ask again with `/dns-check`."
    return ""


def may_stop(caller: Caller, record: RunRecord, entry: ClusterEntry | None) -> str:
    """Whether this person may stop a run: who asked, who joined, or an approver of the cluster by their own id."""
    allowed = {record.user, *record.joined, *(entry.approvers if entry else ())} - {""}
    if caller.user in allowed:
        return ""
    return "Only those who asked for this run, or an approver of the cluster, can stop it."


def is_its_message(record: RunRecord, channel: str, message_ts: str, thread_ts: str) -> bool:
    """Whether a button was pressed on a message of its own run: a value that was moved elsewhere does nothing."""
    threads = {record.parent_ts, record.thread_ts} - {""}
    return channel == record.channel and (not threads or message_ts in threads or thread_ts in threads)
