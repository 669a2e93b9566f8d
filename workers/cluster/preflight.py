"""Every right that the checks use, each asked of the API server: whether this identity may do it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from .grants import Resource
from .kube import Api

SYSTEM, OWN = "kube-system", "dnsmedic"
READ, APP, PROBE = "dnsmedic-read", "dnsmedic-app-read", "dnsmedic-probe"
AT_ONCE = 6

_REVIEWS = Resource(verb="create", resource="selfsubjectaccessreviews", group="authorization.k8s.io")
_CONFIG_MAPS = ("coredns", "coredns-custom", "coredns-autoscaler", "kube-proxy", "kube-proxy-config", "node-local-dns")
_RBAC = "rbac.authorization.k8s.io"

# Verbs, API group, resource with its subresource, names.
_Rule = tuple[str, str, str, tuple[str, ...]]
_IN_SYSTEM: tuple[_Rule, ...] = (
    ("get", "", "services", ("kube-dns",)),
    ("list", "discovery.k8s.io", "endpointslices", ()),
    ("get list", "", "pods", ()),
    ("get", "", "pods/log", ()),
    ("list", "", "events", ()),
    ("get", "", "configmaps", _CONFIG_MAPS),
    ("get", "apps", "deployments", ("coredns",)),
    ("list", "apps", "replicasets", ()),
    ("get", "apps", "daemonsets", ("kube-proxy", "aws-node", "node-local-dns")),
    ("list", "policy", "poddisruptionbudgets", ()),
    ("list", "autoscaling", "horizontalpodautoscalers", ()),
    ("list", "networking.k8s.io", "networkpolicies", ()),
    ("get create", "", "pods/portforward", ()),
)
_IN_DEFAULT: tuple[_Rule, ...] = (("list", "", "events", ()),)
_EVERYWHERE: tuple[_Rule, ...] = (
    ("get list", "", "nodes", ()),
    ("get list", "", "namespaces", ()),
    ("create", "authorization.k8s.io", "subjectaccessreviews", ()),
    ("get", _RBAC, "clusterroles", ("system:coredns", "system:node-proxier")),
    ("get", _RBAC, "clusterrolebindings", ("system:coredns", "eks:kube-proxy")),
    ("list", "vpcresources.k8s.aws", "securitygrouppolicies", ()),
    ("list", "networking.k8s.aws", "applicationnetworkpolicies", ()),
    ("list", "networking.k8s.aws", "clusternetworkpolicies", ()),
    ("list", "eks.amazonaws.com", "nodeclasses", ()),
)
_IN_APPS: tuple[_Rule, ...] = (
    ("get list", "", "pods", ()),
    ("get list", "", "services", ()),
    ("list", "discovery.k8s.io", "endpointslices", ()),
    ("list", "networking.k8s.io", "networkpolicies", ()),
    ("list", "", "events", ()),
    *(("get", "apps", kind, ()) for kind in ("deployments", "replicasets", "statefulsets", "daemonsets")),
)
_IN_OWN: tuple[_Rule, ...] = (
    ("create get list delete", "", "pods", ()),
    ("get", "", "pods/log", ()),
)


def needed(app_namespaces: tuple[str, ...]) -> tuple[Resource, ...]:
    """Every right that the checks use in a cluster, the applications' namespaces being these."""
    found = [*_each(_IN_SYSTEM, SYSTEM, READ), *_each(_IN_DEFAULT, "default", READ), *_each(_EVERYWHERE, "", READ)]
    for namespace in app_namespaces:
        found += _each(_IN_APPS, namespace, APP)
    return (*found, *_each(_IN_OWN, OWN, PROBE))


def missing(api: Api, app_namespaces: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """What this identity may not do: in words, and the rule to add. Raises CannotRead where that cannot be asked."""
    rights = needed(app_namespaces)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        allowed = list(pool.map(lambda right: _allowed(api, right), rights))
    return tuple((f"{one.verb} {one.words}", one.grant) for one, may in zip(rights, allowed, strict=True) if not may)


def _each(rules: tuple[_Rule, ...], namespace: str, role: str) -> Iterator[Resource]:
    for verbs, group, kind, names in rules:
        resource, _, subresource = kind.partition("/")
        for verb in verbs.split():
            for name in names or ("",):
                yield Resource(
                    verb=verb, group=group, resource=resource, subresource=subresource, name=name, namespace=namespace,
                    role=role,
                )  # fmt: skip


def _allowed(api: Api, right: Resource) -> bool:
    """Whether we may, by the API server's own word (SelfSubjectAccessReview, which everybody may ask for)."""
    attributes = {
        "verb": right.verb,
        "group": right.group,
        "resource": right.resource,
        "subresource": right.subresource,
        "name": right.name,
        "namespace": right.namespace,
    }
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {name: value for name, value in attributes.items() if value}},
    }
    status = api.json(_REVIEWS, api.send("POST", _REVIEWS, body)).get("status") or {}
    return bool(status.get("allowed"))
