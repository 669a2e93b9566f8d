"""Patterns of a Corefile, with the meaning that they have in CoreDNS: Go's regular expressions are those of RE2."""

from __future__ import annotations

from typing import Any

import re2

MAX_MEMORY = 1 << 20
"""Bytes for one pattern: CoreDNS itself takes patterns of up to 10,000 characters."""
_TOO_LARGE = "pattern too large"


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    return options


_OPTIONS = _options()


def refusal(pattern: str) -> str:
    """Why CoreDNS refuses a pattern, or "" where it takes it or it is too large to tell."""
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace")
        return "" if reason.startswith(_TOO_LARGE) else reason
    return ""


def found(pattern: str, name: str) -> tuple[str, ...] | None:
    """What a pattern finds in NAME (lower case, with the dot at its end), then its groups; None where it finds nothing.

    A pattern that cannot be used finds nothing.
    """
    try:
        match = _compiled(pattern).search(_valid(name))
    except re2.error:
        return None
    return (match[0], *match.groups(default="")) if match else None


def usable(pattern: str) -> bool:
    """Whether it can be said what a pattern finds."""
    try:
        _compiled(pattern)
    except re2.error:
        return False
    return True


def groups(pattern: str) -> int:
    """How many groups a pattern has; 0 where it cannot be used."""
    try:
        return int(_compiled(pattern).groups)
    except re2.error:
        return 0


def _compiled(pattern: str) -> Any:
    """Raises re2.error."""
    return re2.compile(_valid(pattern), _OPTIONS)


def _valid(text: str) -> str:
    """Half a character, which no file holds, becomes a question mark."""
    return text.encode(errors="replace").decode()
