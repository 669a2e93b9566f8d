"""What one person sees of the workspace, as small things by name: whoever shows them needs only those that changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.demo.workspace import ABOUT, TOPICS
from sandbox.slack import Ephemeral, Message, SlackServer, View

Json = dict[str, Any]

USAGE = {
    "/dns-check": ("[cluster] [name] [pod=NAMESPACE/POD]", "Find out why DNS fails in a cluster"),
    "/dns-health": ("[cluster]", "Post a health report now"),
}
"""What each slash command takes and does, as the app's manifest says."""


def seen_by(slack: SlackServer, user: str) -> dict[str, Json]:
    """Everything that this person sees, by name: `workspace`, `channel:…`, `message:…`, `private:…`, `view:…`, `home`."""
    state = slack.state
    items = {"workspace": _workspace(slack)}
    for channel in list(state.channels.values()):
        members = state.members[channel.id]
        if user in members:
            items[f"channel:{channel.id}"] = {
                "id": channel.id,
                "name": channel.name,
                "private": channel.is_private,
                "direct": channel.id.startswith("D"),
                "topic": TOPICS.get(channel.id, ""),
                "members": len(members),
                "has_app": state.workspace.app.bot_user in members,
            }
            items |= {f"message:{channel.id}:{each.ts}": _message(each) for each in state.standing(channel.id)}
    items |= {f"private:{each.ts}": _private(each) for each in slack.api.ephemerals(user)}
    items |= {f"view:{each.id}": _view(each) for each in slack.api.views if each.user == user}
    home = slack.api.home(user)
    if home is not None:
        items["home"] = _view(home)
    return items


def _workspace(slack: SlackServer) -> Json:
    state = slack.state
    people = [each for each in state.users.values() if not each.deleted]
    return {
        "name": state.workspace.team_name,
        "domain": state.workspace.domain,
        "app": {"id": state.workspace.app.bot_user, "name": state.workspace.app.name},
        "people": [
            {
                "id": each.id,
                "name": each.name,
                "real_name": each.real_name or each.name,
                "about": ABOUT.get(each.id, ""),
                "guest": each.is_restricted,
                "bot": each.is_bot,
            }
            for each in people
        ],
        "groups": [{"id": each.id, "name": each.handle} for each in state.groups.values()],
        "channels": [{"id": each.id, "name": each.name} for each in state.channels.values() if not each.is_private],
        "commands": list(_commands(slack)),
        "shortcuts": list(state.workspace.app.shortcuts),
    }


def _commands(slack: SlackServer) -> Iterator[Json]:
    for name in slack.state.workspace.app.commands:
        takes, about = USAGE.get(name, ("", ""))
        yield {"name": name, "takes": takes, "about": about}


def _message(message: Message) -> Json:
    return {
        "channel": message.channel,
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "thread": message.thread_ts if message.is_reply else "",
        "broadcast": message.broadcast,
        "files": message.files,
        "reactions": message.reactions,
        "edited": bool(message.edits) and not message.bot_id,
        "pinned": message.pinned,
    }


def _private(private: Ephemeral) -> Json:
    return {
        "channel": private.channel,
        "ts": private.ts,
        "text": private.text,
        "blocks": private.blocks,
        "thread": private.thread_ts,
    }


def _view(view: View) -> Json:
    return {"id": view.id, "hash": view.hash, "root": view.root, "channel": view.channel, **view.payload}
