"""Marks on messages: reactions.* and pins.*."""

from __future__ import annotations

import re

from sandbox.slack.methods.registry import Request, method
from sandbox.slack.records import Message
from sandbox.slack.wire import Json, Refusal


@method("reactions.add", scopes=["reactions:write"], required=["channel", "name", "timestamp"])
def add(request: Request) -> Json:
    """React to a message."""
    message, bot = _message(request), request.state.workspace.app.bot_user
    if request.state.channels[message.channel].is_archived:
        raise Refusal("is_archived")
    if bot in message.reactions.get(request.text("name"), []):
        raise Refusal("already_reacted")
    with request.state.changing():
        message.reactions.setdefault(request.text("name"), []).append(bot)
    return {}


@method("reactions.remove", scopes=["reactions:write"], required=["channel", "name", "timestamp"])
def remove(request: Request) -> Json:
    """Take a reaction back."""
    message, bot, name = _message(request), request.state.workspace.app.bot_user, request.text("name")
    if bot not in message.reactions.get(name, []):
        raise Refusal("no_reaction")
    with request.state.changing():
        message.reactions[name].remove(bot)
        if not message.reactions[name]:
            del message.reactions[name]
    return {}


@method("pins.add", scopes=["pins:write"], required=["channel"])
def pin(request: Request) -> Json:
    """Pin a message to its channel."""
    if not request.has("timestamp"):
        raise Refusal("no_item_specified")
    channel = request.channel()
    if not request.state.bot_is_in(channel.id):
        raise Refusal("not_in_channel")
    message = request.state.message(channel.id, request.text("timestamp"))
    if message.pinned:
        raise Refusal("already_pinned")
    with request.state.changing():
        message.pinned = True
    return {}


def _message(request: Request) -> Message:
    channel = request.channel()
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", request.text("name")):
        raise Refusal("invalid_name")
    if not re.fullmatch(r"\d+\.\d{6}", request.text("timestamp")):
        raise Refusal("bad_timestamp")
    return request.state.message(channel.id, request.text("timestamp"))
