"""How much detail a message shows: the deepest level that fits Slack's limits is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from contract.blocks.message import MOST_SECTION, Block, preformatted, section
from contract.blocks.text import fence, more, plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """One level.

    causes: shown whole. lines: of evidence. each: characters of such a line. sentence: characters of a sentence.
    items: of a list. table: whether single questions are listed. tasks: of the plan. output: characters under a task.
    """

    causes: int
    lines: int
    each: int
    sentence: int
    items: int
    table: bool
    tasks: int
    output: int


DEPTHS = (
    Depth(causes=5, lines=12, each=200, sentence=600, items=12, table=True, tasks=50, output=120),
    Depth(causes=4, lines=10, each=160, sentence=400, items=10, table=True, tasks=50, output=80),
    Depth(causes=3, lines=6, each=160, sentence=300, items=8, table=True, tasks=50, output=50),
    Depth(causes=3, lines=5, each=120, sentence=260, items=6, table=False, tasks=50, output=0),
    Depth(causes=2, lines=3, each=110, sentence=220, items=4, table=False, tasks=20, output=50),
    Depth(causes=1, lines=2, each=100, sentence=140, items=3, table=False, tasks=10, output=40),
    Depth(causes=1, lines=1, each=60, sentence=60, items=2, table=False, tasks=5, output=0),
)


def as_they_are(lines: Sequence[str], depth: Depth, *, rich: bool) -> list[Block]:
    """Evidence and commands in a fixed width, as many as there is room for; nothing without lines."""
    if not lines:
        return []
    if rich:
        shown = [plain(one.replace("\n", " "), depth.each) for one in lines[: depth.lines]]
        return [preformatted([*shown, *more(len(lines) - depth.lines)])]
    each = min(depth.each, MOST_SECTION // (depth.lines + 2))
    return [section(fence(lines, depth.lines, each))]
