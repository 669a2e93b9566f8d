"""What a message, an edit or a private answer may hold, and how a message looks in answers."""

from __future__ import annotations

from typing import Any

from sandbox.slack.limits.messages import ATTACHMENTS, MARKDOWN_TEXT, check_blocks
from sandbox.slack.methods.registry import Request
from sandbox.slack.records import Message
from sandbox.slack.state import State
from sandbox.slack.wire import Json, Refusal


def blocks_given(request: Request) -> list[Json] | None:
    """The blocks of a call, each with a block_id; None where none were given. Raises Refusal."""
    if request.has("markdown_text"):
        return _prose(request)
    if not request.has("blocks"):
        return None
    checked = check_blocks(request.json("blocks"), modern=request.state.workspace.modern_blocks)
    return named(request.state, checked)


def _prose(request: Request) -> list[Json]:
    if request.has("text") or request.has("blocks"):
        raise Refusal("markdown_text_conflict")
    if len(request.text("markdown_text")) > MARKDOWN_TEXT:
        raise Refusal("msg_too_long")
    return named(request.state, [{"type": "markdown", "text": request.text("markdown_text")}])


def named(state: State, blocks: list[Json]) -> list[Json]:
    """The same blocks, with the ids that Slack gives to blocks and elements without one."""
    return [_named_block(state, block) for block in blocks]


def _named_block(state: State, block: Json) -> Json:
    block = {"block_id": state.next_id("b"), **block}
    for key in ("elements", "child_blocks"):
        if key in block and block["type"] in ("actions", "context_actions", "container"):
            block[key] = [_named_part(state, part) for part in block[key]]
    for key in ("accessory", "element"):
        if key in block:
            block[key] = {"action_id": state.next_id("a"), **block[key]}
    return block


def _named_part(state: State, part: Json) -> Json:
    if part["type"] in ("section", "actions", "context", "divider", "header", "image", "table", "video"):
        return _named_block(state, part)
    return {"action_id": state.next_id("a"), **part}


def attachments_given(request: Request) -> list[Json]:
    """The attachments of a call. Raises Refusal."""
    given: Any = request.json("attachments") if request.has("attachments") else []
    if not isinstance(given, list):
        raise Refusal("invalid_attachments")
    if len(given) > ATTACHMENTS:
        raise Refusal("too_many_attachments")
    return given


def shown(state: State, message: Message, *, metadata: bool = False) -> Json:
    """A message as Slack's answers and payloads show it."""
    answer: Json = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text}
    answer["team"] = state.workspace.team_id
    answer.update(_content(message))
    if message.bot_id:
        answer |= {"bot_id": message.bot_id, "app_id": state.workspace.app.id}
    if message.thread_ts:
        answer["thread_ts"] = message.thread_ts
    if message.edits:
        answer["edited"] = {"user": message.user, "ts": f"{message.edits[-1].at:.6f}"}
    if metadata and message.metadata:
        answer["metadata"] = message.metadata
    return answer | _replies(state, message)


def _content(message: Message) -> Json:
    answer: Json = {}
    if message.blocks:
        answer["blocks"] = message.blocks
    if message.attachments:
        answer["attachments"] = message.attachments
    if message.files:
        answer["files"] = message.files
    if message.broadcast:
        answer["subtype"] = "thread_broadcast"
    if message.reactions:
        answer["reactions"] = [
            {"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()
        ]
    return answer


def _replies(state: State, message: Message) -> Json:
    if message.is_reply:
        return {}
    replies = [each for each in state.thread(message.channel, message.ts) if each.is_reply]
    if not replies:
        return {}
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": list(dict.fromkeys(each.user for each in replies)),
        "latest_reply": replies[-1].ts,
    }
