"""The app's Home tab: what one person sees of the clusters, of their own checks and of the reports. Pure but for Redis."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from bot import policy
from bot.commands import Desk
from bot.policy import Caller
from contract.blocks import Block, context, section
from contract.blocks.message import sections, words
from contract.blocks.text import code, day, line, link, more
from contract.blocks.views import title_of
from contract.clusters import Clusters, Schedule
from contract.health_reports import HealthReports, identity
from contract.records import RunRecord

_MOST_CLUSTERS = 40
_MOST_REPORTS = 20
_ABOUT = (
    "*dnsmedic* finds out why DNS fails in a cluster, and what to do about it. In a channel, type `/dns-check` for a "
    "form, `/dns-check cluster-a` for a cluster, `/dns-check help` for the rest."
)
_FOR_YOU_ALONE = "Only you see this page; it is made anew each time that you open it."
_CHANNELS_UNKNOWN = (
    "Slack does not say right now which channels you are in, so clusters that belong to channels are left out."
)
_OF_A_DAY = {"always": "every day", "on-change": "every day, in short where nothing changed", "weekdays": "on weekdays"}

NOT_READ = (
    "dnsmedic's own store (Redis) does not answer, so your checks cannot be shown. Open this page again in a moment."
)


@dataclass(frozen=True, slots=True)
class HomeTab:
    """Fills the tab. channels: those that the person is in, None where Slack did not say."""

    desk: Desk

    def view(self, caller: Caller, channels: frozenset[str] | None) -> dict[str, Any]:
        """The tab for this person. Raises RedisError where Redis fails."""
        if reason := self.desk.turned_away(caller):
            return said(reason)
        clusters = self.desk.clusters.current()
        visible = policy.seen_by_member(channels, clusters)
        blocks = [
            section(_ABOUT),
            *_part("Clusters", self._clusters(visible), "No cluster can be checked in the channels that you are in."),
            *_part("Your checks", self._checks(caller.user, visible), "You have not asked for a check yet."),
            *_part(
                "Health reports", self._reports(clusters, channels), "None is posted in the channels that you are in."
            ),
            context(_footer(channels)),
        ]
        return {"type": "home", "blocks": blocks}

    def _clusters(self, names: Sequence[str]) -> list[str]:
        shown = names[:_MOST_CLUSTERS]
        last = self.desk.runs.last(shown)
        lines = [
            f"• {self._run(last[name])}" if name in last else f"• {code(name, 100)} · not checked yet" for name in shown
        ]
        return [*lines, *more(len(names) - len(shown))]

    def _checks(self, user: str, visible: Sequence[str]) -> list[str]:
        return [f"• {self._run(record)}" for record in self.desk.runs.of(user) if record.cluster in visible]

    def _run(self, record: RunRecord) -> str:
        """A run on one line, with a link to its message where it has one of its own."""
        at = record.ended or record.started or record.asked
        told = "" if record.within else self.desk.link(record.channel, record.parent_ts)
        return " · ".join(
            [title_of(record.view(at)), *([day(at)] if at else []), *([link(told, "thread")] if told else [])]
        )

    def _reports(self, clusters: Clusters, channels: frozenset[str] | None) -> list[str]:
        known = channels or frozenset()
        mine = [one for one in clusters.schedules if one.channel in known]
        reports = self.desk.reports
        lines = [line for one in mine[:_MOST_REPORTS] for line in _schedule(one, clusters, reports)]
        return [*lines, *more(len(mine) - _MOST_REPORTS)]


def said(reason: str) -> dict[str, Any]:
    """The tab where there is nothing to show but a sentence."""
    return {"type": "home", "blocks": [section(_ABOUT), section(f":no_entry: {line(reason, 1_500)}")]}


def _schedule(schedule: Schedule, clusters: Clusters, reports: HealthReports) -> Iterator[str]:
    """One schedule: where and when, the next time as far as it is known, and whom nobody there wants to hear of."""
    about = ", ".join(code(name, 100) for name in schedule.clusters[:5]) or "all clusters"
    last = reports.get(reports.diary(identity(schedule)).last)
    following = f" · next {day(last.following, schedule.timezone)}" if last and last.following else ""
    at = f"{line(schedule.at, 10)} {line(schedule.timezone, 60)}"
    yield f"• <#{schedule.channel}> {_OF_A_DAY[schedule.when]} at {at} · {about}{following}"
    names = tuple(entry.name for entry in clusters.of(schedule))
    if muted := sorted(reports.muted(schedule.channel, names)):
        yield f"   :no_bell: muted there for a day: {', '.join(code(name, 100) for name in muted[:10])}"


def _part(title: str, lines: Sequence[str], nothing: str) -> Iterable[Block]:
    yield {"type": "header", "text": words(title, 150)}
    yield from sections(lines or [nothing])


def _footer(channels: frozenset[str] | None) -> str:
    parts = [f"dnsmedic {version('dnsmedic')}", _FOR_YOU_ALONE, *([_CHANNELS_UNKNOWN] if channels is None else [])]
    return " · ".join(parts)
