"""The shape of what Slack sends, as far as Bolt relies on it before any of our code sees a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

_MOST_FIELDS = 100


def shape_fault(body: bytes, content_type: str) -> str:
    """Why Slack would not send such a body, "" if it would."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        text = body.decode()
        if kind == "application/json":
            held = json.loads(text)
        elif kind == "application/x-www-form-urlencoded":
            held = _form(text)
        else:
            return "a content type that Slack does not send"
    except (ValueError, RecursionError) as error:
        return f"a body that cannot be read ({type(error).__name__})"
    sane = isinstance(held, dict) and held and _has_sane_types(held)
    return "" if sane else "a body of another shape than Slack sends"


def _form(text: str) -> object:
    """The fields of a form, or what its `payload` holds."""
    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS)
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field is given twice")
    return json.loads(fields["payload"]) if "payload" in fields else fields


_TEXTS = ("type", "command", "text", "user_id", "team_id", "channel_id", "enterprise_id", "trigger_id", "callback_id",
          "action_id", "api_app_id", "event_id", "response_url", "challenge", "token", "ssl_check")  # fmt: skip
_OBJECTS = ("event", "view", "message", "container", "user", "channel")
_LISTS = ("actions", "authorizations", "response_urls")


def _has_sane_types(held: Mapping[str, Any]) -> bool:
    """Whether what Bolt reads of a body before we do has the types that it relies on."""
    texts = all(isinstance(held.get(key, ""), str | None) for key in _TEXTS)
    objects = all(isinstance(held.get(key, {}), dict | None) for key in (*_OBJECTS, "team", "enterprise"))
    lists = all(isinstance(held.get(key, []), list | None) for key in _LISTS)
    items = all(isinstance(item, dict) for key in _LISTS for item in held.get(key) or ())
    event, actions = held.get("event", {}), held.get("actions", [{}])
    there = isinstance(event, dict) and bool(actions)
    return texts and objects and lists and items and there and isinstance(event.get("type", ""), str)
