"""The shape of what Slack sends, as far as Bolt relies on it before any of our code sees a request."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl

import msgspec

from contract.decoding import learn

_MOST_FIELDS = 100

_Text = str | None


class _Named(msgspec.Struct):
    """Somebody or something with an id."""

    id: _Text = None
    team_id: _Text = None


class _Action(msgspec.Struct):
    """What was pressed or chosen."""

    type: _Text = None
    action_id: _Text = None
    block_id: _Text = None
    name: _Text = None


class _View(msgspec.Struct):
    """A form or a Home tab."""

    id: _Text = None
    type: _Text = None
    callback_id: _Text = None
    team_id: _Text = None
    app_installed_team_id: _Text = None
    private_metadata: _Text = None


class _Said(msgspec.Struct):
    """A message inside of an event or an interaction."""

    ts: _Text = None
    thread_ts: _Text = None
    user: _Text = None
    bot_id: _Text = None
    text: _Text = None
    type: _Text = None
    subtype: _Text = None


class _Event(msgspec.Struct):
    """What happened."""

    type: str = ""
    subtype: _Text = None
    user: _Text | _Named = None
    channel: _Text | _Named = None
    channel_id: _Text = None
    user_id: _Text = None
    bot_id: _Text = None
    team: _Text | _Named = None
    team_id: _Text = None
    text: _Text = None
    ts: _Text = None
    thread_ts: _Text = None
    channel_type: _Text = None
    message: _Said | None = None
    previous_message: _Said | None = None
    item: _Named | None = None
    view: _View | None = None
    function_execution_id: _Text = None
    inputs: dict[str, Any] | None = None
    assistant_thread: dict[str, Any] | None = None


class _Authorization(msgspec.Struct):
    """Who is allowed to see an event."""

    enterprise_id: _Text = None
    team_id: _Text = None
    user_id: _Text = None
    is_bot: bool | None = None
    is_enterprise_install: bool | None = None


_Type = Literal[
    "url_verification",
    "event_callback",
    "app_rate_limited",
    "block_actions",
    "block_suggestion",
    "view_submission",
    "view_closed",
    "shortcut",
    "message_action",
]
_NEEDS = {
    "event_callback": "event",
    "block_actions": "actions",
    "view_submission": "view",
    "view_closed": "view",
    "shortcut": "callback_id",
    "message_action": "callback_id",
}


class _Envelope(msgspec.Struct):
    """Everything that Bolt looks at in the body of a command, an event or an interaction."""

    type: _Type | None = None
    command: _Text = None
    text: _Text = None
    value: _Text = None
    user_id: _Text = None
    team_id: _Text = None
    channel_id: _Text = None
    enterprise_id: _Text = None
    trigger_id: _Text = None
    callback_id: _Text = None
    action_id: _Text = None
    block_id: _Text = None
    name: _Text = None
    event_id: _Text = None
    response_url: _Text = None
    challenge: _Text = None
    ssl_check: _Text = None
    token: _Text = None
    bot_access_token: _Text = None
    is_enterprise_install: bool | _Text = None
    user: _Text | _Named = None
    team: _Text | _Named = None
    channel: _Text | _Named = None
    enterprise: _Named | None = None
    message: _Said | None = None
    view: _View | msgspec.UnsetType = msgspec.UNSET
    container: dict[str, Any] | None = None
    function_data: dict[str, Any] | None = None
    actions: Annotated[list[_Action], msgspec.Meta(min_length=1)] | msgspec.UnsetType = msgspec.UNSET
    event: _Event | msgspec.UnsetType = msgspec.UNSET
    response_urls: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    authorizations: list[_Authorization] | None = None

    def __post_init__(self) -> None:
        """Refuse what lacks the one thing that it is about."""
        if not getattr(self, _NEEDS.get(self.type or "", "type"), None) and self.type in _NEEDS:
            raise ValueError("the part is missing that it is about")


learn(_Envelope)


def shape_fault(body: bytes, content_type: str) -> str:
    """Why Slack would not send such a body, "" if it would."""
    kind = content_type.partition(";")[0].strip().lower()
    try:
        if kind == "application/json":
            msgspec.json.decode(body, type=_Envelope)
        elif kind == "application/x-www-form-urlencoded":
            _check_form(body.decode())
        else:
            return "a content type that Slack does not send"
    except (ValueError, RecursionError) as error:
        return f"a body that cannot be read ({type(error).__name__})"
    return ""


def _check_form(text: str) -> None:
    """Raises ValueError where the fields of a form, or what its `payload` holds, are of another shape."""
    pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST_FIELDS)
    fields = dict(pairs)
    if not fields or len(fields) != len(pairs) or text.startswith("{"):
        raise ValueError("no field, or one that is given twice, or what Bolt would take for JSON")
    if "payload" in fields:
        msgspec.json.decode(fields["payload"], type=_Envelope)
    else:
        msgspec.convert(fields, _Envelope)
