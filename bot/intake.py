"""The door for HTTP: lets in what Slack signed, and turns everything else away with one line in the log.

Bolt answers some malformed requests with a traceback before it has looked at their signature, and knows one signing
secret only. So everything is looked at here first: size, headers, time, signature, shape. Nothing that a caller sends
makes this answer with a 5xx.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.shape import shape_fault

log = logging.getLogger(__name__)

PATH = "/slack/events"
MOST_OF_A_COMMAND = 64 * 1024
MOST_OF_AN_INTERACTION = 512 * 1024
SKEW_SECONDS = 300

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
            413: "Content Too Large"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """What came over HTTP. headers: by their names in small letters. body: more than the most is as good as all."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over HTTP."""

    status: int
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class TurnedAway(Exception):
    """A request that is not let in."""

    status: int
    why: str


class Intake:
    """Lets in what Slack signed. `accept` answers that: the body as text, and the headers that matter."""

    def __init__(self, secrets: tuple[str, ...], accept: Callable[[str, dict[str, str]], Reply]) -> None:
        """secrets: one, or two while they are exchanged."""
        if not secrets or not all(secrets):
            raise ValueError("HTTP needs a signing secret")
        self._secrets = tuple(secret.encode() for secret in secrets)
        self.accept = accept

    def admit(self, request: Request) -> tuple[str, dict[str, str]] | Reply:
        """What `accept` is to be given; the answer to a request that is turned away. Takes microseconds."""
        try:
            return self._admitted(request)
        except TurnedAway as refusal:
            log.warning("turned away with %d: %s", refusal.status, refusal.why)
            return Reply(refusal.status, _REASONS.get(refusal.status, ""))

    def _admitted(self, request: Request) -> tuple[str, dict[str, str]]:
        if request.path != PATH:
            raise TurnedAway(404, "another path")
        if request.method != "POST":
            raise TurnedAway(405, "another method than POST")
        body, headers = request.body, request.headers
        if len(body) > MOST_OF_AN_INTERACTION or (len(body) > MOST_OF_A_COMMAND and not body.startswith(b"payload=")):
            raise TurnedAway(413, f"{len(body)} bytes or more")
        self._verify(headers, body)
        content_type = headers.get("content-type", "")
        if fault := shape_fault(body, content_type):
            raise TurnedAway(400, fault)
        kept = {
            "content-type": content_type,
            "x-slack-signature": headers.get("x-slack-signature", ""),
            "x-slack-retry-num": headers.get("x-slack-retry-num", "")[:4],
        }
        return body.decode(), kept

    def _verify(self, headers: Mapping[str, str], body: bytes) -> None:
        stamp = headers.get("x-slack-request-timestamp", "")
        signature = headers.get("x-slack-signature", "")
        if not _TIMESTAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
            raise TurnedAway(401, "no signature, or one of another form")
        signed = b"v0:" + stamp.encode() + b":" + body
        made = ["v0=" + hmac.digest(secret, signed, hashlib.sha256).hex() for secret in self._secrets]
        if not sum(hmac.compare_digest(one, signature) for one in made):
            raise TurnedAway(401, "the signature is not Slack's")
        if abs(skew := int(time.time()) - int(stamp)) > SKEW_SECONDS:
            raise TurnedAway(401, f"signed by Slack, but our clock differs by {skew} s from the request's")
