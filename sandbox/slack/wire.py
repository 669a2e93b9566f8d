"""JSON and form values as they go over the wire to and from Slack."""

from __future__ import annotations

import json
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

Json: TypeAlias = dict[str, Any]


class Refusal(Exception):
    """Slack says no to a call: `error` is Slack's own name for the reason, `extra` what else is in its answer."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra: Json = extra


class Impossible(Exception):
    """Somebody was asked to do in Slack what Slack's own screens do not let people do."""


def invalid_arguments(*messages: str) -> Refusal:
    """What Slack answers to arguments that make no sense, with one message for each."""
    return Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] {message}" for message in messages]})


def dumps(value: object) -> str:
    """Compact JSON, non-ASCII characters as they are."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def loads(text: str) -> Any:
    """The value of a JSON text, or None where it is not JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def parse_body(content_type: str, body: bytes) -> Json:
    """The arguments of a call from its form or JSON body. Raises Refusal where Slack would."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _json_arguments(body)
    if kind in ("application/x-www-form-urlencoded", "") and (kind or not body):
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    raise Refusal("invalid_post_type" if kind else "missing_post_type")


def _json_arguments(body: bytes) -> Json:
    value = loads(body.decode("utf-8", "replace")) if body else {}
    if value is None:
        raise Refusal("invalid_json")
    if not isinstance(value, dict):
        raise Refusal("json_not_object")
    return value
