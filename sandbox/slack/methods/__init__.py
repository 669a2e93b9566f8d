"""The methods of Slack's Web API that dnsmedic and its tests call."""

from __future__ import annotations

from sandbox.slack.methods import chat, conversations, files, marks, people, validation, views
from sandbox.slack.methods.registry import METHODS, Method, Request

__all__ = [
    "METHODS",
    "Method",
    "Request",
    "chat",
    "conversations",
    "files",
    "marks",
    "people",
    "validation",
    "views",
]
