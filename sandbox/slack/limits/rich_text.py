"""What Slack takes as rich text: sections, lists, quotes and preformatted text with their inline parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.slack.limits.rules import Problem, array, boolean, choice, number, record, string, tagged
from sandbox.slack.limits.texts import ID, URL

_STYLE = record(
    {}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight"), boolean)
)
_TEXT = record({"text": string()}, {"style": _STYLE})
_LINK = record({"url": URL}, {"text": string(), "style": _STYLE, "unsafe": boolean})
_INLINE = tagged(
    {
        "text": _TEXT,
        "link": _LINK,
        "emoji": record({"name": string()}, {"unicode": string(), "skin_tone": number(1, 6), "style": _STYLE}),
        "user": record({"user_id": ID}, {"style": _STYLE}),
        "usergroup": record({"usergroup_id": ID}, {"style": _STYLE}),
        "channel": record({"channel_id": ID}, {"style": _STYLE}),
        "broadcast": record({"range": choice("here", "channel", "everyone")}, {"style": _STYLE}),
        "color": record({"value": string(pattern=r"#[0-9a-fA-F]{6}")}, {"style": _STYLE}),
        "date": record(
            {"timestamp": number(0), "format": string()}, {"url": URL, "fallback": string(), "style": _STYLE}
        ),
    }
)
_PRE_INLINE = tagged({"text": _TEXT, "link": _LINK})
_SECTION = record({"elements": array(_INLINE, 1)})
_PARTS = tagged(
    {
        "rich_text_section": _SECTION,
        "rich_text_quote": record({"elements": array(_INLINE, 1)}, {"border": number(0, 1)}),
        "rich_text_preformatted": record(
            {"elements": array(_PRE_INLINE, 1)}, {"border": number(0, 1), "language": string()}
        ),
        "rich_text_list": record(
            {"style": choice("bullet", "ordered"), "elements": array(tagged({"rich_text_section": _SECTION}), 1)},
            {"indent": number(0, 8), "offset": number(0), "border": number(0, 1)},
        ),
    }
)

RICH_TEXT = record({"elements": array(_PARTS, 1)}, {"block_id": ID})


def rich_text_object(value: Any, at: str) -> Iterator[Problem]:
    """A whole rich_text block where another block wants one: a task's output, a cell of a table."""
    yield from tagged({"rich_text": RICH_TEXT})(value, at)
