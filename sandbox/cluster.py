"""A running world: its name servers, its AWS and its Kubernetes API on loopback, until the block ends."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from contract.clusters import ClusterEntry

from .aws import Aws
from .aws.packets import passes
from .dns import LOOPBACK, Authority, Manners, NameServer, Source
from .kube import KubeApi, Objects, User
from .kube.api import Contents
from .kube.authority import authority_pem, client_certificate
from .kube.identity import EksTokens
from .kube.network import Asker, Network
from .kube.objects import running
from .replica import Replica, forwards_to, heard
from .worlds import World
from .worlds.recording import ago

ROLES = Path(__file__).parent.parent / "deploy" / "cluster"
"""What `kubectl apply -k deploy/cluster` makes."""


def shipped() -> tuple[dict[str, Any], ...]:
    """The objects of the manifests that are applied to every cluster."""
    kustomization = yaml.safe_load((ROLES / "kustomization.yaml").read_text(encoding="utf-8"))
    texts = (ROLES.joinpath(name).read_text(encoding="utf-8") for name in kustomization["resources"])
    return tuple(one for text in texts for one in yaml.safe_load_all(text) if one)


@dataclass(slots=True)
class Sandbox:
    """WORLD, running between `with` and its end. more: objects besides the world's and the shipped roles.

    within: the folder for a folder of its own; the system's for such things without.
    """

    world: World
    more: Iterable[dict[str, Any]] = ()
    within: Path | None = None
    kube: KubeApi = field(init=False, repr=False)
    aws: Aws = field(init=False, repr=False)
    network: Network = field(init=False, repr=False)
    servers: dict[str, NameServer] = field(init=False, default_factory=dict, repr=False)
    _closing: list[Callable[[], None]] = field(init=False, default_factory=list, repr=False)

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def env(self) -> dict[str, str]:
        """The environment in which boto3 finds this AWS."""
        return {
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": self.world.account.region,
        }

    @property
    def entry(self) -> ClusterEntry:
        """The cluster as the clusters file names it, with the role that reads."""
        account = self.world.account
        reading = next((arn for arn in account.roles if "read" in arn), "")
        changing = next((arn for arn in account.roles if "change" in arn), "")
        return ClusterEntry(
            name=account.name, eks_name=account.name, region=account.region, role_arn=reading, change_role_arn=changing,
            external_id=account.roles.get(reading, ""), app_namespaces=self.world.app_namespaces,
        )  # fmt: skip

    def kubeconfig(self, folder: Path, *, certificate: bool = False, group: str = "dnsmedic:read") -> Path:
        """A kubeconfig for this cluster, with a token or a client certificate of a user in GROUP."""
        user: dict[str, Any] = {"token": "test-token"}
        if certificate:
            pem, key = client_certificate("reader", group)
            (folder / "client.crt").write_bytes(pem)
            (folder / "client.key").write_bytes(key)
            user = {"client-certificate": "client.crt", "client-key": "client.key"}
        else:
            self.kube.tokens["test-token"] = User(name="reader", groups=(group,))
        (folder / "ca.crt").write_bytes(authority_pem())
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "sandbox",
            "contexts": [{"name": "sandbox", "context": {"cluster": "sandbox", "user": "reader"}}],
            "clusters": [
                {"name": "sandbox", "cluster": {"server": self.kube.url, "certificate-authority": "ca.crt"}},
            ],
            "users": [{"name": "reader", "user": user}],
        }
        path = folder / "kubeconfig"
        path.write_text(yaml.safe_dump(config), encoding="utf-8")
        return path

    # Starting and ending

    def _start(self) -> None:
        world = self.world
        objects = Objects((*world.objects, *shipped(), *self.more))
        folder = tempfile.TemporaryDirectory(prefix="sandbox-", dir=self.within)
        self._closing.append(folder.cleanup)
        self._name_servers(objects)
        contents = Contents(
            objects=objects, view=self._view, folder=Path(folder.name), logs=world.logs,
            pages=world.pages, version=world.version, unpullable=world.unpullable,
            ask=lambda address, wire: self.servers[address].asked(wire, "tcp"),
            answers_dns=lambda address: address in self.servers,
        )  # fmt: skip
        self.kube = KubeApi(contents)
        ports = {address: server.port for address, server in self.servers.items()}
        between = partial(passes, world.account.network)
        self.network = Network(objects, world.wiring, ports, (LOOPBACK, self.kube.port), world.pages, between)
        self._closing.append(self.network.close)
        self.aws = Aws(world.account)
        self._closing.append(self.aws.close)
        self.aws.endpoint = self.kube.url
        self.kube.eks = EksTokens(
            cluster=world.account.name, region=world.account.region, keys=self.aws.key, entries=world.account.entries
        )

    def _view(self, asker: Asker) -> dict[str, Any]:
        return self.network.view(asker)

    def _name_servers(self, objects: Objects) -> None:
        """The upstream, and one like CoreDNS for each pod of it."""
        world = self.world
        upstream = Authority(world.zones, world.upstream_manners)
        self._serve(world.upstream, upstream)
        for pod in coredns_pods(world.objects):
            name = pod["metadata"]["name"]
            manners = world.replica_manners.get(name, world.replica_manners.get("*", Manners()))
            behind = partial(self._behind, objects, pod, upstream)
            known = heard(objects.every, ago(world.deaf[name])) if name in world.deaf else objects.every
            self._serve(pod["status"]["podIP"], Replica(known, behind, manners))

    def _behind(self, objects: Objects, pod: Mapping[str, Any], upstream: Source) -> Source | None:
        """UPSTREAM, where the Corefile or the node's resolv.conf that it names leads there, and the VPC lets it answer."""
        world = self.world
        targets = forwards_to(objects.every)
        if "/etc/resolv.conf" in targets:
            conf = world.wiring.node_resolv_conf(pod["spec"]["nodeName"]) or f"nameserver {world.upstream}"
            targets += tuple(line.split()[1] for line in conf.splitlines() if line.startswith("nameserver "))
        if world.upstream not in targets:
            return None
        let = passes(world.account.network, pod["status"]["podIP"], world.upstream, "udp", 53)
        return upstream if let else None

    def _serve(self, address: str, source: Source) -> None:
        server = self.servers[address] = NameServer(source)
        self._closing.append(server.close)

    def _end(self) -> None:
        """What runs containers first, then all else at the same time; the containers' logs last."""
        if hasattr(self, "kube"):
            self.kube.close()
        first, *others = self._closing or [lambda: None]
        self._closing.clear()
        with ThreadPoolExecutor(max_workers=max(1, len(others))) as pool:
            for ended in [pool.submit(close) for close in others]:
                ended.result()
        first()


def coredns_pods(objects: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The CoreDNS pods that run."""
    for one in objects:
        labels = one["metadata"].get("labels") or {}
        if one["kind"] == "Pod" and labels.get("k8s-app") == "kube-dns" and running(one):
            yield one
