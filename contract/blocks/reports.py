"""A health report: one message that says how every cluster is, worst first."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from contract.blocks.message import (
    MOST_TEXT,
    Block,
    Message,
    actions,
    context,
    section,
    sections,
    words,
)
from contract.blocks.text import code, day, duration, label, line, link, mention, size
from contract.figures import counted
from contract.model import Status

_WORST_FIRST = (Status.PROBLEM, Status.CANNOT_SEE, Status.AT_RISK, Status.HEALTHY)
_SIGNS = {
    Status.PROBLEM: ("\N{LARGE RED CIRCLE}", ":red_circle:"),
    Status.CANNOT_SEE: ("\N{MEDIUM WHITE CIRCLE}", ":white_circle:"),
    Status.AT_RISK: ("\N{LARGE YELLOW CIRCLE}", ":large_yellow_circle:"),
    Status.HEALTHY: ("\N{LARGE GREEN CIRCLE}", ":large_green_circle:"),
}
_WORDS = {
    Status.PROBLEM: "problem",
    Status.CANNOT_SEE: "could not check",
    Status.AT_RISK: "at risk",
    Status.HEALTHY: "healthy",
}
_NONE = "\N{EN DASH}"
_ROWS = (60, 40, 20, 10, 5)
_ROOM = 7_500
"""Characters of JSON that the list of clusters may have; what stands around it fits into the rest of a message."""
_FEW = 20
_MANY = 100
"""Above so many clusters only the worst few are in the message."""
_LINES_IN_A_REPLY = 60
_HEADINGS = ("Cluster", "Status", "p95", "Change")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One cluster. p95: seconds within which 95 of 100 answers came, 0 where nothing was measured.

    causes: how many were found. before, p95_before: of the last report, None and 0 where there was none. muted: nobody
    here wants to hear of it now.
    """

    cluster: str
    status: Status
    causes: int = 0
    p95: float = 0.0
    before: Status | None = None
    p95_before: float = 0.0
    muted: bool = False

    @property
    def changed(self) -> bool:
        """Whether it stands otherwise than in the last report."""
        return self.before is not None and self.before is not self.status

    @property
    def bad(self) -> bool:
        """Whether it is worth a look."""
        return self.status is not Status.HEALTHY


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """A report as people see it. Times are seconds since 1970, 0 for none.

    at: what its date is of, in `timezone`. late: seconds after its tick. missed: ticks before it that had no report.
    seconds: how long it took. following: when the next one is due. before: the address of the last one's message, "".
    brief: one line is enough where nothing changed. asked_by: a Slack user id, "" for a schedule.
    """

    at: float
    timezone: str
    lines: tuple[Line, ...]
    late: float = 0.0
    missed: tuple[float, ...] = ()
    seconds: float = 0.0
    following: float = 0.0
    before: str = ""
    brief: bool = False
    asked_by: str = ""

    @property
    def ordered(self) -> tuple[Line, ...]:
        """The clusters, worst first, and those that are muted last."""
        return tuple(
            sorted(
                self.lines, key=lambda one: (one.muted, _WORST_FIRST.index(one.status), not one.changed, one.cluster)
            )
        )

    @property
    def is_brief(self) -> bool:
        """Whether it says no more than that nothing changed."""
        return self.brief and not any(one.changed or one.before is None for one in self.lines if not one.muted)


def report(view: ReportView, buttons: Sequence[Block] = ()) -> tuple[Message, ...]:
    """The report as messages that say the same, best first: with a table, with sections, as text alone."""
    text = f"{line(_title(view), 200)}: {_tally(view.lines)}"
    if view.is_brief:
        said = f"*{line(_title(view), 200)}* · no change: {_tally(view.lines)}"
        return Message(text, (section(said), context(_footer(view)))), Message(f"{said}\n{_footer(view)}")
    most = _room(view)
    return (
        Message(text, tuple(_blocks(view, [_table(view, most)], buttons))),
        Message(text, tuple(_blocks(view, sections([_line(one) for one in view.ordered[:most]]), buttons))),
        Message(_text(view)),
    )


def rest(view: ReportView) -> tuple[tuple[Message, ...], ...]:
    """Replies with the clusters that the message has no room for, each as messages that say the same, best first."""
    shown = len(view.lines) if view.is_brief else _room(view)
    made = []
    for group in _groups([_line(one) for one in view.ordered[shown:]]):
        heading = f"*Clusters {shown + 1} to {shown + len(group)} of {len(view.lines)}*"
        shown += len(group)
        made.append((Message(heading, tuple(sections([heading, *group]))), Message(_cut([heading, *group]))))
    return tuple(made)


def _groups(lines: Sequence[str]) -> Iterator[list[str]]:
    """The lines, as many together as one reply takes."""
    held: list[str] = []
    for one in lines:
        if held and (len(held) >= _LINES_IN_A_REPLY or size(json.dumps([*held, one])) > _ROOM):
            yield held
            held = []
        held.append(one)
    if held:
        yield held


def _room(view: ReportView) -> int:
    """How many clusters the message shows."""
    for most in _ROWS:
        forms = [_table(view, most)], sections([_line(one) for one in view.ordered[:most]])
        if all(size(json.dumps(form)) <= _ROOM for form in forms) and (most <= _FEW or len(view.lines) <= _MANY):
            return min(most, len(view.lines))
    return min(1, len(view.lines))


def _blocks(view: ReportView, body: Sequence[Block], buttons: Sequence[Block]) -> list[Block]:
    header: Block = {"type": "header", "text": words(_title(view), 150)}
    return [header, *body, context(_footer(view)), *actions(buttons)]


def _title(view: ReportView) -> str:
    """DNS health · Mon 23 Nov · 3 clusters. Plain text."""
    day = datetime.fromtimestamp(view.at, ZoneInfo(view.timezone))
    late = f" · {duration(view.late)} late" if view.late else ""
    return f"DNS health · {day:%a} {day.day} {day:%b} · {counted(len(view.lines), 'cluster')}{late}"


def _tally(lines: Sequence[Line]) -> str:
    """1 problem (cluster-a), 2 healthy. mrkdwn."""
    found = Counter(one.status for one in lines)
    parts = []
    for status in (one for one in _WORST_FIRST if found[one]):
        named = [line(one.cluster, 60) for one in lines if one.status is status]
        which = f" ({', '.join(named[:3])}{' …' if len(named) > 3 else ''})" if status is not Status.HEALTHY else ""
        parts.append(f"{found[status]} {_WORDS[status]}{which}")
    return ", ".join(parts) or "no clusters"


def _word(one: Line) -> str:
    if one.status is Status.PROBLEM and one.causes:
        return counted(one.causes, "problem")
    return _WORDS[one.status]


def _table(view: ReportView, most: int) -> Block:
    rows = [list(_HEADINGS), *(_cells(one) for one in view.ordered[:most])]
    columns = [{"align": side} for side in ("left", "left", "right", "right")]
    cells = [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]
    return {"type": "table", "column_settings": columns, "rows": cells}


def _cells(one: Line) -> list[str]:
    muted = " (muted)" if one.muted else ""
    return [
        label(one.cluster, 100),
        f"{_SIGNS[one.status][0]} {_word(one)}{muted}",
        _seconds(one.p95) if one.p95 else _NONE,
        _change(one) or _NONE,
    ]


def _line(one: Line) -> str:
    """The same as a line of mrkdwn."""
    parts = [f"{_SIGNS[one.status][1]} {code(one.cluster, 100)} {_word(one)}{' (muted)' if one.muted else ''}"]
    parts += [f"p95 {_seconds(one.p95)}"] if one.p95 else []
    parts += [_change(one)] if _change(one) else []
    return " · ".join(parts)


def _change(one: Line) -> str:
    """Against the last report. Plain text."""
    said = [f"was {_WORDS[one.before]}"] if one.changed and one.before else []
    if one.p95 and one.p95_before:
        said.append(f"{(one.p95 - one.p95_before) * 1000:+.0f} ms")
    return ", ".join(said)


def _seconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 else "under 1 ms"


def _footer(view: ReportView) -> str:
    parts = [f"asked by {mention(view.asked_by)}"] if view.asked_by else []
    parts.append(f"took {duration(view.seconds)}")
    parts += [f"next report {day(view.following, view.timezone)}"] if view.following else []
    parts += [link(view.before, "the last report")] if view.before else []
    parts += [f"missed: {', '.join(day(one, view.timezone) for one in view.missed[-3:])}"] if view.missed else []
    told = not view.is_brief and any((one.changed or one.bad) and not one.muted for one in view.lines)
    parts += ["in the thread: what changed or is not well"] if told else []
    return " · ".join(parts)


def _text(view: ReportView) -> str:
    return _cut([f"*{line(_title(view), 200)}*", *(_line(one) for one in view.ordered[:_FEW]), _footer(view)])


def _cut(lines: Sequence[str]) -> str:
    """As many of the lines as a text may hold."""
    kept: list[str] = []
    for one in lines:
        if size("\n".join([*kept, one])) > MOST_TEXT:
            break
        kept.append(one)
    return "\n".join(kept)
