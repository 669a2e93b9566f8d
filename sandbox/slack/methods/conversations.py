"""Reading channels and their messages: conversations.*."""

from __future__ import annotations

from sandbox.slack.methods.contents import shown
from sandbox.slack.methods.registry import Request, method
from sandbox.slack.records import Message
from sandbox.slack.wire import Json, Refusal
from sandbox.slack.workspace import Channel

_READ = {"C": "channels:read", "G": "groups:read", "D": "im:read"}
_HISTORY = {"C": "channels:history", "G": "groups:history", "D": "im:history"}


@method("conversations.info", required=["channel"])
def info(request: Request) -> Json:
    """One channel."""
    channel = request.channel()
    request.need_scope(_scope(_READ, channel))
    answer = _shown(request, channel)
    if request.flag("include_num_members"):
        answer["num_members"] = len(request.state.members[channel.id])
    return {"channel": answer}


@method("conversations.list", scopes=["channels:read", "groups:read"])
def list_(request: Request) -> Json:
    """The channels that the app may see, of the types asked for (public ones by default)."""
    page, following = request.page(_listed(request))
    return {"channels": [_shown(request, each) for each in page], **following}


def _listed(request: Request) -> list[Channel]:
    """The channels that `types` and `exclude_archived` let through. Raises Refusal."""
    types = request.text("types", "public_channel").replace(" ", "").split(",")
    if not set(types) <= {"public_channel", "private_channel", "im", "mpim"}:
        raise Refusal("invalid_types")
    for kind, scope in (("public_channel", "channels:read"), ("private_channel", "groups:read"), ("im", "im:read")):
        if kind in types:
            request.need_scope(scope)
    every = [each for each in request.state.channels.values() if request.state.bot_sees(each.id)]
    wanted = [each for each in every if _type(each) in types]
    if request.flag("exclude_archived"):
        wanted = [each for each in wanted if not each.is_archived]
    return wanted


@method("users.conversations", scopes=["channels:read", "groups:read"])
def of_a_person(request: Request) -> Json:
    """The channels of the types asked for that a person is in, as far as the app may see them."""
    user = request.text("user", request.state.workspace.app.bot_user)
    request.state.user(user)
    page, following = request.page([one for one in _listed(request) if user in request.state.members[one.id]])
    return {"channels": [_shown(request, each) for each in page], **following}


@method("conversations.members", required=["channel"])
def members(request: Request) -> Json:
    """The ids of a channel's members."""
    channel = request.channel()
    request.need_scope(_scope(_READ, channel))
    page, following = request.page(sorted(request.state.members[channel.id]))
    return {"members": page, **following}


@method("conversations.history", required=["channel"])
def history(request: Request) -> Json:
    """A channel's messages, newest first, without the replies in threads."""
    channel = request.channel()
    request.need_scope(_scope(_HISTORY, channel))
    if not request.state.bot_is_in(channel.id):
        raise Refusal("not_in_channel")
    every = [each for each in request.state.standing(channel.id) if not each.is_reply or each.broadcast]
    return _messages(request, every[::-1])


@method("conversations.replies", required=["channel", "ts"])
def replies(request: Request) -> Json:
    """A thread, oldest first, the parent before all."""
    channel = request.channel()
    request.need_scope(_scope(_HISTORY, channel))
    if not request.state.bot_is_in(channel.id):
        raise Refusal("not_in_channel")
    every = request.state.thread(channel.id, request.text("ts"))
    if not every:
        raise Refusal("thread_not_found")
    return _messages(request, every, parent=True)


@method("conversations.open", scopes=["im:write", "mpim:write"])
def open_(request: Request) -> Json:
    """The direct messages with one person."""
    users = [each for each in request.text("users").split(",") if each]
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > 1:
        raise Refusal("method_not_supported_for_channel_type")
    if request.state.user(users[0]).deleted:
        raise Refusal("user_disabled")
    return {"channel": {"id": request.state.direct_channel(users[0])}}


def _messages(request: Request, every: list[Message], *, parent: bool = False) -> Json:
    oldest, latest = _bound(request, "oldest", 0.0), _bound(request, "latest", float("inf"))
    inclusive = request.flag("inclusive")
    wanted = [
        each
        for each in every
        if oldest < float(each.ts) < latest
        or (inclusive and float(each.ts) in (oldest, latest))
        or (parent and each is every[0])
    ]
    page, following = request.page(wanted, most=1000)
    metadata = request.flag("include_all_metadata")
    return {
        "messages": [shown(request.state, each, metadata=metadata) for each in page],
        "has_more": bool(following["response_metadata"]["next_cursor"]),
        **following,
    }


def _bound(request: Request, name: str, default: float) -> float:
    if not request.has(name):
        return default
    try:
        return float(request.text(name))
    except ValueError:
        raise Refusal(f"invalid_ts_{name}") from None


def _type(channel: Channel) -> str:
    if channel.id.startswith("D"):
        return "im"
    return "private_channel" if channel.is_private else "public_channel"


def _scope(scopes: dict[str, str], channel: Channel) -> str:
    return scopes[{"im": "D", "private_channel": "G", "public_channel": "C"}[_type(channel)]]


def _shown(request: Request, channel: Channel) -> Json:
    kind = _type(channel)
    if kind == "im":
        user = next(user for user, direct in request.state.direct.items() if direct == channel.id)
        return {"id": channel.id, "is_im": True, "user": user, "is_archived": False}
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": kind == "public_channel",
        "is_group": kind == "private_channel",
        "is_im": False,
        "is_mpim": False,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_member": request.state.bot_is_in(channel.id),
        "context_team_id": request.state.workspace.team_id,
    }
