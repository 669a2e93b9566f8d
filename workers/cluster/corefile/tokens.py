"""The words of a Corefile, split as CoreDNS splits them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

BOM = "\ufeff"
# What Go's unicode.IsSpace accepts, without the carriage return: that one is skipped and ends no word.
_BREAK = "\t\n\v\f \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_WORD = re.compile(
    rf"""
    (?P<gap>[\r{_BREAK}]+)
  | (?P<comment>\#[^\n]*)
  | "(?P<quoted>(?:[^"\\]|\\.)*+)(?:(?P<close>")|\\?\Z)
  | (?P<plain>[^{_BREAK}\#"][^{_BREAK}\#]*)(?:\#[^{_BREAK}]*)?
    """,
    re.VERBOSE | re.DOTALL,
)
MAX_REPLACEMENTS = 1000


class CorefileError(Exception):
    """A Corefile that CoreDNS cannot parse. message: as CoreDNS says it. line: counted from 1, 0 where none is to blame."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"line {line}: {message}" if line else message)
        self.message, self.line = message, line


class MissingFile(CorefileError):
    """The Corefile imports a file whose text is not known here: CoreDNS itself may well have it."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word. line: of its first character. file: empty for the Corefile itself, else the imported file's path."""

    text: str
    line: int
    file: str = ""

    @property
    def last_line(self) -> int:
        """The line of its last character: a quoted word may span several."""
        return self.line + self.text.count("\n")


def split(text: str, file: str = "") -> list[Token]:
    """The words of TEXT in order. Comments are dropped; a quoted word loses its quotes. Takes any text."""
    text = text.removeprefix(BOM)
    found: list[Token] = []
    line = 1
    for match in _WORD.finditer(text):
        kind = match.lastgroup
        if kind == "plain":
            word = match["plain"].replace("\r", "")
            if word:
                found.append(Token(word, line, file))
        elif match["quoted"] is not None and (match["quoted"] or match["close"]):
            found.append(Token(match["quoted"].replace('\\"', '"'), line, file))
        line += match[0].count("\n")
    return found


def starts_line(before: Token | None, token: Token) -> bool:
    """Whether TOKEN is the first of its line, as CoreDNS sees it."""
    return before is None or before.file != token.file or before.last_line < token.line


def filled_in(text: str, environment: Mapping[str, str]) -> str:
    """TEXT with `{%NAME%}` and `{$NAME}` replaced by the environment's values, an unknown one by nothing."""
    for start, end in (("{%", "%}"), ("{$", "}")):
        for _ in range(MAX_REPLACEMENTS):
            at, stop = text.find(start), text.find(end)
            if at < 0 or stop < at:
                break
            reference = text[at : stop + len(end)]
            text = text.replace(reference, environment.get(reference[len(start) : -len(end)], ""))
    return text
