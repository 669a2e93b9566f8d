"""The host that takes the bytes of files."""

from __future__ import annotations

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import HTTP

from sandbox.slack.answers import Reply
from sandbox.slack.state import State


def take_upload(state: State, file: str, content_type: str, body: bytes) -> Reply:
    """Keep the bytes of a file that has a ticket, when they are as many as was announced."""
    found = state.files.get(file)
    if found is None:
        return Reply(404, "not found", "text/plain")
    content = _content(content_type, body)
    if len(content) != found.length:
        return Reply(400, f"expected {found.length} bytes, got {len(content)}", "text/plain")
    with state.changing():
        found.content = content
    return Reply(200, f"OK - {len(content)}", "text/plain")


def _content(content_type: str, body: bytes) -> bytes:
    """The bytes of the file: the first part of a multipart form, else the body as it is."""
    if not content_type.startswith("multipart/form-data"):
        return body
    head = f"Content-Type: {content_type}\r\n\r\n".encode()
    form = BytesParser(EmailMessage, policy=HTTP).parsebytes(head + body)
    for part in form.iter_parts():
        payload = part.get_payload(decode=True)
        return payload if isinstance(payload, bytes) else b""
    return b""
