"""Posting, editing and deleting messages: chat.*."""

from __future__ import annotations

from sandbox.slack.limits.messages import POST_TEXT, UPDATE_TEXT, check_metadata
from sandbox.slack.methods.contents import attachments_given, blocks_given, shown
from sandbox.slack.methods.registry import Request, method
from sandbox.slack.records import Edit, Ephemeral, Message
from sandbox.slack.wire import Json, Refusal
from sandbox.slack.workspace import Channel, Posting


@method("chat.postMessage", scopes=["chat:write"], required=["channel"])
def post_message(request: Request) -> Json:
    """Post a message to a channel, a thread or a person."""
    channel = _destination(request)
    thread = _thread(request, channel)
    _may_post(channel, thread)
    blocks = blocks_given(request)
    attachments = attachments_given(request)
    if not blocks and not request.has("text") and not attachments:
        raise Refusal("no_text")
    state, app = request.state, request.state.workspace.app
    text = request.text("text")
    message = Message(
        channel=channel.id,
        ts=state.next_ts(),
        user=app.bot_user,
        bot_id=app.bot_id,
        text=text[:POST_TEXT],
        blocks=blocks or [],
        attachments=attachments,
        thread_ts=thread,
        broadcast=bool(thread) and request.flag("reply_broadcast"),
        metadata=check_metadata(request.json("metadata")) if request.has("metadata") else {},
    )
    state.add(message)
    answer: Json = {"channel": channel.id, "ts": message.ts, "message": shown(state, message, metadata=True)}
    if len(text) > POST_TEXT:
        answer |= {"warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}
    return answer


@method("chat.update", scopes=["chat:write"], required=["channel", "ts"])
def update(request: Request) -> Json:
    """Edit one of the app's own messages."""
    state, channel = request.state, request.channel()
    message = state.message(channel.id, request.text("ts"))
    _may_edit(request, channel, message)
    if len(request.text("text")) > UPDATE_TEXT:
        raise Refusal("msg_too_long")
    blocks = blocks_given(request)
    attachments = attachments_given(request) if request.has("attachments") else message.attachments
    if not blocks and not request.has("text") and not request.has("attachments"):
        raise Refusal("no_text")
    metadata = check_metadata(request.json("metadata")) if request.has("metadata") else message.metadata
    with state.changing():
        message.edits.append(Edit(state.clock.now(), message.text, message.blocks))
        message.text = request.text("text") if request.has("text") else message.text
        # A text without blocks takes the blocks away, as Slack does.
        message.blocks = message.blocks if blocks is None and not request.has("text") else blocks or []
        message.attachments, message.metadata = attachments, metadata
        message.broadcast = message.broadcast or (message.is_reply and request.flag("reply_broadcast"))
    return {
        "channel": channel.id,
        "ts": message.ts,
        "text": message.text,
        "message": shown(state, message, metadata=True),
    }


@method("chat.delete", scopes=["chat:write"], required=["channel", "ts"])
def delete(request: Request) -> Json:
    """Delete one of the app's own messages."""
    channel = request.channel()
    message = request.state.message(channel.id, request.text("ts"))
    if message.user != request.state.workspace.app.bot_user:
        raise Refusal("cant_delete_message")
    with request.state.changing():
        message.deleted = True
    return {"channel": channel.id, "ts": message.ts}


@method("chat.postEphemeral", scopes=["chat:write"], required=["channel", "user"])
def post_ephemeral(request: Request) -> Json:
    """Show a message to one member of a channel."""
    state, channel = request.state, request.channel()
    if channel.is_archived:
        raise Refusal("is_archived")
    if not state.bot_is_in(channel.id):
        raise Refusal("not_in_channel")
    if request.text("user") not in state.members[channel.id]:
        raise Refusal("user_not_in_channel")
    if len(request.text("text")) > POST_TEXT:
        raise Refusal("msg_too_long")
    blocks = blocks_given(request)
    if not blocks and not request.has("text") and not attachments_given(request):
        raise Refusal("no_text")
    private = Ephemeral(
        channel=channel.id,
        user=request.text("user"),
        ts=state.next_ts(),
        text=request.text("text"),
        blocks=blocks or [],
        thread_ts=request.text("thread_ts"),
    )
    with state.changing():
        state.ephemerals.append(private)
    return {"message_ts": private.ts}


@method("chat.getPermalink", required=["channel", "message_ts"])
def get_permalink(request: Request) -> Json:
    """The address of a message."""
    channel = request.channel()
    message = request.state.message(channel.id, request.text("message_ts"))
    link = f"https://{request.state.workspace.domain}.slack.com/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.is_reply:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


def _destination(request: Request) -> Channel:
    """The channel of a post, which may be named by id, as #name or as a person's id."""
    state, name = request.state, request.text("channel")
    if name in state.users:
        name = state.direct_channel(name)
    by_name = [each.id for each in state.channels.values() if name.startswith("#") and each.name == name[1:]]
    channel = by_name[0] if by_name else name
    if not state.bot_sees(channel):
        raise Refusal("channel_not_found")
    found = state.channels[channel]
    if found.is_archived:
        raise Refusal("is_archived")
    if not state.bot_is_in(channel) and "chat:write.public" not in (request.token.scopes if request.token else ()):
        raise Refusal("not_in_channel")
    return found


def _thread(request: Request, channel: Channel) -> str:
    """The ts of the thread. A reply to a reply lands in the thread of the parent."""
    ts = request.text("thread_ts")
    if not ts:
        return ""
    if (channel.id, ts) in request.state.locked_threads:
        raise Refusal("restricted_action_thread_locked")
    # A deleted parent stays as a tombstone that takes replies.
    parent = request.state.messages.get(channel.id, {}).get(ts)
    if parent is None:
        raise Refusal("cannot_reply_to_message")
    return parent.thread_ts or parent.ts


def _may_post(channel: Channel, thread: str) -> None:
    refused = {
        Posting.RESTRICTED: "restricted_action",
        Posting.READ_ONLY: "restricted_action_read_only_channel",
        Posting.THREAD_ONLY: "" if thread else "restricted_action_thread_only_channel",
        Posting.NON_THREADABLE: "restricted_action_non_threadable_channel" if thread else "",
    }.get(channel.posting, "")
    if refused:
        raise Refusal(refused)


def _may_edit(request: Request, channel: Channel, message: Message) -> None:
    workspace = request.state.workspace
    if channel.is_archived:
        raise Refusal("is_inactive")
    if message.user != workspace.app.bot_user:
        raise Refusal("cant_update_message")
    window = workspace.edit_window_seconds
    if window is not None and request.state.clock.now() - float(message.ts) > window:
        raise Refusal("edit_window_closed")
