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
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.shape import shape_fault

log = logging.getLogger(__name__)

PATH = "/slack/events"
MOST_OF_A_COMMAND = 64 * 1024
MOST_OF_AN_INTERACTION = 512 * 1024
SKEW_SECONDS = 300

_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_LENGTH = re.compile(r"[0-9]{1,9}")

StartResponse = Callable[[str, list[tuple[str, str]]], object]
_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
            413: "Content Too Large"}  # fmt: skip


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
    """A WSGI application that hands what Slack signed to `accept`: body as text, content type, headers."""

    def __init__(self, secrets: tuple[str, ...], accept: Callable[[str, dict[str, str]], Reply]) -> None:
        """secrets: one, or two while they are exchanged."""
        if not secrets or not all(secrets):
            raise ValueError("HTTP needs a signing secret")
        self._secrets = tuple(secret.encode() for secret in secrets)
        self._accept = accept

    def __call__(self, environ: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            reply = self._answer(environ)
        except TurnedAway as refusal:
            log.warning("turned away with %d: %s", refusal.status, refusal.why)
            reply = Reply(refusal.status, _REASONS.get(refusal.status, ""))
        body = reply.body.encode(errors="replace")
        headers = [("Content-Type", reply.content_type), ("Content-Length", str(len(body)))]
        start_response(f"{reply.status} {_REASONS.get(reply.status, 'OK')}", headers)
        return [body]

    def _answer(self, environ: Mapping[str, Any]) -> Reply:
        if environ.get("PATH_INFO") != PATH:
            raise TurnedAway(404, "another path")
        if environ.get("REQUEST_METHOD") != "POST":
            raise TurnedAway(405, "another method than POST")
        body = _body(environ)
        self._verify(environ, body)
        content_type = str(environ.get("CONTENT_TYPE", ""))
        if fault := shape_fault(body, content_type):
            raise TurnedAway(400, fault)
        headers = {
            "content-type": content_type,
            "x-slack-signature": str(environ.get("HTTP_X_SLACK_SIGNATURE", "")),
            "x-slack-retry-num": str(environ.get("HTTP_X_SLACK_RETRY_NUM", ""))[:4],
        }
        return self._accept(body.decode(), headers)

    def _verify(self, environ: Mapping[str, Any], body: bytes) -> None:
        stamp = str(environ.get("HTTP_X_SLACK_REQUEST_TIMESTAMP", ""))
        signature = str(environ.get("HTTP_X_SLACK_SIGNATURE", ""))
        if not _TIMESTAMP.fullmatch(stamp) or not _SIGNATURE.fullmatch(signature):
            raise TurnedAway(401, "no signature, or one of another form")
        signed = b"v0:" + stamp.encode() + b":" + body
        made = ["v0=" + hmac.digest(secret, signed, hashlib.sha256).hex() for secret in self._secrets]
        if not sum(hmac.compare_digest(one, signature) for one in made):
            raise TurnedAway(401, "the signature is not Slack's")
        if abs(skew := int(time.time()) - int(stamp)) > SKEW_SECONDS:
            raise TurnedAway(401, f"signed by Slack, but our clock differs by {skew} s from the request's")


def _body(environ: Mapping[str, Any]) -> bytes:
    """The body, no longer than its kind may be."""
    stated = str(environ.get("CONTENT_LENGTH") or "0")
    if not _LENGTH.fullmatch(stated):
        raise TurnedAway(400, "no length")
    if int(stated) > MOST_OF_AN_INTERACTION:
        raise TurnedAway(413, f"{stated} bytes")
    body: bytes = environ["wsgi.input"].read(int(stated))
    if len(body) > MOST_OF_A_COMMAND and not body.startswith(b"payload="):
        raise TurnedAway(413, f"{len(body)} bytes")
    return body
