"""What is handed to the app, and how it is signed for HTTP."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol
from urllib.parse import urlencode

from sandbox.slack.records import Ack
from sandbox.slack.wire import Json, dumps


class Kind(StrEnum):
    """The sorts of envelopes, as Socket Mode names them."""

    COMMAND = "slash_commands"
    INTERACTIVE = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True, slots=True)
class Envelope:
    """One thing to hand to the app. `reason` says why an earlier attempt failed, `retry` how many did."""

    kind: Kind
    payload: Json
    retry: int = 0
    reason: str = ""


class Transport(Protocol):
    """A way to the app."""

    def prepare(self, envelope: Envelope) -> Callable[[], Ack]:
        """Make it ready; each call of the result delivers the very same thing and waits for the app."""


def body_of(envelope: Envelope) -> tuple[str, bytes]:
    """Content type and body of the HTTP request that carries it."""
    if envelope.kind is Kind.EVENT:
        return "application/json", dumps(envelope.payload).encode()
    form = {"payload": dumps(envelope.payload)} if envelope.kind is Kind.INTERACTIVE else envelope.payload
    return "application/x-www-form-urlencoded", urlencode(form).encode()


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's signature of a request: v0 and HMAC-SHA256 over version, time and raw body."""
    digest = hmac.new(secret.encode(), b":".join([b"v0", timestamp.encode(), body]), hashlib.sha256)
    return f"v0={digest.hexdigest()}"
