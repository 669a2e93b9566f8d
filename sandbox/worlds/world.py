"""A world: everything that there is to be seen of a pretend cluster, and what a right diagnosis of it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.catalogue import CODES
from sandbox.aws.data import Account
from sandbox.dns import Manners, Zone
from sandbox.kube.network import Wiring

Object = dict[str, Any]
Page = tuple[int, str]
"""Status and text of an HTTP page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One pretend cluster.

    title: what is wrong with it, in a plain sentence. objects: as the API serves them. logs: by `NAMESPACE/POD/CONTAINER`,
    `…/previous` for the container before, each line with the kubelet's timestamp. pages: HTTP ports of pods: by
    `NAMESPACE/POD:PORT`, or `CONTAINER:PORT` for every pod with such a container; then by path. zones: what the upstream
    (name server `upstream`) knows. upstream_manners, replica_manners: how it answers, and how each CoreDNS pod does (by
    pod name, `*` for all). deaf: for how many seconds a CoreDNS pod has heard nothing of the API server, by pod name. wiring:
    the network. account: EKS, IAM and the VPC. unpullable: patterns of images that cannot be
    pulled. asked, pod: the name that whoever suffers would ask with, and their pod as NAMESPACE/NAME (the beginning of its name
    will do); both may be empty. status, codes: the verdict's status, and its causes, the one that comes first first.
    """

    name: str
    title: str
    objects: tuple[Object, ...]
    version: Mapping[str, str]
    account: Account
    logs: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[str, Mapping[str, Page]] = field(default_factory=dict)
    upstream: str = "10.20.0.2"
    zones: tuple[Zone, ...] = ()
    upstream_manners: Manners = field(default_factory=Manners)
    replica_manners: Mapping[str, Manners] = field(default_factory=dict)
    deaf: Mapping[str, float] = field(default_factory=dict)
    wiring: Wiring = field(default_factory=Wiring)
    unpullable: tuple[str, ...] = ()
    app_namespaces: tuple[str, ...] = ("shop",)
    asked: str = ""
    pod: str = ""
    status: str = "healthy"
    codes: tuple[str, ...] = ()

    @property
    def layer(self) -> str:
        """Where the fault lies, as the catalogue groups codes; `odd` where there is none."""
        return CODES[self.codes[0]].layer if self.codes else "odd"
