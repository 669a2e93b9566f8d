"""Names of what is read, and the exact right that reading it needs: what a refusal shows to the reader."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing of the API: a verb on a resource, perhaps with a subresource and a name.

    role: the rule's row in `deploy/cluster`, for the reader who is to add it.
    """

    verb: str
    resource: str
    group: str = ""
    version: str = "v1"
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    role: str = "dnsmedic-read"

    @property
    def path(self) -> str:
        """The path of the request; names are quoted, since they are the cluster's own data."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        parts = [root]
        if self.namespace:
            parts += ["namespaces", quote(self.namespace, safe="")]
        parts.append(self.resource)
        if self.name:
            parts.append(quote(self.name, safe=""))
        if self.subresource:
            parts.append(self.subresource)
        return "/".join(parts)

    @property
    def words(self) -> str:
        """`services/kube-dns in kube-system`."""
        what = self.resource + (f"/{self.name}" if self.name else "")
        what += f"/{self.subresource}" if self.subresource else ""
        return what + (f" in {self.namespace}" if self.namespace else "")

    @property
    def grant(self) -> str:
        """The rule to add, as a line of YAML, and where."""
        resource = self.resource + (f"/{self.subresource}" if self.subresource else "")
        named = self.verb == "get" and self.name and not self.subresource and self.resource in NAMED
        rule = f'{{apiGroups: ["{self.group}"], resources: [{resource}]'
        rule += f', resourceNames: ["{self.name}"]' if named else ""
        rule += f", verbs: [{self.verb}]}}"
        place = f"Role {self.role} in namespace {self.namespace}" if self.namespace else f"ClusterRole {self.role}"
        return f"{place}: {rule}"


ENTRY = "credentials that the API server knows (client certificate or token)"
"""What lets an identity in at all, where nothing is known of the cluster."""


def entry_of(cluster: str, region: str, role_arn: str) -> str:
    """The access entry that lets a role into an EKS cluster, as a command."""
    who = role_arn or "$(aws sts get-caller-identity --query Arn --output text)"
    return (
        f"aws eks create-access-entry --cluster-name {cluster} --region {region} --principal-arn {who} "
        "--kubernetes-groups dnsmedic:read"
    )


NAMED = ("services", "configmaps", "deployments", "daemonsets", "clusterroles", "clusterrolebindings")
"""Kinds whose objects the shipped roles name one by one."""
