"""A pretend Slack on loopback, with Slack's own protocols, that refuses what Slack refuses."""

from __future__ import annotations

from sandbox.slack.admin import Admin
from sandbox.slack.clock import Clock, ManualClock, WallClock
from sandbox.slack.envelopes import Kind, signature
from sandbox.slack.faults import ALL, Dropped, Fault, Html, LostReply, Refuse, Slow, Status, TooMany
from sandbox.slack.observer import Observer
from sandbox.slack.records import Ack, Call, Delivery, Ephemeral, File, Message, View
from sandbox.slack.server import SlackServer
from sandbox.slack.wire import Impossible, Refusal
from sandbox.slack.workspace import (
    OPTIONAL_SCOPES,
    REQUIRED_SCOPES,
    Channel,
    Posting,
    SlackApp,
    Token,
    TokenState,
    User,
    UserGroup,
    Workspace,
    typical_workspace,
)

__all__ = [
    "ALL",
    "OPTIONAL_SCOPES",
    "REQUIRED_SCOPES",
    "Ack",
    "Admin",
    "Call",
    "Channel",
    "Clock",
    "Delivery",
    "Dropped",
    "Ephemeral",
    "Fault",
    "File",
    "Html",
    "Impossible",
    "Kind",
    "LostReply",
    "ManualClock",
    "Message",
    "Observer",
    "Posting",
    "Refusal",
    "Refuse",
    "SlackApp",
    "SlackServer",
    "Slow",
    "Status",
    "Token",
    "TokenState",
    "TooMany",
    "User",
    "UserGroup",
    "View",
    "WallClock",
    "Workspace",
    "signature",
    "typical_workspace",
]
