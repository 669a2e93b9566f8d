"""YAML with its line numbers: reads mappings, lists and texts, and collects every mistake instead of stopping at one.

Values are taken as they were written, so that `at: 10:30` is a time and not 630, which YAML 1.1 makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from operator import itemgetter
from typing import Any

import yaml

LARGEST = 1024 * 1024
"""Bytes of a file that are read at most."""

_DEEPEST = 12
_MOST = 10
_NULL = "tag:yaml.org,2002:null"
_BOOLEAN = "tag:yaml.org,2002:bool"
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Mistakes:
    """What is wrong with the file, a line each."""

    name: str
    found: list[tuple[int, str]] = field(default_factory=list)

    def add(self, node: yaml.Node, problem: str) -> None:
        """Note a problem at the line of a node."""
        self.found.append((_line(node.start_mark), problem))

    def lines(self) -> Iterator[str]:
        """The problems in the order of the file."""
        for line, problem in sorted(dict.fromkeys(self.found), key=itemgetter(0)):
            yield f"{self.name} line {line}: {problem}"


def parse(text: str, mistakes: Mistakes) -> yaml.Node | None:
    """The root node, or None (with the mistake noted) where the text is no YAML document or is nested absurdly."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                mistakes.found.append((_line(event.start_mark), "is nested too deeply"))
                return None
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mistakes.found.append(
            (_line(error.problem_mark or error.context_mark), f"is no YAML: {error.problem or error.context}")
        )
    except yaml.YAMLError as error:
        mistakes.found.append((1, f"is no YAML: {str(error).splitlines()[0]}"))
    return None


def is_empty(node: yaml.Node | None) -> bool:
    """Whether nothing was written there."""
    return node is None or (isinstance(node, yaml.ScalarNode) and node.tag == _NULL)


def mapping(node: yaml.Node, known: Iterable[str] | None, what: str, mistakes: Mistakes) -> dict[str, yaml.Node]:
    """The entries of a mapping. Unknown (unless `known` is None) and repeated keys are mistakes and left out."""
    found: dict[str, yaml.Node] = {}
    if not isinstance(node, yaml.MappingNode):
        mistakes.add(node, f"{what} should be written as `key: value` pairs")
        return found
    allowed = None if known is None else tuple(known)
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            mistakes.add(key, f"{what} has a key that is no text")
        elif allowed is not None and key.value not in allowed:
            mistakes.add(key, f"{what} knows no `{_short(key.value)}`{meant(key.value, allowed)}")
        elif key.value in found:
            mistakes.add(key, f"{what} has `{_short(key.value)}` twice")
        else:
            found[key.value] = value
    return found


def sequence(node: yaml.Node, what: str, mistakes: Mistakes) -> list[yaml.Node]:
    """The items of a list."""
    if isinstance(node, yaml.SequenceNode):
        return list(node.value)
    mistakes.add(node, f"{what} should be a list, as in [one, two]")
    return []


def text(node: yaml.Node, what: str, mistakes: Mistakes) -> str:
    """A text as it was written, "" (and a mistake) where there is none."""
    if isinstance(node, yaml.ScalarNode) and node.tag != _NULL and node.value.strip():
        return str(node.value).strip()
    mistakes.add(node, f"{what} is empty" if is_empty(node) else f"{what} should be one text")
    return ""


def number(node: yaml.Node, least: int, what: str, mistakes: Mistakes) -> int:
    """A whole number from `least` to ten; `least` (and a mistake) where there is none."""
    written = node.value if isinstance(node, yaml.ScalarNode) else ""
    if written.isascii() and written.isdigit() and len(written) < 3 and least <= int(written) <= _MOST:
        return int(written)
    mistakes.add(node, f"{what} should be a whole number from {least} to {_MOST}")
    return least


def boolean(node: yaml.Node, what: str, mistakes: Mistakes) -> bool:
    """True or false; false (and a mistake) where it is neither."""
    if isinstance(node, yaml.ScalarNode) and node.tag == _BOOLEAN:
        return node.value.lower() in ("true", "yes", "on")
    mistakes.add(node, f"{what} should be true or false")
    return False


def meant(word: str, known: Iterable[str]) -> str:
    """` (did you mean x?)`, or "" where nothing known is near."""
    near = get_close_matches(word[:100].lower(), tuple(known), n=1, cutoff=0.6)
    return f" (did you mean `{near[0]}`?)" if near else ""


def _line(mark: Any) -> int:
    """The line of a mark, from 1 on; libyaml's marks and Python's share no type."""
    return int(mark.line) + 1 if mark else 1


def _short(word: str) -> str:
    return word if len(word) <= 60 else word[:59] + "…"
