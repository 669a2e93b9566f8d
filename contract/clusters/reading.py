"""From the YAML of the clusters file to its values, noting every mistake on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import yaml

from contract import names
from contract.clusters import fields, nodes
from contract.clusters.entries import ClusterEntry, Clusters, Schedule
from contract.clusters.nodes import Mistakes

Fault = Callable[[str], str]

_TEXTS: Mapping[str, Fault] = {
    "eks_name": fields.eks_name_fault,
    "region": fields.region_fault,
    "role_arn": fields.role_fault,
    "change_role_arn": fields.role_fault,
    "external_id": fields.external_id_fault,
    "capture_bucket": fields.bucket_fault,
    "kubeconfig": fields.path_fault,
    "context": fields.path_fault,
}
_LISTS: Mapping[str, Fault] = {
    "app_namespaces": fields.namespace_fault,
    "channels": fields.channel_fault,
    "approvers": fields.approver_fault,
}
_NUMBERS = {"approvals": 1, "capture_approvals": 0}
_CLUSTER_KEYS = (*_TEXTS, "names", *_LISTS, *_NUMBERS, "canary_service")
_KINDS = ("health",)
_WHENS = ("always", "on-change", "weekdays")
_SCHEDULE_TEXTS: Mapping[str, Fault] = {
    "kind": lambda value: "" if value in _KINDS else f"is not {' or '.join(_KINDS)}",
    "at": fields.time_fault,
    "timezone": fields.timezone_fault,
    "channel": fields.channel_fault,
    "when": lambda value: "" if value in _WHENS else f"is not one of {', '.join(_WHENS)}",
}
_SCHEDULE_KEYS = (*_SCHEDULE_TEXTS, "clusters")


def read(text: str, mistakes: Mistakes) -> Clusters:
    """All that the file says, as far as it could be read: worth nothing if there are mistakes."""
    root = nodes.parse(text, mistakes)
    if root is None or nodes.is_empty(root):
        if not mistakes.found:
            mistakes.found.append((1, "the file is empty; it needs `clusters:` with a cluster in it"))
        return Clusters()
    top = nodes.mapping(root, ("clusters", "schedules"), "the file", mistakes)
    clusters = _clusters(root, top.get("clusters"), mistakes)
    return Clusters(MappingProxyType(clusters), _schedules(top.get("schedules"), clusters, mistakes))


def _clusters(root: yaml.Node, node: yaml.Node | None, mistakes: Mistakes) -> dict[str, ClusterEntry]:
    if node is None or nodes.is_empty(node):
        mistakes.add(node or root, "there is no cluster: `clusters:` is missing or empty")
        return {}
    found = nodes.mapping(node, None, "clusters", mistakes)
    if not found and not mistakes.found:
        mistakes.add(node, "there is no cluster: `clusters:` is missing or empty")
    return {name: _cluster(name, entry, mistakes) for name, entry in found.items()}


def _cluster(name: str, node: yaml.Node, mistakes: Mistakes) -> ClusterEntry:
    what = f"cluster {name[:100]}"
    if fault := fields.cluster_fault(name):
        mistakes.add(node, f"{name[:100]!r} {fault}")
    found = nodes.mapping(node, _CLUSTER_KEYS, what, mistakes)
    values: dict[str, Any] = {"name": name, "eks_name": name}
    for key, value in found.items():
        label = f"{what}: {key}"
        if key in _TEXTS:
            values[key] = _checked(value, _TEXTS[key], label, mistakes)
        elif key in _LISTS:
            values[key] = _list(value, _LISTS[key], label, mistakes)
        elif key in _NUMBERS:
            values[key] = nodes.number(value, _NUMBERS[key], label, mistakes)
        elif key == "canary_service":
            values[key] = nodes.boolean(value, label, mistakes)
        else:
            values |= _names(value, label, mistakes)
    entry = ClusterEntry(**values)
    if isinstance(node, yaml.MappingNode):
        _check_whole(entry, node, found, mistakes)
    return entry


def _names(node: yaml.Node, what: str, mistakes: Mistakes) -> dict[str, str]:
    found = nodes.mapping(node, ("internal", "external"), what, mistakes)
    return {
        f"names_{key}": _checked(value, names.domain_fault, f"{what}: {key}", mistakes) for key, value in found.items()
    }


def _check_whole(entry: ClusterEntry, node: yaml.Node, found: Mapping[str, yaml.Node], mistakes: Mistakes) -> None:
    """The rules between fields."""
    what = f"cluster {entry.name[:100]}"
    if not entry.kubeconfig and "region" not in found:
        mistakes.add(node, f"{what} needs a region, or a kubeconfig where it is not reached through EKS")
    if entry.context and not entry.kubeconfig:
        mistakes.add(found["context"], f"{what}: context has a meaning only with a kubeconfig")
    for key in ("role_arn", "change_role_arn"):
        partition = getattr(entry, key).split(":")[1:2]
        if entry.region and partition and partition[0] != fields.partition_of(entry.region):
            mistakes.add(found[key], f"{what}: {key} is of partition {partition[0]}, but not region {entry.region}")
    people = entry.approvers and not any(approver.startswith("S") for approver in entry.approvers)
    for key, asked in (("approvals", entry.approvals), ("capture_approvals", entry.capture_approvals)):
        if key in found and people and asked > len(entry.approvers):
            mistakes.add(found[key], f"{what}: {key} asks for {asked} people, approvers lists {len(entry.approvers)}")


def _schedules(
    node: yaml.Node | None, clusters: Mapping[str, ClusterEntry], mistakes: Mistakes
) -> tuple[Schedule, ...]:
    if node is None or nodes.is_empty(node):
        return ()
    items = nodes.sequence(node, "schedules", mistakes)
    return tuple(_schedule(number, item, clusters, mistakes) for number, item in enumerate(items, 1))


def _schedule(number: int, node: yaml.Node, clusters: Mapping[str, ClusterEntry], mistakes: Mistakes) -> Schedule:
    what = f"schedule {number}"
    found = nodes.mapping(node, _SCHEDULE_KEYS, what, mistakes)
    values: dict[str, Any] = dict.fromkeys(("kind", "at", "timezone", "channel"), "")
    for key in ("kind", "at", "timezone", "channel"):
        if key not in found and isinstance(node, yaml.MappingNode):
            mistakes.add(node, f"{what} needs {key}")
    for key, value in found.items():
        if key in _SCHEDULE_TEXTS:
            values[key] = _checked(value, _SCHEDULE_TEXTS[key], f"{what}: {key}", mistakes)
    if "clusters" in found:
        values["clusters"] = _chosen(found["clusters"], clusters, f"{what}: clusters", mistakes)
    return Schedule(**values)


def _chosen(node: yaml.Node, clusters: Mapping[str, ClusterEntry], what: str, mistakes: Mistakes) -> tuple[str, ...]:
    """The clusters of a schedule: `all` (as an empty tuple), or a list of their names."""
    if isinstance(node, yaml.ScalarNode) and node.value == "all":
        return ()

    def fault(name: str) -> str:
        return "" if name in clusters else f"is no cluster of this file{nodes.meant(name, clusters)}"

    return _list(node, fault, what, mistakes)


def _checked(node: yaml.Node, fault: Fault, what: str, mistakes: Mistakes) -> str:
    value = nodes.text(node, what, mistakes)
    if value and (wrong := fault(value)):
        mistakes.add(node, f"{what}: {value[:120]!r} {wrong}")
    return value


def _list(node: yaml.Node, fault: Fault, what: str, mistakes: Mistakes) -> tuple[str, ...]:
    before = len(mistakes.found)
    values = [_checked(item, fault, what, mistakes) for item in nodes.sequence(node, what, mistakes)]
    if not values and len(mistakes.found) == before:
        mistakes.add(node, f"{what} is an empty list; leave it out instead")
    repeated = {value for value in values if value and values.count(value) > 1}
    for value in sorted(repeated):
        mistakes.add(node, f"{what}: {value[:120]!r} is listed twice")
    return tuple(values)
