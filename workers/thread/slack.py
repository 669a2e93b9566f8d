"""One call to Slack, and what is known after it: taken, refused, too fast, never sent, or nobody knows."""

from __future__ import annotations

import http.client
import logging
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError
from slack_sdk.web import SlackResponse

from contract import crashpoints

SECONDS = 10
LONGEST_HOLD = 300.0
_USUAL_HOLD = 30.0

_UNSURE = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
_NEVER_SENT = (ConnectionRefusedError, socket.gaierror, ssl.SSLCertVerificationError)


class Fate(StrEnum):
    """What became of a call."""

    TAKEN = "taken"
    REFUSED = "refused"
    """Slack answered no; `error` says why. Nothing was done."""
    LIMITED = "limited"
    """Too fast; `wait` says for how long to leave this method alone. Nothing was done."""
    UNSENT = "unsent"
    """Slack was not reached. Nothing was done."""
    UNSURE = "unsure"
    """The answer is lost: it may have been done."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is known after a call. body: Slack's answer where it took the call. wait: seconds."""

    fate: Fate
    error: str = ""
    wait: float = 0.0
    body: Mapping[str, Any] | None = None

    @property
    def ts(self) -> str:
        """The message that was made, or ""."""
        return str((self.body or {}).get("ts", ""))


def connect(token: str, url: str) -> WebClient:
    """A client that never sends twice by itself, with one TLS context for all its calls."""
    quiet = logging.getLogger("slack_sdk.quiet")
    quiet.setLevel(logging.CRITICAL)
    return WebClient(
        token=token,
        base_url=url,
        timeout=SECONDS,
        ssl=ssl.create_default_context(),
        retry_handlers=[],
        logger=quiet,
    )


def call(client: WebClient, method: str, arguments: Mapping[str, Any], *, read: bool = False) -> Answer:
    """Call a method of Slack's Web API once. read: whether it only reads; such methods take no JSON."""
    body: dict[str, Any] = {"params" if read else "json": dict(arguments)}
    return _answered(lambda: client.api_call(method, **body))


def upload(client: WebClient, files: Mapping[str, str], *, channel: str, thread_ts: str, comment: str) -> Answer:
    """Show these files (texts by name) as one message in a thread. comment: mrkdwn that is already escaped."""
    made = [{"filename": name, "title": name, "content": text} for name, text in files.items()]
    return _answered(
        lambda: client.files_upload_v2(
            file_uploads=made, channel=channel, thread_ts=thread_ts, initial_comment=comment, request_file_info=False
        )
    )


def _answered(act: Callable[[], SlackResponse]) -> Answer:
    """What is known after an act of the client."""
    crashpoints.reach()
    try:
        response = act()
        answer = Answer(Fate.TAKEN, body=response.data if isinstance(response.data, dict) else {})
    except SlackApiError as problem:
        answer = _refused(problem)
    except URLError as problem:
        fate = Fate.UNSENT if isinstance(problem.reason, _NEVER_SENT) else Fate.UNSURE
        answer = Answer(fate, f"{type(problem.reason).__name__}: {problem.reason}")
    except SlackRequestError as problem:  # the address that was given for a file did not take it: no message was made
        answer = Answer(Fate.UNSENT, str(problem)[:200])
    except (OSError, http.client.HTTPException, ValueError) as problem:
        answer = Answer(Fate.UNSURE, f"{type(problem).__name__}: {problem}")
    crashpoints.reach()
    return answer


def _refused(problem: SlackApiError) -> Answer:
    """What an error answer of Slack, or of something in front of it, says about the call."""
    response = problem.response
    data = response.data if isinstance(response.data, dict) else {}
    error = str(data.get("error", ""))
    if response.status_code == http.client.TOO_MANY_REQUESTS or error in ("ratelimited", "rate_limited"):
        return Answer(Fate.LIMITED, "ratelimited", _seconds(response.headers))
    if response.status_code >= http.client.INTERNAL_SERVER_ERROR or error in _UNSURE or not error.isidentifier():
        return Answer(Fate.UNSURE, error[:200] or f"HTTP {response.status_code}")
    return Answer(Fate.REFUSED, error)


def _seconds(headers: Mapping[str, Any]) -> float:
    """What Retry-After asks for, within reason."""
    given = {name.lower(): value for name, value in headers.items()}.get("retry-after", "")
    first = str(given[0] if isinstance(given, list) and given else given).strip()
    return min(max(1.0, float(first)), LONGEST_HOLD) if first.isdecimal() else _USUAL_HOLD
