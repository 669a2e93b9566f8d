"""What Slack takes as a whole message: number of blocks, text in total, what may stand together, metadata."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from sandbox.slack.limits.blocks import Surface, blocks_of
from sandbox.slack.limits.rules import Problem, tagged
from sandbox.slack.limits.tables import CELL_CHARACTERS
from sandbox.slack.wire import Json, Refusal, dumps

BLOCKS = 50
TOTAL_TEXT = 11_340
"""Slack's staff speak of 12,000 "with a buffer"; the smallest total that was seen refused is 11,341."""
MARKDOWN_TEXT = 12_000
POST_TEXT = 40_000
UPDATE_TEXT = 4_000
METADATA = 8_000
"""Slack has a limit (`metadata_too_large`) and does not say which; ids fit."""
ATTACHMENTS = 100

_TEXT_KEYS = frozenset({"text", "title", "subtitle", "body", "label", "hint", "alt_text", "description", "placeholder"})


def check_blocks(blocks: Any, *, modern: bool = True, total: bool = True) -> list[Json]:
    """The blocks of a message, when Slack takes them. Raises Refusal with Slack's error otherwise.

    total: whether the text of all blocks together counts; answers to a response_url are spared that.
    """
    if not isinstance(blocks, list):
        raise Refusal("invalid_blocks_format")
    if len(blocks) > BLOCKS:
        raise Refusal("msg_blocks_too_many")
    refuse_blocks(list(problems_of(blocks, Surface.MESSAGE, "/blocks", modern=modern)))
    if total and sum(len(text) for text in texts_of(blocks)) > TOTAL_TEXT:
        raise Refusal("msg_blocks_too_long")
    return blocks


def refuse_blocks(problems: list[Problem]) -> None:
    """Raise Slack's `invalid_blocks` where there are problems: `errors` and the same as messages."""
    if problems:
        lines = [problem.line for problem in problems]
        raise Refusal(
            "invalid_blocks", errors=lines, response_metadata={"messages": [f"[ERROR] {line}" for line in lines]}
        )


def problems_of(blocks: list[Any], surface: Surface, at: str, *, modern: bool = True) -> Iterator[Problem]:
    """Everything that is wrong with these blocks on this surface."""
    rule = tagged(blocks_of(surface, modern=modern))
    single = [problem for index, block in enumerate(blocks) for problem in rule(block, f"{at}/{index}")]
    yield from single
    if not single:
        yield from _block_ids(blocks, at)
        yield from _standing_together(blocks, at)


def texts_of(value: Any) -> Iterator[str]:
    """Every text that a reader of these blocks could see."""
    if isinstance(value, list):
        yield from chain.from_iterable(texts_of(each) for each in value)
    elif isinstance(value, dict):
        for key, each in value.items():
            if isinstance(each, str) and key in _TEXT_KEYS:
                yield each
            elif not isinstance(each, str):
                yield from texts_of(each)


def check_metadata(metadata: Any) -> Json:
    """The metadata of a message, when Slack takes it. Raises Refusal otherwise; `{}` takes metadata away."""
    if not isinstance(metadata, dict):
        raise Refusal("invalid_metadata_format")
    if not metadata:
        return metadata
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if set(metadata) - {"event_type", "event_payload", "entities"} or not isinstance(kind, str) or not kind:
        raise Refusal("invalid_metadata_schema")
    if not isinstance(payload, dict):
        raise Refusal("invalid_metadata_schema")
    if len(dumps(metadata)) > METADATA:
        raise Refusal("metadata_too_large")
    return metadata


def _block_ids(blocks: list[Json], at: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for pointer, block in _with_children(blocks, at):
        name = block.get("block_id")
        if name is not None and name in seen:
            yield Problem(f"{pointer}/block_id", f"block_id already exists: {name}", {"type": "unique"})
        seen.add(name or "")


def _with_children(blocks: list[Json], at: str) -> Iterator[tuple[str, Json]]:
    for index, block in enumerate(blocks):
        yield f"{at}/{index}", block
        for child, each in enumerate(block.get("child_blocks", [])):
            yield f"{at}/{index}/child_blocks/{child}", each


def _standing_together(blocks: list[Json], at: str) -> Iterator[Problem]:
    every = list(_with_children(blocks, at))
    tables = [(pointer, block) for pointer, block in every if block["type"] == "table"]
    for pointer, _ in tables[1:]:
        yield Problem(pointer, "only_one_table_allowed", {"type": "max_items", "expected": 1})
    if sum(len(text) for _, table in tables for text in texts_of(table["rows"])) > CELL_CHARACTERS:
        yield Problem(f"{tables[0][0]}/rows", f"must be less than {CELL_CHARACTERS + 1} characters")
    kinds = [block["type"] for _, block in every]
    if "plan" in kinds and "task_card" in kinds:
        yield Problem(at, "plan and task_card cannot be used together", {"type": "exclusive"})
    prose = sum(len(block["text"]) for _, block in every if block["type"] == "markdown")
    if prose > MARKDOWN_TEXT:
        yield Problem(at, f"markdown blocks must be less than {MARKDOWN_TEXT + 1} characters", {"type": "max_length"})
