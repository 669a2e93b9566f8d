"""Whether Slack has a message of ours: found by the metadata that each of them carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient

from contract.outbox import ROOTS, Row, Thread
from workers.thread.refusals import SIGNED_OUT
from workers.thread.slack import Answer, Fate, call

EVENT = "dnsmedic_run"

_SKEW = 300.0
_PAGES = 10


@dataclass(frozen=True, slots=True)
class Found:
    """What a look says. ts: of the message, "" for none. blind: nobody may look. failed: the look went wrong."""

    ts: str = ""
    blind: bool = False
    failed: Answer | None = None


def metadata(thread: Thread, row: Row, attempt: int) -> dict[str, Any]:
    """What a message carries to be found by. Everybody in the workspace can read it."""
    payload = {"run": thread.name, "seq": row.seq, "kind": row.kind.value, "attempt": attempt}
    return {"event_type": EVENT, "event_payload": payload}


def method(thread: Thread, row: Row) -> str:
    """The method that shows where the row's message would be."""
    return "conversations.history" if row.kind in ROOTS and not thread.thread_ts else "conversations.replies"


def find(client: WebClient, thread: Thread, row: Row) -> Found:
    """Look for the row's message where it would be."""
    arguments = {"channel": thread.channel, "oldest": f"{row.since - _SKEW:.6f}", "limit": 200}
    if method(thread, row) == "conversations.replies":
        arguments["ts"] = thread.root
    for _ in range(_PAGES):
        answer = call(client, method(thread, row), {**arguments, "include_all_metadata": True}, read=True)
        if answer.fate is Fate.REFUSED and (answer.error == "missing_scope" or answer.error not in SIGNED_OUT):
            return Found(blind=True)
        if answer.fate is not Fate.TAKEN or answer.body is None:
            return Found(failed=answer)
        if ts := next(_matching(answer.body, thread, row), ""):
            return Found(ts=ts)
        arguments["cursor"] = str((answer.body.get("response_metadata") or {}).get("next_cursor") or "")
        if not arguments["cursor"]:
            return Found()
    return Found(blind=True)


def _matching(body: Mapping[str, Any], thread: Thread, row: Row) -> Iterator[str]:
    for message in body.get("messages") or []:
        held = message.get("metadata") or {}
        payload = held.get("event_payload") or {}
        if held.get("event_type") == EVENT and (payload.get("run"), payload.get("seq")) == (thread.name, row.seq):
            yield str(message["ts"])
