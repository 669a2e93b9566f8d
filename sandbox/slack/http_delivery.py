"""Handing things to the app as signed HTTP requests."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sandbox.slack.clock import Clock
from sandbox.slack.envelopes import Envelope, body_of, signature
from sandbox.slack.records import Ack
from sandbox.slack.wire import loads

USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


@dataclass(frozen=True, slots=True)
class HttpTransport:
    """POSTs to the app's request URL and gives it so many seconds."""

    request_url: str
    signing_secret: str
    clock: Clock
    ack_seconds: float

    def prepare(self, envelope: Envelope) -> Callable[[], Ack]:
        """Sign it once; each call of the result sends the same bytes."""
        content_type, body = body_of(envelope)
        timestamp = str(int(self.clock.now()))
        headers = {
            "Content-Type": content_type,
            "User-Agent": USER_AGENT,
            "X-Slack-Request-Timestamp": timestamp,
            "X-Slack-Signature": signature(self.signing_secret, timestamp, body),
        }
        if envelope.retry:
            headers |= {"X-Slack-Retry-Num": str(envelope.retry), "X-Slack-Retry-Reason": envelope.reason}
        return lambda: self._post(headers, body)

    def _post(self, headers: dict[str, str], body: bytes) -> Ack:
        address = urlsplit(self.request_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=self.ack_seconds)
        try:
            connection.request("POST", address.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except TimeoutError:
            return Ack(status=0, error="operation_timeout")
        except (OSError, http.client.HTTPException):
            return Ack(status=0, error="dispatch_failed")
        finally:
            connection.close()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Ack(
            status=answer.status,
            body=_value(names.get("content-type", ""), content),
            error="" if 200 <= answer.status < 300 else "dispatch_failed",
            headers=names,
        )


def _value(content_type: str, content: bytes) -> object:
    text = content.decode("utf-8", "replace")
    value = loads(text) if content_type.startswith("application/json") else None
    return text if value is None else value
