"""What Slack would refuse a message for, in the names of its own errors. Stricter where Slack is not documented."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from contract.blocks.message import MOST_BLOCKS, Message
from contract.blocks.rules import Faults, block_faults, texts, words_faults
from contract.blocks.text import size

_MOST_SHOWN = 9_000


def faults(message: Message, *, update: bool = False) -> tuple[str, ...]:
    """Slack's errors for this message, each as "error_name /blocks/0/text: why"; () if Slack takes it.

    update: whether it is sent by chat.update, where `text` has 4,000 characters at most instead of 40,000.
    """
    found: list[tuple[str, str]] = []
    if not message.text.strip():
        found.append(("no_text", "/text: is empty"))
    if size(message.text) > (4_000 if update else 40_000):
        found.append(("msg_too_long", f"/text: has {size(message.text)} characters"))
    if len(message.blocks) > MOST_BLOCKS:
        found.append(("msg_blocks_too_many", f"/blocks: are {len(message.blocks)}"))
    if (shown := sum(size(text) for text in texts(message.blocks))) > _MOST_SHOWN:
        found.append(("msg_blocks_too_long", f"/blocks: show {shown} characters"))
    for number, block in enumerate(message.blocks):
        found += block_faults(block, f"/blocks/{number}")
    found += _whole(message.blocks)
    return tuple(f"{name} {why}" for name, why in found)


def view_faults(view: Mapping[str, Any]) -> tuple[str, ...]:
    """Slack's errors for a modal."""
    found: list[tuple[str, str]] = []
    for key in ("title", "submit", "close"):
        if key in view:
            found += words_faults(view[key], f"/{key}", 24)
    if size(str(view.get("private_metadata", ""))) > 3_000:
        found.append(("invalid_arguments", "/private_metadata: is too long"))
    blocks = view.get("blocks", ())
    if not 1 <= len(blocks) <= 100:
        found.append(("invalid_arguments", f"/blocks: are {len(blocks)}"))
    for number, block in enumerate(blocks):
        found += block_faults(block, f"/blocks/{number}")
    return tuple(f"{name} {why}" for name, why in found)


def _whole(blocks: Sequence[Mapping[str, Any]]) -> Faults:
    """The rules between blocks."""
    tables = [block for block in _every(blocks) if block.get("type") == "table"]
    if len(tables) > 1:
        yield "invalid_blocks", f"/blocks: have {len(tables)} tables"
    if sum(size(text) for table in tables for text in texts(table)) > 10_000:
        yield "invalid_blocks", "/blocks: the table has more than 10,000 characters"
    ids = [block["block_id"] for block in _every(blocks) if "block_id" in block]
    if len(ids) != len(set(ids)):
        yield "invalid_blocks", "/blocks: a block_id stands twice"


def _every(blocks: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for block in blocks:
        yield block
        yield from block.get("child_blocks", ())
