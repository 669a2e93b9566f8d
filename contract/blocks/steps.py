"""What steps saw, as a reply in the thread: one reply for one step, or for several that ended together."""

from __future__ import annotations

from collections.abc import Sequence

from contract.blocks.depth import DEPTHS, Depth, as_they_are
from contract.blocks.message import (
    MOST_TEXT,
    Block,
    Message,
    first_that_fits,
    sections,
    words,
)
from contract.blocks.text import code, label, line, more, size
from contract.blocks.views import step_line
from contract.model import Outcome, Signal, StepResult

_MOST_ROWS = 20
_HEADINGS = ("asked from", "asked", "kind", "over", "answered", "result")


def step(number: int, total: int, steps: Sequence[StepResult]) -> tuple[Message, ...]:
    """A reply on `steps`, the first of which is step `number` (from 1 on) of `total`; three messages, best first.

    What is fine takes one line; a problem comes with findings and raw evidence, an `unknown` with the missing grant.
    """
    text = _text(number, total, steps)
    rich = first_that_fits(_blocks(number, total, steps, depth, rich=True) for depth in DEPTHS)
    classic = first_that_fits(_blocks(number, total, steps, depth, rich=False) for depth in DEPTHS)
    return Message(text, rich), Message(text, classic), Message(text)


def _text(number: int, total: int, steps: Sequence[StepResult]) -> str:
    lines: list[str] = []
    for most in (300, 120, 60, 30):
        lines = [step_line(one, place, total, most) for place, one in enumerate(steps, number)]
        text = "\n".join(lines)
        if size(text) <= MOST_TEXT:
            return text
    return "\n".join([*lines[:10], *more(len(lines) - 10)])


def _blocks(number: int, total: int, steps: Sequence[StepResult], depth: Depth, *, rich: bool) -> list[Block]:
    blocks: list[Block] = []
    held: list[str] = []
    tables = 0
    for place, one in enumerate(steps, number):
        held.append(step_line(one, place, total, min(300, depth.sentence)))
        if one.outcome in (Outcome.OK, Outcome.SKIPPED) or len(steps) > depth.tasks:
            continue
        held += _details(one, depth)
        blocks += sections(held)
        held = []
        blocks += as_they_are(_raw(one), depth, rich=rich)
        if rich and depth.table and not tables and len(one.signals) > 1:
            blocks.append(_table(one.signals))
            tables = 1
    if len(steps) > depth.tasks and len(held) > depth.items:
        held = [*held[: depth.items], *more(len(held) - depth.items)]
    return [*blocks, *sections(held)]


def _details(step: StepResult, depth: Depth) -> list[str]:
    if step.outcome is Outcome.UNKNOWN:
        return [f"To let it look: {code(step.grant, depth.sentence)}"] if step.grant else []
    found = [
        f"• {code(finding.code, 80)} · {finding.severity} · {line(finding.summary, depth.sentence)}"
        + (f" · {code(finding.subject, depth.each)}" if finding.subject else "")
        for finding in step.findings[: depth.items]
    ]
    return [*found, *more(len(step.findings) - depth.items)]


def _raw(step: StepResult) -> list[str]:
    """The raw lines behind a step: of its findings, then of its symptoms; each once, in order."""
    lines = [one for finding in step.findings for one in finding.evidence]
    for signal in step.signals:
        lines += (signal.evidence or (signal.summary,)) if signal.bad else ()
    return list(dict.fromkeys(lines))


def _table(signals: Sequence[Signal]) -> Block:
    """The single questions in a table that is closed until somebody opens it; failures first."""
    shown = sorted(signals, key=lambda signal: not signal.bad)[:_MOST_ROWS]
    rows = [[_cell(heading) for heading in _HEADINGS], *(_row(signal) for signal in shown)]
    title = f"What was asked ({len(signals)})"
    if len(shown) < len(signals):
        title += f", {len(shown)} shown"
    return {
        "type": "container",
        "title": words(title, 150),
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": [{"type": "table", "rows": rows}],
    }


def _row(signal: Signal) -> list[Block]:
    asked = signal.zone or signal.kind.value
    answered = f"{signal.answered}/{signal.attempts}"
    cells = (signal.pod or signal.node, signal.server, asked, signal.transport, answered, signal.effect.value)
    return [_cell(cell) for cell in cells]


def _cell(text: str) -> Block:
    return {"type": "raw_text", "text": label(text, 64)}
