"""What a person can do with the elements of a message or view, and how Slack reports it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.slack.wire import Impossible, Json

_ONE = {
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "plain_text_input": "value",
    "email_text_input": "value",
    "url_text_input": "value",
    "number_input": "value",
}
_MANY = {
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
}
_OPTION = ("static_select", "overflow", "radio_buttons", "external_select")
_OPTIONS = ("multi_static_select", "checkboxes", "multi_external_select")
_INITIAL = {
    "users_select": "initial_user",
    "conversations_select": "initial_conversation",
    "channels_select": "initial_channel",
    "datepicker": "initial_date",
    "timepicker": "initial_time",
    "datetimepicker": "initial_date_time",
    "multi_users_select": "initial_users",
    "multi_conversations_select": "initial_conversations",
    "multi_channels_select": "initial_channels",
    **dict.fromkeys(_OPTION, "initial_option"),
    **dict.fromkeys(_OPTIONS, "initial_options"),
}


def elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Each block with each of the elements that a person can use in it."""
    for block in blocks:
        if block["type"] in ("actions", "context_actions"):
            yield from ((block, element) for element in block["elements"])
        if "accessory" in block:
            yield block, block["accessory"]
        if "element" in block:
            yield block, block["element"]
        yield from elements(block.get("child_blocks", []))


def find(blocks: list[Json], action_id: str, value: Any = None) -> tuple[Json, Json]:
    """The element with this action_id, the one with this value where several have it. Raises Impossible."""
    found = [(block, element) for block, element in elements(blocks) if element.get("action_id") == action_id]
    exact = [each for each in found if value is not None and each[1].get("value") == value]
    if not found:
        there = sorted({str(element.get("action_id")) for _, element in elements(blocks)})
        raise Impossible(f"there is no {action_id} to use here; there is: {', '.join(there) or 'nothing'}")
    return (exact or found)[0]


def choose(element: Json, value: Any, *, tampered: bool = False) -> Json:
    """What Slack reports when a person gives this element that value. Raises Impossible where it cannot have it.

    value: of a button nothing or its own; of menus the value of an option, or options themselves for external ones.
    tampered: report the value even where the element does not offer it, as a forger might.
    """
    kind = element["type"]
    if kind in ("button", "icon_button"):
        return _pressed(element, value, tampered=tampered)
    if kind in _OPTION:
        return {"selected_option": _option(element, value, tampered=tampered)}
    if kind in _OPTIONS:
        return {"selected_options": [_option(element, each, tampered=tampered) for each in value]}
    if kind in _ONE:
        return {_ONE[kind]: value}
    if kind in _MANY:
        return {_MANY[kind]: list(value)}
    raise Impossible(f"a person cannot use an element of type {kind}")


def initial(element: Json, channel: str) -> Json:
    """What Slack reports of an element that nobody touched; nothing where it is empty."""
    kind = element["type"]
    if kind in _INITIAL and _INITIAL[kind] in element:
        given = element[_INITIAL[kind]]
        if kind in _OPTION:
            return {"selected_option": given}
        return {"selected_options": given} if kind in _OPTIONS else {(_ONE | _MANY)[kind]: given}
    if kind == "conversations_select" and element.get("default_to_current_conversation") and channel:
        return {"selected_conversation": channel}
    return {"value": element["initial_value"]} if element.get("initial_value") else {}


def untouched(kind: str) -> Json:
    """How Slack reports an element without a value."""
    if kind in _OPTION:
        return {"selected_option": None}
    if kind in _OPTIONS:
        return {"selected_options": []}
    if kind in _MANY:
        return {_MANY[kind]: []}
    return {_ONE.get(kind, "value"): None}


def _pressed(element: Json, value: Any, *, tampered: bool) -> Json:
    own = element.get("value")
    if value is not None and value != own and not tampered:
        raise Impossible(f"the button {element.get('action_id')} has the value {own!r}, not {value!r}")
    pressed = value if tampered and value is not None else own
    return {"text": element.get("text"), **({} if pressed is None else {"value": pressed})}


def _option(element: Json, value: Any, *, tampered: bool) -> Json:
    if isinstance(value, dict):
        return value
    groups = element.get("option_groups", [])
    offered = element.get("options", []) + [option for group in groups for option in group["options"]]
    for option in offered:
        if option["value"] == value:
            return dict(option)
    if tampered or element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": str(value), "emoji": True}, "value": str(value)}
    raise Impossible(f"{element.get('action_id')} offers {[option['value'] for option in offered]}, not {value!r}")
