"""The last reply of a run: what is wrong, how sure that is, what to do, and what could not be seen."""

from __future__ import annotations

from collections.abc import Sequence

from contract.blocks.depth import DEPTHS, Depth, as_they_are
from contract.blocks.message import (
    MOST_TEXT,
    Block,
    Message,
    actions,
    button,
    context,
    first_that_fits,
    section,
    sections,
)
from contract.blocks.text import code, fence, line, link, mention, more, mrkdwn, size
from contract.blocks.views import RunView, asked, summary_of, title_of
from contract.model import Cause, Status, Verdict

_LONG_RUN_SECONDS = 60
_MOST_MENTIONS = 10


def verdict(view: RunView, again: Sequence[Block] | None = None) -> tuple[Message, ...]:
    """The verdict as three messages that say the same, best first. The first line begins with the status as a word.

    Those who asked are mentioned where something is wrong or the run took long: edits of the parent notify nobody.
    again: the buttons in place of the one that runs it again under its own message.
    """
    text = summary_of(view, 600)
    rich = first_that_fits(_blocks(view, depth, again, rich=True) for depth in DEPTHS)
    classic = first_that_fits(_blocks(view, depth, again, rich=False) for depth in DEPTHS)
    return Message(text, rich), Message(text, classic), Message(_text(view))


def _blocks(view: RunView, depth: Depth, again: Sequence[Block] | None, *, rich: bool) -> list[Block]:
    blocks = sections(_head(view, depth))
    if view.verdict and view.state == "done":
        for number, cause in enumerate(view.verdict.causes[: depth.causes], 1):
            blocks += _cause(number, cause, depth, rich=rich)
        blocks += sections(_others(view.verdict, depth) + _open_ends(view.verdict, depth))
    blocks += actions([button("Re-run", "dns.rerun", view.run)] if again is None else again)
    blocks.append(context(_footer(view)))
    return blocks


def _head(view: RunView, depth: Depth) -> list[str]:
    head = [title_of(view)]
    if about := asked(view.question):
        head.append(f"Asked about {about}")
    if view.note:
        head.append(line(view.note, 300))
    if view.verdict and view.state == "done":
        head.append(f"*{line(view.verdict.summary, depth.sentence)}*")
    return head


def _cause(number: int, cause: Cause, depth: Depth, *, rich: bool) -> list[Block]:
    said = [f"*{number}. {line(cause.summary, depth.sentence)}*"]
    facts = [f"Confidence: *{cause.confidence}*", code(cause.code, 80)]
    facts += [code(cause.subject, depth.each)] if cause.subject else []
    facts += [link(cause.source, "source")] if cause.source else []
    said.append(" · ".join(facts))
    blocks = [*sections(said), *as_they_are(cause.evidence, depth, rich=rich)]
    if cause.fix:
        blocks.append(section(f"*Fix*\n{mrkdwn(cause.fix, depth.sentence)}"))
    return [*blocks, *as_they_are(cause.commands, depth, rich=rich)]


def _others(verdict: Verdict, depth: Depth) -> list[str]:
    """The causes for which there was no room, and what was ruled out."""
    left = verdict.causes[depth.causes :]
    said = ["*Also*"] if left else []
    said += [f"• {code(cause.code, 80)} {line(cause.summary, depth.each)}" for cause in left[: depth.items]]
    said += more(len(left) - depth.items)
    out = verdict.ruled_out
    said += ["*Ruled out*"] if out else []
    said += [f"• {code(one.code, 80)} {line(one.because, depth.each)}" for one in out[: depth.items]]
    return [*said, *more(len(out) - depth.items)]


def _open_ends(verdict: Verdict, depth: Depth) -> list[str]:
    """What stays unexplained, and what could not be seen with the grant that would let it."""
    said = ["*Not explained by this*"] if verdict.unexplained else []
    said += [f"• {line(one, depth.each)}" for one in verdict.unexplained[: depth.items]]
    said += more(len(verdict.unexplained) - depth.items)
    unseen = verdict.not_checked
    said += ["*Could not be seen*"] if unseen else []
    for one in unseen[: depth.items]:
        grant = f" · needs {code(one.grant, depth.sentence)}" if one.grant else ""
        said.append(f"• {code(one.check, 80)} {line(one.because, depth.each)}{grant}")
    return [*said, *more(len(unseen) - depth.items)]


def _footer(view: RunView) -> str:
    parts = [f"run {code(view.run, 60)}"]
    healthy = view.verdict is not None and view.verdict.status is Status.HEALTHY and view.state == "done"
    if not healthy or view.seconds > _LONG_RUN_SECONDS:
        people = list(dict.fromkeys(person for person in (view.asked_by, *view.joined) if person))
        parts += [" ".join(mention(person) for person in people[:_MOST_MENTIONS])] if people else []
        parts += [f"and {len(people) - _MOST_MENTIONS} more"] if len(people) > _MOST_MENTIONS else []
    return " · ".join(parts)


def _text(view: RunView) -> str:
    """Everything as text alone: what remains when Slack refuses all blocks."""
    for depth in DEPTHS:
        said = _head(view, depth)
        if view.verdict and view.state == "done":
            for number, cause in enumerate(view.verdict.causes[: depth.causes], 1):
                said += _plain_cause(number, cause, depth)
            said += [*_others(view.verdict, depth), *_open_ends(view.verdict, depth)]
        text = "\n".join([*said, _footer(view)])
        if size(text) <= MOST_TEXT:
            return text
    return "\n".join([title_of(view), _footer(view)])


def _plain_cause(number: int, cause: Cause, depth: Depth) -> list[str]:
    said = [
        f"*{number}. {line(cause.summary, depth.sentence)}* · confidence: {cause.confidence} · {code(cause.code, 80)}"
    ]
    said += [fence(cause.evidence, depth.lines, depth.each)] if cause.evidence else []
    said += [f"*Fix:* {mrkdwn(cause.fix, depth.sentence)}"] if cause.fix else []
    return said + ([fence(cause.commands, depth.lines, depth.each)] if cause.commands else [])
