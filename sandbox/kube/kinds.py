"""The kinds of objects that the pretend API server knows, and how their paths are read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object as the API names it. plural: as in paths and roles."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As objects say it: `apps/v1`."""
        return f"{self.group}/{self.version}" if self.group else self.version


def _kinds(group: str, version: str, names: str, *, namespaced: bool = True) -> tuple[Kind, ...]:
    """NAMES: `plural:Kind` words."""
    pairs = (word.split(":") for word in names.split())
    return tuple(Kind(group=group, version=version, plural=p, kind=k, namespaced=namespaced) for p, k in pairs)


KINDS = (
    *_kinds("", "v1", "pods:Pod services:Service configmaps:ConfigMap events:Event resourcequotas:ResourceQuota"),
    *_kinds("", "v1", "serviceaccounts:ServiceAccount secrets:Secret endpoints:Endpoints"),
    *_kinds("", "v1", "nodes:Node namespaces:Namespace", namespaced=False),
    *_kinds("apps", "v1", "deployments:Deployment replicasets:ReplicaSet daemonsets:DaemonSet statefulsets:StatefulSet"),
    *_kinds("discovery.k8s.io", "v1", "endpointslices:EndpointSlice"),
    *_kinds("policy", "v1", "poddisruptionbudgets:PodDisruptionBudget"),
    *_kinds("autoscaling", "v2", "horizontalpodautoscalers:HorizontalPodAutoscaler"),
    *_kinds("networking.k8s.io", "v1", "networkpolicies:NetworkPolicy"),
    *_kinds("coordination.k8s.io", "v1", "leases:Lease"),
    *_kinds("rbac.authorization.k8s.io", "v1", "roles:Role rolebindings:RoleBinding"),
    *_kinds(
        "rbac.authorization.k8s.io", "v1", "clusterroles:ClusterRole clusterrolebindings:ClusterRoleBinding",
        namespaced=False,
    ),
    *_kinds("vpcresources.k8s.aws", "v1beta1", "securitygrouppolicies:SecurityGroupPolicy"),
    *_kinds("networking.k8s.aws", "v1alpha1", "policyendpoints:PolicyEndpoint"),
)  # fmt: skip
"""What an EKS cluster without Auto Mode serves, as far as anybody asks; a world may bring more."""


def from_data(data: dict[str, Any]) -> Kind:
    """A kind that a world adds."""
    return Kind(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a path names; name is empty for a list."""

    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<plural>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<subresource>[^/]+))?)?"
)


def place(path: str) -> Place | None:
    """The object, list or subresource that PATH names; None where it is no such path."""
    whole = re.fullmatch(r"/api/v1/namespaces(?:/([^/]+))?", path)
    if whole:
        return Place(group="", version="v1", plural="namespaces", name=unquote(whole.group(1) or ""))
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    return Place(**{key: unquote(value or "") for key, value in found.groupdict().items()})
