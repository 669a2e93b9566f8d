"""The addresses at which an app may answer an interaction: five times, within 30 minutes."""

from __future__ import annotations

from typing import Any

from sandbox.slack.answers import Reply
from sandbox.slack.limits.messages import check_blocks
from sandbox.slack.methods.contents import named
from sandbox.slack.records import Edit, Ephemeral, Message, ResponseUrl
from sandbox.slack.state import State
from sandbox.slack.wire import Json, Refusal

USES = 5
SECONDS = 30 * 60


def respond(state: State, key: str, answer: Json) -> Reply:
    """Do what the app asks for, when the address is still good."""
    found = state.response_urls.get(key)
    if found is None:
        return Reply(404, "no_such_url", "text/plain")
    with state.changing():
        if state.clock.now() - found.at > SECONDS:
            return Reply(404, "expired_url", "text/plain")
        if found.uses >= USES:
            return Reply(404, "used_url", "text/plain")
        try:
            show_answer(state, found, answer, source="response_url")
        except Refusal as refusal:
            return Reply(400, refusal.error, "text/plain")
        found.uses += 1
    return Reply(200, "ok", "text/plain")


def show_answer(state: State, to: ResponseUrl, answer: Json, *, source: str) -> None:
    """Show what the app answers: to one person, to the channel, or in place of the message. Raises Refusal."""
    original = _original(state, to)
    if answer.get("delete_original"):
        if original is None:
            raise Refusal("message_not_found")
        original.deleted = True
        return
    blocks = _blocks(state, answer.get("blocks"))
    text = str(answer.get("text") or "")
    if not text and not blocks and not answer.get("attachments"):
        raise Refusal("no_text")
    if answer.get("replace_original") and original is not None:
        if isinstance(original, Message):
            original.edits.append(Edit(state.clock.now(), original.text, original.blocks))
        original.text, original.blocks = text, blocks
    else:
        _add(state, to, answer, text, blocks, source)


def _add(state: State, to: ResponseUrl, answer: Json, text: str, blocks: list[Json], source: str) -> None:
    app, thread = state.workspace.app, str(answer.get("thread_ts") or "")
    if answer.get("response_type") == "in_channel":
        state.add(
            Message(
                channel=to.channel,
                ts=state.next_ts(),
                user=app.bot_user,
                bot_id=app.bot_id,
                text=text,
                blocks=blocks,
                thread_ts=thread,
            )
        )
        return
    state.ephemerals.append(
        Ephemeral(
            channel=to.channel,
            user=to.user,
            ts=state.next_ts(),
            text=text,
            blocks=blocks,
            thread_ts=thread or to.thread_ts,
            source=source,
        )
    )


def _blocks(state: State, blocks: Any) -> list[Json]:
    if blocks is None:
        return []
    return named(state, check_blocks(blocks, modern=state.workspace.modern_blocks, total=False))


def _original(state: State, to: ResponseUrl) -> Message | Ephemeral | None:
    if not to.message_ts:
        return None
    private = [each for each in state.ephemerals if each.ts == to.message_ts]
    return private[0] if private else state.messages.get(to.channel, {}).get(to.message_ts)
