"""What Slack takes as a view: a modal or the app's Home tab."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.slack.limits.blocks import Surface
from sandbox.slack.limits.messages import problems_of
from sandbox.slack.limits.rules import Problem, boolean, record, string, tagged
from sandbox.slack.limits.texts import ID, plain_text
from sandbox.slack.wire import Json, Refusal, dumps, invalid_arguments

BLOCKS = 100
BYTES = 250_000
STACK = 3
"""A root view and two that were pushed on it."""


def _blocks(value: Any, at: str) -> Iterator[Problem]:
    if not isinstance(value, list):
        yield Problem(at, "must provide an array", {"type": "type", "expected": "array"})
    elif len(value) > BLOCKS:
        yield Problem(at, f"no more than {BLOCKS} items allowed", {"type": "max_items", "expected": BLOCKS})


_COMMON = {"private_metadata": string(3000, 0), "callback_id": ID, "external_id": ID}
_MODAL = record(
    {"title": plain_text(24), "blocks": _blocks},
    {
        **_COMMON,
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_SHAPES = {Surface.MODAL: _MODAL, Surface.HOME: record({"blocks": _blocks}, _COMMON)}


def check_view(view: Any, *surfaces: Surface) -> Json:
    """The view, when Slack takes it on one of these surfaces. Raises Refusal with Slack's error otherwise."""
    if isinstance(view, dict) and len(dumps(view).encode()) > BYTES:
        raise Refusal("view_too_large")
    problems = list(view_problems(view, "/view", *surfaces))
    if problems:
        raise invalid_arguments(*(problem.line for problem in problems))
    checked: Json = view
    return checked


def view_problems(view: Any, at: str, *surfaces: Surface) -> Iterator[Problem]:
    """Everything that is wrong with this view."""
    shape = list(tagged({surface.value: _SHAPES[surface] for surface in surfaces})(view, at))
    yield from shape
    if shape:
        return
    surface = Surface(view["type"])
    inner = list(problems_of(view["blocks"], surface, f"{at}/blocks"))
    yield from inner
    if not inner and surface is Surface.MODAL and "submit" not in view:
        yield from _inputs_need_submit(view, at)


def _inputs_need_submit(view: Json, at: str) -> Iterator[Problem]:
    if any(block["type"] == "input" for block in view["blocks"]):
        yield Problem(f"{at}/submit", "missing required field: submit", {"type": "required"})
