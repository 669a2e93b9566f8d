"""What Slack takes as a table: at most 100 rows of 20 cells, none of them empty."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.slack.limits.rich_text import rich_text_object
from sandbox.slack.limits.rules import Problem, array, boolean, choice, number, record, string, tagged
from sandbox.slack.limits.texts import ID

CELL_CHARACTERS = 10_000
"""All cells of all tables of one message together."""

_CELL = tagged(
    {
        "raw_text": record({"text": string()}),
        "raw_number": record({"value": number()}, {"text": string()}),
        "rich_text": rich_text_object,
    }
)


def _setting(value: Any, at: str) -> Iterator[Problem]:
    if value is not None:
        yield from record({}, {"align": choice("left", "center", "right"), "is_wrapped": boolean})(value, at)


TABLE = record(
    {"rows": array(array(_CELL, 1, 20), 1, 100)},
    {"block_id": ID, "column_settings": array(_setting, 0, 20)},
)
