"""Server blocks of a Corefile: which words belong to which directive, as CoreDNS' own parser decides it."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .tokens import CorefileError, MissingFile, Token, filled_in, split, starts_line

PATH = "/etc/coredns/Corefile"
MAX_IMPORTS = 1000
MAX_TOKENS = 500_000


@dataclass(slots=True)
class RawBlock:
    """A server block: its keys, and each directive with all its words (the directive's own word first)."""

    keys: list[str] = field(default_factory=list)
    directives: list[tuple[str, list[Token]]] = field(default_factory=list)
    line: int = 0


def grouped(text: str, files: Mapping[str, str], environment: Mapping[str, str]) -> list[RawBlock]:
    """The server blocks of TEXT in order. files: path -> text of what it may import. Raises CorefileError."""
    return _Grouping(split(text), files, environment).blocks()


class _Grouping:
    """The walk over the words; imports replace themselves by what they import while it goes on."""

    def __init__(self, tokens: list[Token], files: Mapping[str, str], environment: Mapping[str, str]) -> None:
        self._tokens, self._files, self._environment = tokens, files, environment
        self._at = 0
        self._snippets: dict[str, list[Token]] = {}
        self._imports = 0

    def blocks(self) -> list[RawBlock]:
        found: list[RawBlock] = []
        while self._at < len(self._tokens):
            block = self._block()
            if block.keys:
                found.append(block)
        return found

    def _block(self) -> RawBlock:
        block = RawBlock(line=self._tokens[self._at].line)
        self._read_keys(block)
        if self._at >= len(self._tokens):
            return block
        if len(block.keys) == 1 and block.keys[0].startswith("(") and block.keys[0].endswith(")"):
            self._define(block.keys[0][1:-1])
            return RawBlock()
        braced = self._tokens[self._at].text == "{"
        if braced:
            self._at += 1
        closed = self._read_directives(block)
        if braced and not closed:
            raise CorefileError("Unexpected EOF: a '}' is missing", block.line)
        return block

    def _read_keys(self, block: RawBlock) -> None:
        another = False
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            word = filled_in(token.text, self._environment)
            if word == "import" and self._starts_line(self._at):
                self._import()
                continue
            if word == "{":
                if another:
                    raise CorefileError("Expected another address but had '{' - check for extra comma", token.line)
                return
            if word:
                another = word.endswith(",")
                block.keys.append(word.removesuffix(","))
            self._at += 1
            if not another and self._at < len(self._tokens) and self._starts_line(self._at):
                return
        if another:
            raise CorefileError("Unexpected EOF", self._last_line)

    def _define(self, name: str) -> None:
        if name in self._snippets:
            raise CorefileError(f"redeclaration of previously declared snippet {name}", self._tokens[self._at].line)
        opening = self._tokens[self._at]
        if opening.text != "{":
            raise CorefileError(f"Syntax error: Unexpected token '{opening.text}', expecting '{{'", opening.line)
        depth, start = 1, self._at + 1
        for at in range(start, len(self._tokens)):
            word = self._tokens[at].text
            depth += (word == "{") - (word == "}")
            if not depth:
                self._snippets[name] = self._tokens[start:at]
                self._at = at + 1
                return
        raise CorefileError("Syntax error: Unexpected EOF, expecting '}'", opening.line)

    def _read_directives(self, block: RawBlock) -> bool:
        while self._at < len(self._tokens):
            word = self._tokens[self._at].text
            if word == "}":
                self._at += 1
                return True
            if word == "import":
                self._import()
            else:
                self._read_directive(block)
        return False

    def _read_directive(self, block: RawBlock) -> None:
        first = self._tokens[self._at]
        words = [first]
        depth = 0
        self._at += 1
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token.text == "{":
                depth += 1
            elif not depth and self._starts_line(self._at):
                break
            elif token.text == "}":
                if not depth:
                    raise CorefileError("Unexpected '}' because no matching opening brace", token.line)
                depth -= 1
            words.append(replace(token, text=filled_in(token.text, self._environment)))
            self._at += 1
        if depth:
            raise CorefileError("Unexpected EOF: a '}' is missing", first.line)
        block.directives.append((filled_in(first.text, self._environment), words))

    # Imports

    def _import(self) -> None:
        """Replace `import X` at the present place by the words of X."""
        here = self._tokens[self._at]
        end = self._at + 1
        while end < len(self._tokens) and not self._starts_line(end):
            end += 1
        words = self._tokens[self._at + 1 : end]
        pattern = filled_in(words[0].text, self._environment) if len(words) == 1 else ""
        if not pattern:
            raise CorefileError("import takes one argument: a snippet, a file, or a pattern of files", here.line)
        self._imports += 1
        brought = self._snippets[pattern] if pattern in self._snippets else self._from_files(pattern, here)
        if self._imports > MAX_IMPORTS or len(self._tokens) + len(brought) > MAX_TOKENS:
            raise CorefileError("it imports without end", here.line)
        self._tokens[self._at : end] = brought

    def _from_files(self, pattern: str, here: Token) -> list[Token]:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here.file or PATH), pattern))
        if path.count("*") > 1 or path.count("?") > 1 or ("[" in path and "]" in path):
            raise CorefileError(f"Glob pattern may only contain one wildcard (*), but has others: {path}", here.line)
        found = [name for name in sorted(self._files) if matches(name, path)]
        if not found and not set("*?[]") & set(path):
            raise MissingFile(f"File to import not found: {pattern}", here.line)
        return [token for name in found for token in split(self._files[name], name)]

    def _starts_line(self, at: int) -> bool:
        return starts_line(self._tokens[at - 1] if at else None, self._tokens[at])

    @property
    def _last_line(self) -> int:
        return self._tokens[-1].line if self._tokens else 0


def matches(name: str, pattern: str) -> bool:
    """Whether a path fits; a wildcard does not reach over a slash."""
    return name.count("/") == pattern.count("/") and (name == pattern or fnmatch.fnmatchcase(name, pattern))
