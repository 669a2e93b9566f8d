"""Each thing is asked once a run: the first who asks does the work, the others wait for the same answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Memo:
    """Answers, and errors too, by key, for the length of one run. Safe in many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Hashable, Future[Any]] = {}

    def once(self, key: Hashable, ask: Callable[[], T]) -> T:
        """What `ask` returns or raises, asked at most once for that key."""
        with self._lock:
            future = self._known.get(key)
            mine = future is None
            if future is None:
                future = self._known[key] = Future()
        if mine:
            try:
                future.set_result(ask())
            except BaseException as problem:
                future.set_exception(problem)
                raise
        return cast(T, future.result())

    def replace(self, key: Hashable, value: object) -> None:
        """Let a later reading take the place of an earlier one."""
        future: Future[Any] = Future()
        future.set_result(value)
        with self._lock:
            self._known[key] = future
