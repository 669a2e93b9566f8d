"""What the pretend Slack remembers: messages, private answers, views, files, calls and deliveries."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sandbox.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Edit:
    """What a message said before it was changed, and when it was changed."""

    at: float
    text: str
    blocks: list[Json]


@dataclass(slots=True, kw_only=True)
class Message:
    """A message as it stands now. `edits` holds its former contents, oldest first; deleted ones are kept."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    thread_ts: str = ""
    broadcast: bool = False
    bot_id: str = ""
    metadata: Json = field(default_factory=dict)
    files: list[Json] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    edits: list[Edit] = field(default_factory=list)
    pinned: bool = False
    deleted: bool = False

    @property
    def is_reply(self) -> bool:
        """Whether it is in a thread and not its parent."""
        return bool(self.thread_ts) and self.thread_ts != self.ts


@dataclass(slots=True, kw_only=True)
class Ephemeral:
    """A message that one person alone sees. `source`: the method, `ack` or `response_url`."""

    channel: str
    user: str
    ts: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    thread_ts: str = ""
    source: str = "chat.postEphemeral"
    deleted: bool = False


@dataclass(slots=True, kw_only=True)
class View:
    """A modal or a Home tab as it stands now. `payload` is what the app sent; `chosen` what a person put in."""

    id: str
    user: str
    payload: Json
    hash: str
    channel: str = ""
    root: str = ""
    previous: str = ""
    closed: bool = False
    chosen: Json = field(default_factory=dict)
    revisions: list[Json] = field(default_factory=list)

    @property
    def type(self) -> str:
        """`modal` or `home`."""
        return str(self.payload["type"])


@dataclass(slots=True, kw_only=True)
class File:
    """A file: first a ticket to upload to, then bytes, then perhaps a message that shows it."""

    id: str
    name: str
    length: int
    title: str = ""
    content: bytes | None = None
    channel: str = ""
    thread_ts: str = ""
    shared: bool = False


@dataclass(slots=True)
class Trigger:
    """Somebody's interaction, which the app may answer once within three seconds with a modal."""

    user: str
    at: float
    view: str = ""
    channel: str = ""
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """An address at which the app may answer an interaction five times within 30 minutes."""

    channel: str
    user: str
    at: float
    message_ts: str = ""
    thread_ts: str = ""
    uses: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call of the app as it was answered. `args` has no token. `error` is Slack's, or the fault that it met."""

    method: str
    args: Json
    at: float
    status: int = 200
    error: str = ""
    answer: Json = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """How the app took a delivery.

    status: of HTTP; 200 for an acknowledged envelope of Socket Mode, 0 where nothing came. body: what came, JSON as
    values. error: "" or what the person sees: `operation_timeout`, `dispatch_failed`, `invalid_command_response`…
    """

    status: int
    body: Any = ""
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the app acknowledged in time."""
        return not self.error


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt to hand something to the app."""

    kind: str
    payload: Json
    ack: Ack
    at: float
    retry: int = 0
    reason: str = ""
