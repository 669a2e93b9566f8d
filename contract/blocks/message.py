"""Slack messages as plain data, and the few kinds of blocks that ours are made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from contract.blocks.text import label, size

Block = dict[str, object]

MOST_BLOCKS = 50
MOST_JSON = 9_000
"""Characters of all blocks as JSON: Slack refuses messages from some 11,000 characters of text on."""
MOST_TEXT = 3_000
MOST_SECTION = 2_900


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: `text` for notifications and screen readers, `blocks` for the eye; no blocks: `text` is all."""

    text: str
    blocks: tuple[Block, ...] = ()


def fits(blocks: Sequence[Block]) -> bool:
    """Whether Slack takes so many blocks of such a size."""
    return len(blocks) <= MOST_BLOCKS and len(json.dumps(blocks)) <= MOST_JSON


def first_that_fits(candidates: Iterable[Sequence[Block]]) -> tuple[Block, ...]:
    """The first candidate that fits, else the last: candidates come from the most detailed to the barest."""
    chosen: Sequence[Block] = ()
    for chosen in candidates:
        if fits(chosen):
            break
    return tuple(chosen)


def words(text: str, most: int = 75) -> Block:
    """A plain_text object."""
    return {"type": "plain_text", "text": label(text, most), "emoji": True}


def section(text: str) -> Block:
    """A section of mrkdwn that is already escaped; Slack makes no links or mentions of its own in it."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}


def sections(lines: Sequence[str]) -> list[Block]:
    """As few sections as hold all the lines, none longer than Slack allows."""
    blocks: list[Block] = []
    held: list[str] = []
    for one in lines:
        if held and size("\n".join([*held, one])) > MOST_SECTION:
            blocks.append(section("\n".join(held)))
            held = []
        held.append(one)
    return [*blocks, section("\n".join(held))] if held else blocks


def context(text: str) -> Block:
    """Small grey print; mrkdwn that is already escaped."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def preformatted(lines: Sequence[str]) -> Block:
    """Lines in a fixed width; plain texts."""
    text = {"type": "text", "text": "\n".join(lines).strip() or "-"}
    return {"type": "rich_text", "elements": [{"type": "rich_text_preformatted", "elements": [text]}]}


def output(text: str) -> Block:
    """The short line under a task of a plan; a plain text."""
    element = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [element]}


def button(label: str, action: str, value: str, *, style: str = "", confirm: Block | None = None) -> Block:
    """A button. `value` is an opaque id (a run, a request), perhaps with a word of ours behind it, never parameters."""
    made: dict[str, Any] = {"type": "button", "text": words(label), "action_id": action, "value": value}
    if style:
        made["style"] = style
    if confirm:
        made["confirm"] = confirm
    return made


def confirmation(title: str, text: str, yes: str, no: str) -> Block:
    """The dialog before a button does something."""
    return {"title": words(title, 100), "text": words(text, 300), "confirm": words(yes, 30), "deny": words(no, 30)}


def actions(buttons: Sequence[Block]) -> list[Block]:
    """A row of buttons, or nothing without any."""
    return [{"type": "actions", "elements": list(buttons)}] if buttons else []
