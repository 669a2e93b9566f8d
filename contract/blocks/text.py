"""Text from elsewhere made harmless for Slack: what a pod is called can neither ping a channel nor become a link.

Two targets: mrkdwn, where `& < >` are escaped exactly once, and plain text (rich text, labels), where nothing is.
Lengths are counted in UTF-16 units after escaping, the strictest way to read Slack's limits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_MARKUP = re.compile(r"<(?=[!@#]|https?:|mailto:)", re.IGNORECASE)
_USER = re.compile(r"[UW][A-Z0-9]{1,20}")
_URL = re.compile(r"https://[A-Za-z0-9.-]+(?:/[A-Za-z0-9._~/#?=&%+,:@-]*)?")
_MARKS_IN_A_ROW = 3
_CUT = "…"
_OPENING = "\u2039"


def size(text: str) -> int:
    """The length of a text as Slack may count it."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """Without control and invisible characters other than new line and tab; what is no character becomes U+FFFD."""
    text = text.replace("\r\n", "\n")
    if text.isascii():
        return _CONTROLS.sub("", text)
    kept: list[str] = []
    marks = 0
    for letter in text:
        category = unicodedata.category(letter)
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MARKS_IN_A_ROW or (category in ("Cc", "Cf") and letter not in "\n\t"):
            continue
        kept.append(_visible(letter, category))
    return "".join(kept)


def _visible(letter: str, category: str) -> str:
    if category == "Cs" or ord(letter) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(letter) <= 0xFDEF:
        return "\ufffd"
    return " " if category in ("Zl", "Zp") else letter


def mrkdwn(text: str, most: int) -> str:
    """Cleaned, escaped and cut to `most`; a fence inside is broken, so that it cannot end one of ours."""
    near = _beginning(text, most)
    escaped = [_ESCAPES.get(letter, letter) for letter in clean(near).replace("```", "'''")]
    return _fitted(escaped, most, cut=near != text)


def plain(text: str, most: int) -> str:
    """Cleaned and cut to `most`, for where Slack reads no markup; what would be a mention elsewhere is defused too."""
    near = _beginning(text, most)
    return _fitted(list(_MARKUP.sub(_OPENING, clean(near))), most, cut=near != text)


def label(text: str, most: int) -> str:
    """`plain` for where Slack wants at least one character."""
    return plain(text, most).strip() or "-"


def line(text: str, most: int) -> str:
    """`mrkdwn` on one line."""
    return mrkdwn(" ".join(text[: 8 * most + 128].split()), most)


def _beginning(text: str, most: int) -> str:
    """As much of a text as may be needed to fill `most`, so that a megabyte costs no more than a page."""
    return text[: 4 * most + 64]


def _fitted(pieces: list[str], most: int, *, cut: bool) -> str:
    whole = "".join(pieces)
    if size(whole) <= most and not cut:
        return whole
    kept: list[str] = []
    room = most - 1
    for piece in pieces:
        room -= size(piece)
        if room < 0:
            break
        kept.append(piece)
    return "".join(kept).rstrip() + _CUT


def code(text: str, most: int = 260) -> str:
    """A code span; "`-`" where there is nothing."""
    return f"`{line(text.replace('`', chr(39)), most) or '-'}`"


def fence(lines: Sequence[str], most_lines: int, most_each: int) -> str:
    """Lines in a code fence, and how many more there are; "" without lines."""
    if not lines:
        return ""
    kept = [mrkdwn(one.replace("\n", " "), most_each) for one in lines[:most_lines]]
    return "\n".join(["```", *kept, *more(len(lines) - len(kept)), "```"])


def more(count: int) -> list[str]:
    """How many are not shown: one line, or none."""
    return [f"… and {count} more"] if count > 0 else []


def mention(user: str) -> str:
    """A mention of a user by id; anything that is no id becomes a code span."""
    return f"<@{user}>" if _USER.fullmatch(user) else code(user, 40)


def link(url: str, label: str) -> str:
    """A link of ours to an https address; only the address in code where it has odd characters."""
    if not _URL.fullmatch(url) or len(url) > 500:
        return code(url, 120) if url else ""
    return f"<{url.replace('&', '&amp;')}|{label}>"


def moment(seconds: float) -> str:
    """A time of day in the reader's own time zone; seconds since 1970."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole % 86400, 3600)
    return f"<!date^{whole}^{{time_secs}}|{hours:02}:{rest // 60:02}:{rest % 60:02} UTC>"


def day(seconds: float, timezone: str = "UTC") -> str:
    """A date and time of day in the reader's own time zone, in that one where Slack does not turn it."""
    there = datetime.fromtimestamp(seconds, ZoneInfo(timezone))
    return f"<!date^{int(seconds)}^{{date_short}} {{time}}|{there:%a} {there.day} {there:%b} {there:%H:%M}>"


def duration(seconds: float) -> str:
    """0.4 s, 38 s, 2 min 4 s."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
