"""The clusters file as values: which clusters there are, who may ask and approve, and what is reported when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from types import MappingProxyType

INTERNAL_NAME = "kubernetes.default.svc.cluster.local"
"""The name inside the cluster that is asked when nobody says otherwise."""

EXTERNAL_NAME = "amazon.com"
"""The name outside the cluster that is asked when nobody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEntry:
    """One cluster of the file. An empty field was left out; `channels` empty means: may be asked about anywhere.

    name: what people type. role_arn: empty means the worker's own identity. change_role_arn: empty means that changes
    are not offered. approvers: Slack ids of users and user groups. approvals: how many people other than the requester
    must agree to a change. kubeconfig: a path as written, `~` not yet expanded; empty means: signed in through EKS.
    """

    name: str
    eks_name: str
    region: str = ""
    role_arn: str = ""
    change_role_arn: str = ""
    external_id: str = ""
    names_internal: str = INTERNAL_NAME
    names_external: str = EXTERNAL_NAME
    app_namespaces: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    approvers: tuple[str, ...] = ()
    approvals: int = 1
    capture_approvals: int = 0
    capture_bucket: str = ""
    canary_service: bool = False
    kubeconfig: str = ""
    context: str = ""

    def asked_in(self, channel: str) -> bool:
        """Whether it may be asked about in this channel."""
        return not self.channels or channel in self.channels


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A report that is posted every day at a local time. `clusters` empty means: all of them.

    kind: "health". at: "HH:MM" in `timezone` (an IANA name). when: "always", "on-change" or "weekdays".
    """

    kind: str
    at: str
    timezone: str
    channel: str
    clusters: tuple[str, ...] = ()
    when: str = "always"

    @property
    def time(self) -> time:
        """The local time of day."""
        return time.fromisoformat(self.at)


@dataclass(frozen=True, slots=True)
class Clusters:
    """All that the file says. `entries` is in the order of the file and cannot be changed."""

    entries: Mapping[str, ClusterEntry] = field(default_factory=lambda: MappingProxyType({}))
    schedules: tuple[Schedule, ...] = ()

    def get(self, name: str) -> ClusterEntry | None:
        """The cluster of exactly this name, or None."""
        return self.entries.get(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The names that people type, in the order of the file."""
        return tuple(self.entries)

    def of(self, schedule: Schedule) -> tuple[ClusterEntry, ...]:
        """The clusters that a schedule reports on."""
        return tuple(self.entries[name] for name in schedule.clusters or self.names)
