"""What can keep dnsmedic from looking, in words that say how to let it look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")
D = TypeVar("D")


class Why(StrEnum):
    """The kind of obstacle; the reason itself is a sentence."""

    FORBIDDEN = "forbidden"
    UNAUTHORIZED = "unauthorized"
    UNREACHABLE = "unreachable"
    OWN_DNS = "own-dns"
    TIMEOUT = "timeout"
    MALFORMED = "malformed"
    LIMIT = "limit"
    OTHER = "other"


class CannotRead(Exception):
    """A source did not answer, refused, or answered nonsense. It is neither a fault of DNS nor the absence of one.

    verb, object: what was tried, as in `list` `pods in kube-system`. reason: a sentence without secrets. grant: the exact
    right that would let it succeed, or "".
    """

    def __init__(self, verb: str, object: str, reason: str, *, grant: str = "", why: Why = Why.OTHER) -> None:  # noqa: A002 - the field's name in the contract
        super().__init__(f"{verb} {object}: {reason}")
        self.verb, self.object, self.reason, self.grant, self.why = verb, object, reason, grant, why

    def __reduce__(self) -> tuple[Callable[..., CannotRead], tuple[str, str, str, str, Why]]:
        return _rebuilt, (self.verb, self.object, self.reason, self.grant, self.why)


def _rebuilt(verb: str, what: str, reason: str, grant: str, why: Why) -> CannotRead:
    return CannotRead(verb, what, reason, grant=grant, why=why)


class DoesNotApply(Exception):
    """The step has no meaning in this cluster, and why: it is skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A part of a check's facts that could not be read, while the rest could."""

    what: str
    reason: str
    grant: str = ""


class Gaps:
    """Collects what could not be read, so that a check still judges what could."""

    def __init__(self) -> None:
        self._seen: list[Gap] = []

    def of(self, read: Callable[[], T], default: D) -> T | D:
        """What `read` returns; where it cannot, `default` and a Gap."""
        try:
            return read()
        except CannotRead as problem:
            gap = Gap(what=f"{problem.verb} {problem.object}", reason=problem.reason, grant=problem.grant)
            if gap not in self._seen:
                self._seen.append(gap)
            return default

    def add(self, what: str, reason: str, grant: str = "") -> None:
        """Note a gap that was found another way."""
        self._seen.append(Gap(what=what, reason=reason, grant=grant))

    def check(self) -> None:
        """Raises CannotRead with the first gap, if there is any: for what cannot be judged without it."""
        for gap in self._seen:
            verb, _, what = gap.what.partition(" ")
            raise CannotRead(verb, what, gap.reason, grant=gap.grant)

    def seen(self) -> tuple[Gap, ...]:
        """All gaps so far."""
        return tuple(self._seen)
