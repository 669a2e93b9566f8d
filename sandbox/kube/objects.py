"""The objects of the pretend cluster: kept, listed by label, made, patched and deleted as an API server does it."""

from __future__ import annotations

import copy
import itertools
import re
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from .kinds import KINDS, Kind

Object = dict[str, Any]
Key = tuple[str, str]


class Conflict(Exception):
    """The object is there already, or is no longer the one that was meant."""


class Objects:
    """All objects by kind, namespace and name. Safe in many threads; what comes out is the caller's own copy."""

    def __init__(self, objects: Iterable[Mapping[str, Any]], kinds: Iterable[Kind] = ()) -> None:
        self.kinds = (*KINDS, *kinds)
        self._by_kind = {(kind.group, kind.kind): kind for kind in self.kinds}
        self._lock = threading.RLock()
        self._held: dict[tuple[str, str], dict[Key, Object]] = {(k.group, k.plural): {} for k in self.kinds}
        self._versions = itertools.count(100_000)
        for one in objects:
            self.put(copy.deepcopy(dict(one)))

    def kind(self, group: str, version: str, plural: str) -> Kind | None:
        """The kind of that path, where the server knows it."""
        found = (k for k in self.kinds if (k.group, k.version, k.plural) == (group, version, plural))
        return next(found, None)

    def kind_of(self, one: Mapping[str, Any]) -> Kind:
        """The kind of an object by its own word. Raises KeyError where nobody knows it."""
        return self._by_kind[str(one.get("apiVersion", "")).rpartition("/")[0], str(one.get("kind"))]

    @property
    def version(self) -> str:
        """A resourceVersion newer than all before."""
        return str(next(self._versions))

    def put(self, one: Object) -> Object:
        """Keep ONE in the place of whatever was there: for worlds and tests, past all rules."""
        kind = self.kind_of(one)
        meta = one.setdefault("metadata", {})
        with self._lock:
            meta.setdefault("uid", str(uuid.uuid4()))
            meta["resourceVersion"] = self.version
            meta.setdefault("creationTimestamp", now())
            self._held[kind.group, kind.plural][meta.get("namespace", ""), meta["name"]] = one
            return copy.deepcopy(one)

    def drop(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """Take an object away; None where it is not there."""
        with self._lock:
            return self._held[kind.group, kind.plural].pop((namespace, name), None)

    def get(self, kind: Kind, namespace: str, name: str) -> Object | None:
        """One object."""
        with self._lock:
            return copy.deepcopy(self._held[kind.group, kind.plural].get((namespace, name)))

    def select(self, kind: Kind, namespace: str = "", labels: str = "") -> list[Object]:
        """The objects of a namespace (of all where empty) by label selector, in the order of their names."""
        with self._lock:
            held = sorted(self._held[kind.group, kind.plural].items())
            return [
                copy.deepcopy(one)
                for (where, _), one in held
                if (not namespace or where == namespace) and selects(labels, one["metadata"].get("labels") or {})
            ]

    def all(self, kind: str) -> list[Object]:
        """Every object of the kind of that name, such as `Pod`."""
        return [one for k in self.kinds if k.kind == kind for one in self.select(k)]

    def every(self, kind: str) -> tuple[Mapping[str, Any], ...]:
        """The same, to be looked at only: not copied, as it is asked for with every request."""
        with self._lock:
            return tuple(one for k in self.kinds if k.kind == kind for one in self._held[k.group, k.plural].values())

    def create(self, kind: Kind, one: Object) -> Object:
        """Keep a new object. Raises Conflict where its name is taken."""
        with self._lock:
            meta = one["metadata"]
            if (meta.get("namespace", ""), meta["name"]) in self._held[kind.group, kind.plural]:
                raise Conflict(f'{qualified(kind)} "{meta["name"]}" already exists')
            for key in ("uid", "creationTimestamp", "resourceVersion"):
                meta.pop(key, None)
            return self.put(one)

    def patch(self, kind: Kind, namespace: str, name: str, patch: Mapping[str, Any], *, strategic: bool) -> Object:
        """Merge PATCH into an object. Raises KeyError where it is not there, Conflict on another resourceVersion."""
        with self._lock:
            held = self._held[kind.group, kind.plural][namespace, name]
            wanted = (patch.get("metadata") or {}).get("resourceVersion")
            if wanted and wanted != held["metadata"]["resourceVersion"]:
                raise Conflict(
                    f'Operation cannot be fulfilled on {qualified(kind)} "{name}": the object has been modified; '
                    "please apply your changes to the latest version and try again"
                )
            changed = merged(held, patch, strategic=strategic)
            if changed.get("spec") != held.get("spec") and "generation" in changed["metadata"]:
                changed["metadata"]["generation"] += 1
            return self.put(changed)

    def update(self, kind: Kind, namespace: str, name: str, change: Callable[[Object], None]) -> None:
        """Let CHANGE write to an object, if it is still there, with nobody in between."""
        with self._lock:
            held = self._held[kind.group, kind.plural].get((namespace, name))
            if held is not None:
                change(held)
                held["metadata"]["resourceVersion"] = self.version


def running(pod: Mapping[str, Any]) -> frozenset[str]:
    """The containers of a pod that run, as its status has it: all of one that runs and says nothing of them."""
    status = pod.get("status") or {}
    if status.get("phase") != "Running":
        return frozenset()
    states = {one["name"]: one.get("state") or {} for one in status.get("containerStatuses") or ()}
    return frozenset(
        c["name"] for c in pod["spec"]["containers"] if "running" in states.get(c["name"], {"running": {}})
    )


def qualified(kind: Kind) -> str:
    """As messages name a kind: `deployments.apps`."""
    return f"{kind.plural}.{kind.group}" if kind.group else kind.plural


def now() -> str:
    """The present moment as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def merged(held: Any, patch: Any, *, strategic: bool) -> Any:
    """HELD with PATCH merged in (RFC 7396); strategic: lists of named things are merged by name."""
    if strategic and isinstance(held, list) and isinstance(patch, list) and _named(held) and _named(patch):
        by_name = {one["name"]: one for one in held}
        for one in patch:
            by_name[one["name"]] = merged(by_name.get(one["name"], {}), one, strategic=True)
        return list(by_name.values())
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    result = dict(held) if isinstance(held, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key, [] if isinstance(value, list) else {}), value, strategic=strategic)
    return result


def _named(some: list[Any]) -> bool:
    return all(isinstance(one, Mapping) and "name" in one for one in some)


_TERM = re.compile(r"(?P<key>[^\s=!,()]+)\s+(?P<op>in|notin)\s+\((?P<values>[^)]*)\)|(?P<rest>[^,]+)")


def selects(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether a label selector, as it stands in a query, selects LABELS."""
    return all(_holds(term, labels) for term in _terms(selector))


def _terms(selector: str) -> Iterator[re.Match[str]]:
    return (term for term in _TERM.finditer(selector) if term.group(0).strip())


def _holds(term: re.Match[str], labels: Mapping[str, str]) -> bool:
    if term["key"]:
        values = [value.strip() for value in term["values"].split(",")]
        return (labels.get(term["key"]) in values) is (term["op"] == "in")
    text = term["rest"].strip()
    if "!=" in text:
        key, _, value = text.partition("!=")
        return labels.get(key.strip()) != value.strip()
    if "=" in text:
        key, _, value = text.replace("==", "=").partition("=")
        return labels.get(key.strip()) == value.strip()
    return text.removeprefix("!") not in labels if text.startswith("!") else text in labels
