"""An HTTP answer of the pretend Slack, or the lack of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


class ConnectionLost(Exception):
    """The connection must be reset instead of being answered."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: str
    content_type: str = "application/json; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)
