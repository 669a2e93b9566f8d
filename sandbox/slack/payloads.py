"""The payloads that Slack hands to an app, in the shapes in which it sends them."""

from __future__ import annotations

from sandbox.slack.methods.contents import shown
from sandbox.slack.methods.views import shown as shown_view
from sandbox.slack.records import Ephemeral, Message, View
from sandbox.slack.state import State
from sandbox.slack.wire import Json

VERIFICATION_TOKEN = "testing-verification-token"  # noqa: S105  (Slack's old token: sent, and of no worth)


def command_payload(state: State, user: str, channel: str, command: str, text: str, response_url: str) -> Json:
    """A slash command: all values are texts, since they travel as a form."""
    where = state.channels[channel]
    name = "directmessage" if channel.startswith("D") else "privategroup" if where.is_private else where.name
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": state.workspace.team_id,
        "team_domain": state.workspace.domain,
        "channel_id": channel,
        "channel_name": name,
        "user_id": user,
        "user_name": state.users[user].name,
        "command": command,
        "text": text,
        "api_app_id": state.workspace.app.id,
        "is_enterprise_install": "false",
        "response_url": response_url,
        "trigger_id": state.new_trigger(user, channel=channel),
    }


def message_part(state: State, message: Message | Ephemeral, response_url: str) -> Json:
    """Where an interaction with a message took place. Of a private answer Slack tells the place alone."""
    private = isinstance(message, Ephemeral)
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": private,
    }
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    part: Json = {"container": container, "channel": channel_part(state, message.channel), "response_url": response_url}
    if isinstance(message, Message):
        part["message"] = shown(state, message)
    return part


def view_part(state: State, view: View) -> Json:
    """Where an interaction with a view took place."""
    return {"container": {"type": "view", "view_id": view.id}, "view": shown_view(state, view)}


def channel_part(state: State, channel: str) -> Json:
    """A channel as payloads name it."""
    where = state.channels[channel]
    return {"id": channel, "name": "privategroup" if where.is_private and channel[0] != "D" else where.name}


def interaction(state: State, kind: str, user: str, more: Json) -> Json:
    """The frame of every interaction: who, in which workspace, with which app; and `more` of its kind."""
    name = state.users[user].name
    team = state.workspace.team_id
    return {
        "type": kind,
        "user": {"id": user, "username": name, "name": name, "team_id": team},
        "api_app_id": state.workspace.app.id,
        "token": VERIFICATION_TOKEN,
        "team": {"id": team, "domain": state.workspace.domain},
        "enterprise": None,
        "is_enterprise_install": False,
        **more,
    }


def event_payload(state: State, event: Json) -> Json:
    """The frame of every event. `event_id` stays the same when it is delivered again."""
    workspace = state.workspace
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": workspace.team_id,
        "api_app_id": workspace.app.id,
        "event": event,
        "type": "event_callback",
        "event_id": state.next_id("Ev"),
        "event_time": int(state.clock.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": workspace.team_id,
                "user_id": workspace.app.bot_user,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{state.next_id('EC')}",
    }
