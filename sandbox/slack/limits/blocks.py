"""What Slack takes as blocks, for each of the places that can show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from sandbox.slack.limits.elements import BUTTON, IN_ACTIONS, IN_CONTEXT_ACTIONS, IN_INPUT, IN_SECTION
from sandbox.slack.limits.rich_text import RICH_TEXT, rich_text_object
from sandbox.slack.limits.rules import (
    Problem,
    Rule,
    array,
    boolean,
    choice,
    either,
    needs,
    record,
    string,
    tagged,
    together,
    unique,
)
from sandbox.slack.limits.tables import TABLE
from sandbox.slack.limits.texts import ID, IMAGE, SLACK_FILE, URL, any_text, plain_text

MODERN = ("plan", "task_card", "container", "table")
"""Blocks that a workspace without the newer features refuses."""


class Surface(StrEnum):
    """A place that shows blocks."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


_ID: dict[str, Rule] = {"block_id": ID}
_SAME_ACTION = unique("elements", "action_id", "action_id already exists")
_TASK: dict[str, Rule] = {"task_id": ID, "title": string()}
_TASK_MORE: dict[str, Rule] = {
    "status": choice("pending", "in_progress", "complete", "error"),
    "details": rich_text_object,
    "output": rich_text_object,
    "sources": array(tagged({"url": record({"url": URL, "text": string()})}), 1),
}
_PLAIN_TASK = record({**_TASK, "status": _TASK_MORE["status"]}, _TASK_MORE)


def _task(value: Any, at: str) -> Iterator[Problem]:
    # The documents show tasks without a type; whether one with a type is taken is not known, so it is refused.
    if isinstance(value, dict) and "type" in value:
        yield Problem(f"{at}/type", "invalid additional property: type", {"type": "additional_property"})
    yield from _PLAIN_TASK(value, at)


def _tasks_differ(plan: Mapping[str, Any], at: str) -> Iterator[Problem]:
    if plan.get("tasks"):
        yield from unique("tasks", "task_id", "task_id already exists")(dict(plan), at)


_EVERYWHERE: dict[str, Rule] = {
    "section": record(
        {},
        {
            **_ID,
            "text": any_text(3000),
            "fields": array(any_text(2000), 1, 10),
            "accessory": IN_SECTION,
            "expand": boolean,
        },
        either("text", "fields"),
    ),
    "header": record({"text": plain_text(150)}, _ID),
    "divider": record({}, _ID),
    "context": record(
        {
            "elements": array(
                tagged(
                    {
                        "image": IMAGE,
                        "mrkdwn": record({"text": string(3000)}, {"verbatim": boolean}),
                        "plain_text": record({"text": string(3000)}, {"emoji": boolean}),
                    }
                ),
                1,
                10,
            )
        },
        _ID,
    ),
    "actions": record({"elements": array(IN_ACTIONS, 1, 25)}, _ID, _SAME_ACTION),
    "image": record(
        {"alt_text": string(2000)},
        {**_ID, "image_url": URL, "slack_file": SLACK_FILE, "title": plain_text(2000)},
        either("image_url", "slack_file"),
    ),
    "input": record(
        {"label": plain_text(2000), "element": IN_INPUT},
        {**_ID, "hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": RICH_TEXT,
    "video": record(
        {"alt_text": string(), "title": plain_text(200), "thumbnail_url": URL, "video_url": URL},
        {**_ID, "author_name": string(50), "description": plain_text(200), "provider_name": string(), "title_url": URL},
    ),
}
# The documents and what was seen of the live validator differ on a container's children: only what both allow is taken.
_CHILDREN = {
    name: _EVERYWHERE[name] for name in ("actions", "context", "divider", "header", "image", "section", "video")
}
_CARD = record(
    {},
    {
        **_ID,
        "hero_image": IMAGE,
        "icon": IMAGE,
        "title": any_text(150),
        "subtitle": any_text(150),
        "body": any_text(200),
        "actions": array(tagged({"button": BUTTON}), 1, 5),
    },
    either("hero_image", "title", "body", "actions"),
)
_MESSAGES_ONLY: dict[str, Rule] = {
    "file": record({"external_id": string(), "source": choice("remote")}, _ID),
    "markdown": record({"text": string(12_000)}, _ID),
    "context_actions": record({"elements": array(IN_CONTEXT_ACTIONS, 1, 5)}, _ID, _SAME_ACTION),
    "table": TABLE,
    "plan": record({"title": string()}, {**_ID, "tasks": array(_task, 0, 50)}, _tasks_differ),
    "task_card": record(_TASK, {**_TASK_MORE, **_ID}),
    "container": record(
        {"child_blocks": array(tagged({**_CHILDREN, "table": TABLE}), 1, 10)},
        {
            **_ID,
            "title": plain_text(150),
            "rich_text_title": rich_text_object,
            "subtitle": any_text(150),
            "width": choice("narrow", "standard", "wide", "full"),
            "icon": IMAGE,
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
        either("title", "rich_text_title"),
        together("has_header_divider", "is_collapsible"),
        needs("default_collapsed", "is_collapsible"),
    ),
    "card": _CARD,
    "carousel": record({"elements": array(tagged({"card": _CARD}), 1, 10)}, _ID),
}
_MODALS_ONLY: dict[str, Rule] = {
    "alert": record({"text": any_text(200)}, {**_ID, "level": choice("default", "info", "warning", "error", "success")})
}


def blocks_of(surface: Surface, *, modern: bool = True) -> Mapping[str, Rule]:
    """The rule of each type of block that this place shows."""
    only = {Surface.MESSAGE: _MESSAGES_ONLY, Surface.MODAL: _MODALS_ONLY, Surface.HOME: {}}[surface]
    every = {**_EVERYWHERE, **only}
    return every if modern else {name: rule for name, rule in every.items() if name not in MODERN}
