"""Small steps from one world to another: find an object, take one away, change it, write a log."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .recording import ago
from .world import Object

Objects = tuple[Object, ...]


def one(objects: Iterable[Object], kind: str, name: str) -> Object:
    """The first object of that kind whose name begins with NAME. Raises StopIteration where there is none."""
    return next(o for o in objects if o["kind"] == kind and o["metadata"]["name"].startswith(name))


def without(objects: Iterable[Object], kind: str, name: str) -> Objects:
    """All but those of that kind whose name begins with NAME."""
    return tuple(o for o in objects if not (o["kind"] == kind and o["metadata"]["name"].startswith(name)))


def changed(objects: Iterable[Object], kind: str, name: str, change: Callable[[Any], None]) -> Objects:
    """All, those of that kind whose name begins with NAME as copies that CHANGE wrote to."""
    return tuple(_changed(objects, kind, name, change))


def _changed(objects: Iterable[Object], kind: str, name: str, change: Callable[[Any], None]) -> Iterator[Object]:
    for each in objects:
        if each["kind"] == kind and each["metadata"]["name"].startswith(name):
            copied = copy.deepcopy(each)
            change(copied)
            yield copied
        else:
            yield each


def log(lines: Iterable[tuple[float, str]]) -> str:
    """A container's log of lines that were written so many seconds ago. `{klog}` in a line is klog's own time."""
    return "".join(f"{_stamp(at)} {line.replace('{klog}', _klog(at))}\n" for at, line in lines)


def _stamp(at: float) -> str:
    return ago(at).replace("Z", ".120394871Z")


def _klog(at: float) -> str:
    day, _, clock = ago(at).rstrip("Z").partition("T")
    return f"{day[5:7]}{day[8:10]} {clock}.120381"
