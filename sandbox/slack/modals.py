"""Filling a modal in, sending it, and what the app's answer makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sandbox.slack.choices import choose, elements, initial, untouched
from sandbox.slack.limits.blocks import Surface
from sandbox.slack.limits.views import check_view
from sandbox.slack.methods.views import push_view, replace_view
from sandbox.slack.records import Trigger, View
from sandbox.slack.state import State
from sandbox.slack.wire import Impossible, Json, Refusal


def fill_in(state: State, view: View, values: Mapping[str, Any]) -> None:
    """Put values, by action_id, into a view's inputs, and check what Slack's screen checks. Raises Impossible."""
    there = [(block, element) for block, element in elements(view.payload["blocks"]) if element["type"] != "button"]
    unknown = set(values) - {element["action_id"] for _, element in there}
    if unknown:
        raise Impossible(f"the view has no input {', '.join(sorted(unknown))}")
    chosen: Json = {}
    for block, element in there:
        part = _value(view, block, element, values)
        chosen.setdefault(block["block_id"], {})[element["action_id"]] = {"type": element["type"], **part}
    with state.changing():
        view.chosen = chosen


def _value(view: View, block: Json, element: Json, values: Mapping[str, Any]) -> Json:
    name = element["action_id"]
    before = view.chosen.get(block["block_id"], {}).get(name, {})
    given = {key: value for key, value in before.items() if key != "type" and value not in (None, [])}
    part = choose(element, values[name]) if name in values else given or initial(element, view.channel)
    empty = all(value in (None, "", []) for value in part.values())
    if empty and block["type"] == "input" and not block.get("optional"):
        raise Impossible(f"the input {name} must be filled in")
    _length(element, part.get("value"))
    return untouched(element["type"]) if empty else part


def _length(element: Json, value: Any) -> None:
    if isinstance(value, str) and not element.get("min_length", 0) <= len(value) <= element.get("max_length", 3000):
        raise Impossible(f"the input {element['action_id']} cannot hold {len(value)} characters")


def answered(state: State, view: View, trigger: Trigger, body: Any) -> str:
    """Do what the app answered to a submission. "" where it was sound, else the error that the person sees."""
    answer = body if isinstance(body, dict) else {}
    action = answer.get("response_action")
    try:
        if action == "errors":
            return _errors(view, answer.get("errors"))
        if action == "update":
            replace_view(state, view, check_view(answer.get("view"), Surface.MODAL))
        elif action == "push":
            push_view(state, trigger, check_view(answer.get("view"), Surface.MODAL))
        elif action in (None, "clear"):
            close(state, view, whole_stack=action == "clear")
        else:
            return "invalid_response_action"
    except Refusal as refusal:
        return refusal.error
    return ""


def _errors(view: View, errors: Any) -> str:
    inputs = {block["block_id"] for block in view.payload["blocks"] if block["type"] == "input"}
    sound = isinstance(errors, dict) and errors and all(isinstance(each, str) and each for each in errors.values())
    return "" if sound and set(errors) <= inputs else "invalid_response_errors"


def close(state: State, view: View, *, whole_stack: bool) -> None:
    """Take a view, or all views of its stack, off the screen."""
    with state.changing():
        for each in state.views.values():
            if each is view or (whole_stack and each.root == view.root):
                each.closed = True
