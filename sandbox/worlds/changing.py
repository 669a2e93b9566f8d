"""Small steps from one world to another: find an object, take one away, change it, write a log or an event."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from .recording import ago
from .world import Object

Objects = tuple[Object, ...]


def one(objects: Iterable[Object], kind: str, name: str) -> Object:
    """The first object of that kind whose name begins with NAME. Raises StopIteration where there is none."""
    return next(o for o in objects if _is(o, kind, name))


def every(objects: Iterable[Object], kind: str, name: str) -> Objects:
    """All of that kind whose name begins with NAME."""
    return tuple(o for o in objects if _is(o, kind, name))


def without(objects: Iterable[Object], kind: str, name: str) -> Objects:
    """All but those of that kind whose name begins with NAME."""
    return tuple(o for o in objects if not _is(o, kind, name))


def changed(objects: Iterable[Object], kind: str, name: str, change: Callable[[Any], None]) -> Objects:
    """All, those of that kind whose name begins with NAME as copies that CHANGE wrote to."""
    return tuple(_changed(objects, kind, name, change))


def _changed(objects: Iterable[Object], kind: str, name: str, change: Callable[[Any], None]) -> Iterator[Object]:
    for each in objects:
        if _is(each, kind, name):
            copied = copy.deepcopy(each)
            change(copied)
            yield copied
        else:
            yield each


def _is(one: Object, kind: str, name: str) -> bool:
    return bool(one["kind"] == kind and one["metadata"]["name"].startswith(name))


def log(lines: Iterable[tuple[float, str]]) -> str:
    """A container's log of lines that were written so many seconds ago. `{klog}` in a line is klog's own time."""
    return "".join(f"{_stamp(at)} {line.replace('{klog}', _klog(at))}\n" for at, line in lines)


def _stamp(at: float) -> str:
    return ago(at).replace("Z", ".120394871Z")


def _klog(at: float) -> str:
    day, _, clock = ago(at).rstrip("Z").partition("T")
    return f"{day[5:7]}{day[8:10]} {clock}.120381"


def logged(
    logs: Mapping[str, str],
    objects: Iterable[Object],
    container: str,
    lines: Callable[[Object], Iterable[tuple[float, str]]],
) -> dict[str, str]:
    """LOGS with those of every container of that name written anew, by its pod; those of pods that are gone are gone."""
    kept = {key: text for key, text in logs.items() if key.split("/")[2] != container}
    for pod in objects:
        if pod["kind"] == "Pod" and any(c["name"] == container for c in pod["spec"]["containers"]):
            key = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}/{container}"
            kept[key] = log(lines(pod))
            if any(one.get("restartCount") for one in pod["status"].get("containerStatuses") or ()):
                kept[f"{key}/previous"] = kept[key]
    return {key: text for key, text in kept.items() if text}


def event(about: Object, seconds: float, reason: str, message: str, *, count: int = 1, by: str = "kubelet") -> Object:
    """What BY said of an object, last so many seconds ago. The kubelet says it of a pod on its node, or of the node."""
    meta, home = about["metadata"], about["metadata"].get("namespace", "")
    digest = hashlib.sha256(f"{reason}{message}{meta['name']}".encode()).hexdigest()[:16]
    source = {"component": by}
    if by == "kubelet":
        source["host"] = about["spec"].get("nodeName", meta["name"])
    return {
        "apiVersion": "v1", "kind": "Event", "reason": reason, "message": message, "count": count, "source": source,
        "type": "Normal" if reason in _NORMAL else "Warning",
        "firstTimestamp": ago(seconds + 30 * (count - 1)), "lastTimestamp": ago(seconds),
        "metadata": {"namespace": home or "default", "name": f"{meta['name']}.{digest}"},
        "involvedObject": {
            "apiVersion": about["apiVersion"], "kind": about["kind"], "name": meta["name"],
            "namespace": home, "uid": meta.get("uid", meta["name"]),
        },
    }  # fmt: skip


_NORMAL = ("Scheduled", "Pulling", "Pulled", "Created", "Started", "Killing")


def backing_off(objects: Iterable[Object], name: str, seconds: float, *, count: int) -> Objects:
    """Of the pods whose name begins with NAME: the kubelet waits before it starts their container again."""
    return tuple(_backs_off(pod, seconds, count) for pod in every(objects, "Pod", name))


def _backs_off(pod: Object, seconds: float, count: int) -> Object:
    meta, container = pod["metadata"], pod["spec"]["containers"][0]["name"]
    where = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
    message = f"Back-off restarting failed container {container} in pod {where}"
    return event(pod, seconds, "BackOff", message, count=count)


def edited_corefile(objects: Iterable[Object], old: str, new: str, seconds: float) -> Objects:
    """OLD in the Corefile replaced with NEW, by hand, so many seconds ago."""

    def change(one: Any) -> None:
        one["data"]["Corefile"] = one["data"]["Corefile"].replace(old, new)
        written = one["metadata"]["managedFields"]
        for entry in written:  # who else wrote it owns it no longer
            entry["fieldsV1"]["f:data"].pop("f:Corefile", None)
        written.append({
            "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:Corefile": {}}},
            "manager": "kubectl-edit", "operation": "Update", "time": ago(seconds),
        })  # fmt: skip

    return changed(objects, "ConfigMap", "coredns", change)


def rolled_out(objects: Iterable[Object], name: str, template_hash: str, change: Callable[[Any], None]) -> Objects:
    """The Deployment NAME with a template that CHANGE wrote to, its pods and their ReplicaSet of that template."""
    return tuple(_rolled_out(objects, name, template_hash, change))


def _rolled_out(
    objects: Iterable[Object], name: str, template_hash: str, change: Callable[[Any], None]
) -> Iterator[Object]:
    for one in objects:
        kind, meta = one["kind"], one["metadata"]
        if kind == "Deployment" and meta["name"] == name:
            made = copy.deepcopy(one)
            made["metadata"]["generation"] += 1
            made["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = "2"
            change(made["spec"]["template"]["spec"])
            yield made
        elif kind in ("ReplicaSet", "Pod") and meta["name"].startswith(f"{name}-"):
            made = json.loads(json.dumps(one).replace(meta["labels"]["pod-template-hash"], template_hash))
            change(made["spec"] if kind == "Pod" else made["spec"]["template"]["spec"])
            yield made
        else:
            yield one


def upstream_silent(
    pod: Object, servers: Sequence[str], asked: str, first: float, every: float = 31.0
) -> Iterator[tuple[float, str]]:
    """What a CoreDNS pod says again and again, since FIRST seconds ago, where none of these servers answers ASKED."""
    for number in range(int((first - 3) // every) + 1):
        way = f"{pod['status']['podIP']}:{37003 + number}->{servers[number % len(servers)]}:53"
        yield first - number * every, f"[ERROR] plugin/errors: 2 {asked}. A: read udp {way}: i/o timeout"


RECORDED = (
    "8a7d59126e7f114ab49c6d2613be93d8ef7d408af8ee61a710210843dc409f03"
    "133727e38f64469d9bb180f396c84ebf48a42bde3b3769730865ca9df5eb281c"
)
"""CoreDNS' fingerprint of the Corefile of the recording."""


def coredns_starts(at: float, fingerprint: str = RECORDED) -> Iterator[tuple[float, str]]:
    """What CoreDNS says as it starts with a Corefile of that fingerprint."""
    yield at, "maxprocs: Leaving GOMAXPROCS=2: CPU quota undefined"
    yield at - 0.1, ".:53"
    yield at - 0.1, f"[INFO] plugin/reload: Running configuration SHA512 = {fingerprint}"
    yield at - 0.1, "CoreDNS-1.12.4"
    yield at - 0.1, "linux/amd64, go1.26.8, "
