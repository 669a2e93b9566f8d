"""Which packets the NetworkPolicies of the pretend cluster let pass, as the VPC CNI enforces them in standard mode."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .objects import Objects

Pod = Mapping[str, Any]
Part = Mapping[str, Any]
UNHELD = 60.0
"""Seconds for which a new pod is open: in standard mode the node's agent learns of it only after it has started."""


class Policies:
    """The policies of a cluster at one moment. Pods in a node's network meet none, and neither do those just made."""

    def __init__(self, objects: Objects) -> None:
        self._policies = list(objects.every("NetworkPolicy"))
        self._pods = [pod for pod in objects.every("Pod") if not pod["spec"].get("hostNetwork")]
        self._since = datetime.now(UTC) - timedelta(seconds=UNHELD)
        self._labels = {
            one["metadata"]["name"]: {
                "kubernetes.io/metadata.name": one["metadata"]["name"],
                **(one["metadata"].get("labels") or {}),
            }
            for one in objects.every("Namespace")
        }

    def let(self, asker: str, address: str, transport: str, port: int) -> bool:
        """Whether the pod ASKER (NAMESPACE/NAME) may ask ADDRESS, after a Service's rules."""
        if not self._policies:
            return True
        client = self._pod(lambda pod: asker == f"{pod['metadata']['namespace']}/{pod['metadata']['name']}")
        server = self._pod(lambda pod: _address(pod) == address)
        return self._open(client, "egress", address, server, transport, port) and self._open(
            server, "ingress", _address(client), client, transport, port
        )

    def _pod(self, fits: Callable[[Pod], bool]) -> Pod | None:
        return next((pod for pod in self._pods if fits(pod)), None)

    def _open(self, own: Pod | None, way: str, address: str, other: Pod | None, transport: str, port: int) -> bool:
        """Whether the policies that select OWN for this way let the other end through; without any it is open."""
        chosen = [policy for policy in self._policies if own is not None and self._chooses(policy, own, way)]
        return not chosen or any(
            _ports(rule, transport, port) and self._peers(rule, policy["metadata"]["namespace"], address, other)
            for policy in chosen
            for rule in policy["spec"].get(way) or ()
        )

    def _chooses(self, policy: Part, pod: Pod, way: str) -> bool:
        meta, spec = pod["metadata"], policy["spec"]
        types = spec.get("policyTypes") or ("Ingress", *(("Egress",) if spec.get("egress") else ()))
        return (
            policy["metadata"]["namespace"] == meta["namespace"]
            and way.capitalize() in types
            and chosen_by(spec.get("podSelector"), meta.get("labels") or {})
            and datetime.fromisoformat(meta["creationTimestamp"]) < self._since
        )

    def _peers(self, rule: Part, home: str, address: str, other: Pod | None) -> bool:
        peers = rule.get("to") or rule.get("from") or ()
        return not peers or any(self._is_peer(peer, home, address, other) for peer in peers)

    def _is_peer(self, peer: Part, home: str, address: str, other: Pod | None) -> bool:
        if "ipBlock" in peer:
            return bool(address) and _in_block(peer["ipBlock"], address)
        if other is None:
            return False
        namespace = other["metadata"]["namespace"]
        if "namespaceSelector" not in peer and namespace != home:
            return False
        return chosen_by(peer.get("namespaceSelector"), self._labels.get(namespace, {})) and chosen_by(
            peer.get("podSelector"), other["metadata"].get("labels") or {}
        )


def _address(pod: Pod | None) -> str:
    return str(((pod or {}).get("status") or {}).get("podIP") or "")


def _ports(rule: Part, transport: str, port: int) -> bool:
    """Ports by number: no world gives them by name."""
    ports = rule.get("ports") or ()
    return not ports or any(
        str(one.get("protocol", "TCP")).lower() == transport
        and int(one.get("port", 0)) <= port <= int(one.get("endPort", one.get("port", 65535)))
        for one in ports
    )


def _in_block(block: Part, address: str) -> bool:
    blocks = [block["cidr"]], block.get("except") or ()
    inside, left_out = (any(ipaddress.ip_address(address) in ipaddress.ip_network(b) for b in some) for some in blocks)
    return inside and not left_out


def chosen_by(selector: Part | None, labels: Mapping[str, str]) -> bool:
    """Whether a LabelSelector chooses LABELS; an empty one, or none, chooses all."""
    wanted = ((selector or {}).get("matchLabels") or {}).items()
    expressions = (selector or {}).get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted) and all(
        _expressed(one, labels) for one in expressions
    )


def _expressed(one: Part, labels: Mapping[str, str]) -> bool:
    key, values = one["key"], one.get("values") or ()
    ways = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return ways[one["operator"]]
