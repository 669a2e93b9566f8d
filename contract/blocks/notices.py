"""Short messages: a notice in a thread, and answers that only one person sees."""

from __future__ import annotations

from collections.abc import Sequence

from contract.blocks.message import MOST_TEXT, Block, Message, actions, first_that_fits, sections
from contract.blocks.text import code, mention, moment, mrkdwn
from contract.blocks.views import RunView


def notice(text: str) -> tuple[Message, ...]:
    """A few plain sentences for everybody in a thread, which are escaped here; two messages, best first."""
    escaped = mrkdwn(text, MOST_TEXT - 200)
    return Message(escaped, tuple(sections(escaped.split("\n")))), Message(escaped)


def again(view: RunView) -> tuple[Message, ...]:
    """That a check is run once more, and for whom: what follows in the thread is of that run. Two messages."""
    parts = [f"*Run {view.number}* of this check", code(view.run, 60)]
    parts += [f"re-run started by {mention(view.asked_by)}"] if view.asked_by else []
    parts += [moment(view.started)] if view.started else []
    text = " · ".join(parts)
    return Message(text, tuple(sections([text]))), Message(text)


def ephemeral(lines: Sequence[str], buttons: Sequence[Block] = ()) -> Message:
    """An answer for one person, of lines of escaped mrkdwn; what does not fit is left out at the end."""
    shown = list(lines)
    blocks = first_that_fits([*sections(shown[:most]), *actions(buttons)] for most in (len(shown), 60, 25, 10, 3))
    text = "\n".join(shown)
    return Message(text if len(text) <= MOST_TEXT else shown[0][:MOST_TEXT], blocks)
