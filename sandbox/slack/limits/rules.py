"""Small rules about JSON values, put together to say what Slack takes and where a value breaks it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sandbox.slack.wire import Json


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that Slack refuses: where (a JSON pointer), what, and the constraint that it breaks."""

    pointer: str
    message: str
    constraint: Json = field(default_factory=dict)

    @property
    def line(self) -> str:
        """As Slack writes it in `errors`."""
        return f"{self.message} [json-pointer:{self.pointer}]"


Rule: TypeAlias = Callable[[Any, str], Iterator[Problem]]
Check: TypeAlias = Callable[[Json, str], Iterator[Problem]]


def string(most: int | None = None, least: int = 1, pattern: str = "") -> Rule:
    """A text of `least` to `most` characters that matches `pattern` as a whole, where one is given."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "must provide a string", {"type": "type", "expected": "string"})
        elif len(value) < least:
            yield Problem(at, f"must be more than {least - 1} characters", {"type": "min_length", "expected": least})
        elif most is not None and len(value) > most:
            yield Problem(at, f"must be less than {most + 1} characters", {"type": "max_length", "expected": most})
        elif pattern and not re.fullmatch(pattern, value):
            yield Problem(at, "does not match the required format", {"type": "regex", "expected": pattern})

    return rule


def boolean(value: Any, at: str) -> Iterator[Problem]:
    """True or false."""
    if not isinstance(value, bool):
        yield Problem(at, "must provide a boolean", {"type": "type", "expected": "boolean"})


def number(low: float | None = None, high: float | None = None) -> Rule:
    """A number from `low` to `high`."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            yield Problem(at, "must provide a number", {"type": "type", "expected": "number"})
        elif low is not None and value < low:
            yield Problem(at, f"must be at least {low}", {"type": "min", "expected": low})
        elif high is not None and value > high:
            yield Problem(at, f"must be at most {high}", {"type": "max", "expected": high})

    return rule


def choice(*values: str) -> Rule:
    """One of these words."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if value not in values:
            yield Problem(at, "must be a valid enum value", {"type": "enum", "expected": list(values)})

    return rule


def array(item: Rule, least: int = 0, most: int | None = None) -> Rule:
    """A list of `least` to `most` values that all keep the rule `item`."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "must provide an array", {"type": "type", "expected": "array"})
            return
        if len(value) < least:
            yield Problem(at, f"no fewer than {least} items allowed", {"type": "min_items", "expected": least})
        if most is not None and len(value) > most:
            yield Problem(at, f"no more than {most} items allowed", {"type": "max_items", "expected": most})
        for index, each in enumerate(value):
            yield from item(each, f"{at}/{index}")

    return rule


def record(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None, *checks: Check) -> Rule:
    """An object with these keys and no others. `checks` look at it as a whole once its parts are sound."""
    known = {**required, **(optional or {})}

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must provide an object", {"type": "type", "expected": "object"})
            return
        problems = [*_missing(value, at, required), *_parts(value, at, known)]
        yield from problems
        if not problems:
            for check in checks:
                yield from check(value, at)

    return rule


def _missing(value: Json, at: str, required: Mapping[str, Rule]) -> Iterator[Problem]:
    for name in required:
        if name not in value:
            yield Problem(f"{at}/{name}", f"missing required field: {name}", {"type": "required"})


def _parts(value: Json, at: str, known: Mapping[str, Rule]) -> Iterator[Problem]:
    for name, each in value.items():
        if name in known:
            yield from known[name](each, f"{at}/{name}")
        elif name != "type":
            yield Problem(f"{at}/{name}", f"invalid additional property: {name}", {"type": "additional_property"})


def tagged(rules: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which of the rules holds for it."""

    def rule(value: Any, at: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(at, "must provide an object", {"type": "type", "expected": "object"})
        elif "type" not in value:
            yield Problem(f"{at}/type", "missing required field: type", {"type": "required"})
        elif not isinstance(value["type"], str) or value["type"] not in rules:
            expected = {"type": "enum", "expected": sorted(rules)}
            yield Problem(f"{at}/type", f"unsupported type: {value['type']}", expected)
        else:
            yield from rules[value["type"]](value, at)

    return rule


def either(*names: str) -> Check:
    """At least one of these keys is there."""

    def check(value: Json, at: str) -> Iterator[Problem]:
        if not any(name in value for name in names):
            yield Problem(at, f"must define one of: {', '.join(names)}", {"type": "one_of", "expected": list(names)})

    return check


def together(name: str, other: str) -> Check:
    """Not both of these keys are true."""

    def check(value: Json, at: str) -> Iterator[Problem]:
        if value.get(name) and value.get(other):
            yield Problem(f"{at}/{name}", f"{name} cannot be set together with {other}", {"type": "exclusive"})

    return check


def needs(name: str, other: str) -> Check:
    """The first key is only true where the second is."""

    def check(value: Json, at: str) -> Iterator[Problem]:
        if value.get(name) and not value.get(other):
            yield Problem(f"{at}/{name}", f"{name} requires {other}", {"type": "requires", "expected": other})

    return check


def unique(inside: str, key: str, message: str) -> Check:
    """No two objects of the list `inside` have the same `key`."""

    def check(value: Json, at: str) -> Iterator[Problem]:
        seen: set[str] = set()
        for index, each in enumerate(value[inside]):
            name = each.get(key)
            if name is not None and name in seen:
                yield Problem(f"{at}/{inside}/{index}/{key}", f"{message}: {name}", {"type": "unique"})
            seen.add(name)

    return check
