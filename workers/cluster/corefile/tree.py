"""A Corefile as values: server blocks, their zones, and directives with arguments and bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .grouping import RawBlock, grouped
from .tokens import Token, starts_line
from .zones import Zone, zones_of


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a directive's body."""

    words: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Directive:
    """A plugin with its arguments and the lines between its braces. line: of its name.

    glued: its closing brace stands behind the words of its last line, where many plugins take it for an argument.
    """

    name: str
    args: tuple[str, ...] = ()
    body: tuple[Line, ...] = ()
    line: int = 0
    file: str = ""
    glued: bool = False

    def option(self, name: str) -> tuple[str, ...] | None:
        """The arguments of the first body line that begins with NAME, or None."""
        return next((each.words[1:] for each in self.body if each.words[0] == name), None)


@dataclass(frozen=True, slots=True)
class Block:
    """A server block. keys: as written. zones: what they mean; a key that means nothing has none."""

    keys: tuple[str, ...]
    zones: tuple[Zone, ...]
    directives: tuple[Directive, ...]
    line: int

    def all(self, name: str) -> tuple[Directive, ...]:
        """Its directives of that name."""
        return tuple(each for each in self.directives if each.name == name)

    @property
    def is_root(self) -> bool:
        """Whether it answers for every name that no other block answers for."""
        return any(not zone.name for zone in self.zones)


@dataclass(frozen=True, slots=True)
class Corefile:
    """A whole Corefile, imports and snippets resolved."""

    blocks: tuple[Block, ...]


def parse(text: str, files: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None) -> Corefile:
    """TEXT as CoreDNS 1.9 to 1.14 reads it; names of directives are not checked.

    files: path -> text of files that it imports. environment: of the CoreDNS container. Raises CorefileError.
    """
    return Corefile(tuple(_block(each) for each in grouped(text, files or {}, environment or {})))


def _block(raw: RawBlock) -> Block:
    zones = tuple(zone for key in raw.keys for zone in zones_of(key))
    return Block(tuple(raw.keys), zones, tuple(_directive(name, words) for name, words in raw.directives), raw.line)


def _directive(name: str, words: Sequence[Token]) -> Directive:
    """The words of one occurrence: arguments up to the brace, then the lines inside it."""
    opens = next((at for at, token in enumerate(words) if at and token.text == "{"), len(words))
    inside = list(words[opens + 1 :])
    glued = False
    if inside and inside[-1].text == "}":
        closing = inside.pop()
        glued = bool(inside) and not starts_line(inside[-1], closing)
    args = tuple(token.text for token in words[1:opens])
    return Directive(name, args, _lines(inside), words[0].line, words[0].file, glued)


def _lines(words: Sequence[Token]) -> tuple[Line, ...]:
    found: list[list[Token]] = []
    before: Token | None = None
    for token in words:
        if starts_line(before, token):
            found.append([])
        found[-1].append(token)
        before = token
    return tuple(Line(tuple(token.text for token in line), line[0].line) for line in found)
