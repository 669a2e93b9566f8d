"""The DNS name that a message in Slack speaks of, as a proposal: whoever asks sees it and may change it."""

from __future__ import annotations

import re

from contract import names

_MOST = 4_000
"""Characters of a message that are looked through; Slack's own limit for one."""

_MARKED = re.compile(r"<(?:[@#!][^<>]*|(?:https?://|mailto:)?([^<>|]*)(?:\|[^<>]*)?)>")
"""What Slack makes of people, channels and addresses; of an address its target is kept."""

_NAME = re.compile(
    r"(?<![\w.@/-])(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+[A-Za-z][A-Za-z0-9-]*[A-Za-z0-9](?![\w@(-])"
)

_FILES = frozenset(
    {"conf", "cpp", "go", "java", "js", "json", "log", "md", "py", "rb", "rs", "sh", "ts", "txt", "yaml", "yml"}
)
"""Last parts that are more often a file's than a name's."""


def spoken_of(text: str) -> str:
    """The first DNS name in the text of a message (mrkdwn), or ""."""
    plain = _MARKED.sub(lambda found: f" {found[1] or ''} ", text[:_MOST])
    found = (one[0] for one in _NAME.finditer(plain))
    return next(
        (one for one in found if not names.domain_fault(one) and one.rpartition(".")[2].lower() not in _FILES), ""
    )
