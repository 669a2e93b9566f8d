"""Ways in which an API server may misbehave, each laid on the requests that match a pattern."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One way to misbehave.

    at: a pattern (`list pods kube-system/*`) that a request's words must match: verb, resource with its subresource,
    NAMESPACE/NAME. way: a status (`401`, `503`, …) or one of the names below. after: how many matching requests go well
    first. times: how many then do not (0: all). headers, body: of an answer by status, instead of the usual ones.

    `blackhole` no answer; `trickle` one byte each tenth of a second, `trickle-head` of the headers already; `null-items` a
    list whose items are null; `truncated` half of the JSON; `huge` a body without end, `gzip` a small one that swells;
    `redirect` to another address; `rst` a TCP reset, `lost` one after the work was done; `html` a page with 200;
    `not-json`; `status-200` a Status with 200; `short` fewer bytes than announced; `body` the one below with 200. For
    port-forward: `cut` the stream ends, `silent` it stays without data, `pings` come without end; `upgrade-200` a WebSocket
    answered with 200, `bad-key` with a wrong accept key; `bad-frame` a frame too large.
    """

    at: str
    way: str
    after: int = 0
    times: int = 0
    headers: Sequence[tuple[str, str]] = ()
    body: bytes | None = None


@dataclass(slots=True)
class _Laid:
    trouble: Trouble
    seen: int = 0


@dataclass(slots=True)
class Troubles:
    """What is wrong with a server at the moment. Safe in many threads."""

    _laid: list[_Laid] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def lay(self, *troubles: Trouble) -> None:
        """Misbehave in these ways as well."""
        with self._lock:
            self._laid += [_Laid(trouble) for trouble in troubles]

    def clear(self) -> None:
        """Behave well again."""
        with self._lock:
            self._laid.clear()

    def meets(self, words: str) -> Trouble | None:
        """The trouble that a request of these WORDS runs into."""
        with self._lock:
            met: Trouble | None = None
            for laid in self._laid:
                trouble = laid.trouble
                if fnmatchcase(words, trouble.at):
                    laid.seen += 1
                    past = laid.seen - trouble.after
                    if met is None and past > 0 and (not trouble.times or past <= trouble.times):
                        met = trouble
        return met
