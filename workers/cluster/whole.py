"""`Cluster`: the readings and the survey together, as checks get them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from contract.model import Effect, NameKind, Path

from . import probes
from .answers import askable
from .assembled import Assembled, assemble
from .corefile import forwards_of
from .endpoints import corefile_ports
from .errors import CannotRead, Gaps
from .names import under
from .objects import Node, Pod
from .reader import ASK_SECONDS, SYSTEM, Reader, Told, matches
from .survey import (
    CONNECT,
    LOADERS,
    MAX_NODES,
    NODE_LOCAL,
    REPEATS,
    Name,
    Post,
    Survey,
    Target,
    asked_from,
    canary,
    is_address,
    loaders_from,
    looked_from,
    plan_of,
    questions,
    resolv_from,
    send_out,
)
from .upstreams import inward, transport_of

COREDNS_LABEL = "k8s-app=kube-dns"
YOUNG_SECONDS = 8
"""A pod that was made or became ready so recently may not be known everywhere yet."""
DNS = 53
READY_PORT = 8181
"""Where CoreDNS says whether it is ready: a port that is not DNS, and that every replica listens on."""
MAX_REPLICAS = 20
MAX_STRAYS = 6
MAX_UPSTREAMS = 6


class Cluster(Reader):
    """One cluster in one run: it only reads."""

    @property
    def _gaps(self) -> Gaps:
        """What the survey could not read is the gap of the step that is about it: the survey asks what it can."""
        return Gaps()

    def coredns_pods(self) -> tuple[Pod, ...]:
        """The pods of CoreDNS, among those with its usual label and those that kube-dns selects; ended ones left out."""
        return self._coredns(self.pods)

    def _coredns_now(self) -> tuple[Pod, ...]:
        """The same, asked anew."""
        return self._coredns(self.pods_now)

    def _coredns(self, read: Callable[[str, str], tuple[Pod, ...]]) -> tuple[Pod, ...]:
        found = {p.name: p for p in read(SYSTEM, COREDNS_LABEL)}
        service = self._gaps.of(lambda: self.service(SYSTEM, "kube-dns"), None)
        selector = ",".join(f"{key}={value}" for key, value in service.spec.selector.items()) if service else ""
        if selector not in ("", COREDNS_LABEL):
            found |= {p.name: p for p in read(SYSTEM, selector) if p.runs_coredns}
        return of_coredns(tuple(found.values()), service.spec.selector if service else {})

    def corefile(self) -> Assembled:
        """The Corefile with all that it imports. Raises CannotRead where its ConfigMap cannot be read."""
        return self._memo.once("corefile", self._corefile)

    def _corefile(self) -> Assembled:
        return assemble(lambda name: self.config_map(SYSTEM, name), self._gaps.of(self.coredns_pods, ()))

    def dns_port(self) -> int:
        """The port on which CoreDNS itself listens, as its Corefile says: nearly always 53."""
        ports = corefile_ports(self._gaps.of(self.corefile, None), self._gaps.of(self.coredns_pods, ()))
        return DNS if DNS in ports or not ports else ports[0]

    def ask(self, pod: Pod, name: str, rtype: str = "A", *, port: int = 0, seconds: float = ASK_SECONDS) -> Told:
        """One question to a pod over port-forward and TCP, by default on CoreDNS' own port. Raises CannotRead."""
        return super().ask(pod, name, rtype, port=port or self.dns_port(), seconds=seconds)

    def survey(self) -> Survey:
        """What probes on the nodes saw: one round of questions a run. Raises CannotRead where none could be sent.

        Where something failed while the CoreDNS pods were being replaced, it is asked once more: a change is no fault.
        """
        return self._memo.once("survey", self._settled_survey)

    def steady_replicas(self) -> frozenset[str]:
        """Names of the CoreDNS pods that the survey asked and that were there, unchanged, when it ended."""
        return self._memo.once("steady", lambda: self._steady(self._asked_replicas()))

    def _settled_survey(self) -> Survey:
        before = self._asked_replicas()
        found = self._survey(before, 0)
        if any(one.effect is not Effect.OK for one in found.asked) and self._turnover(before):
            again = self._readable(self._coredns_now())
            self._memo.replace("asked replicas", again)
            return self._survey(again, 50)
        return found

    def _asked_replicas(self) -> tuple[Pod, ...]:
        return self._memo.once("asked replicas", lambda: self._readable(self._gaps.of(self.coredns_pods, ())))

    def _turnover(self, before: Sequence[Pod]) -> bool:
        """Whether CoreDNS pods came, went, or changed their readiness meanwhile, or are too young to be relied on."""
        now = self._gaps.of(self._coredns_now, ())
        if {(p.metadata.uid, p.ready) for p in self._readable(now)} != {(p.metadata.uid, p.ready) for p in before}:
            return True
        return any(young(p) for p in before)

    def _steady(self, asked: Sequence[Pod]) -> frozenset[str]:
        now = {p.metadata.uid: p for p in self._gaps.of(self._coredns_now, tuple(asked))}
        kept = [p for p in asked if p.metadata.uid in now and not now[p.metadata.uid].metadata.deletion_timestamp]
        return frozenset(p.name for p in kept if p.ready or not young(p))

    def pod_survey(self) -> Survey | None:
        """The same from inside the network of the pod that somebody asked about; None where nobody did."""
        return self._memo.once("pod survey", self._pod_survey)

    def asked_pod(self) -> Pod | None:
        """The pod that somebody asked about: NAMESPACE/POD, or NAMESPACE/WORKLOAD for one of its pods. None: not there."""
        return self._memo.once("asked pod", self._asked_pod)

    def _asked_pod(self) -> Pod | None:
        namespace, _, name = self.question.pod.partition("/")
        if not name:
            return None
        exact = self.pod(namespace, name)
        if exact is not None:
            return exact
        owned = [p for p in self.pods(namespace) if belongs(p, name)]
        return max(owned, key=lambda p: (p.running, p.ready, p.metadata.creation_timestamp), default=None)

    def _survey(self, pods: Sequence[Pod], first: int) -> Survey:
        nodes, left_out = self._nodes_that_matter(pods)
        asks = self._targets(pods)
        canary_name = canary()
        libc = tuple(dict.fromkeys(("kubernetes.default", self.entry.names_external, canary_name)))
        made = questions(asks)
        posts = [Post(node=n.name, policy="ClusterFirst", made=made, libc=libc) for n in nodes]
        beside = {p.spec.node_name for p in pods}
        own = questions(self._own())
        posts += [
            Post(node=n.name, policy="Default", made=own, libc=()) for n in nodes if n.name in beside or not beside
        ]
        if not posts:
            raise CannotRead("start", "probe pods", "no node is ready to run one")

        def launch(post: Post, number: int) -> tuple[probes.Line, ...]:
            plan = plan_of(post.made, post.libc)
            return self._probes.in_pod(node=post.node, policy=post.policy, number=first + number, plan=plan)

        found = send_out(posts, launch, canary_name=canary_name, missing=left_out)
        if not found.nodes and found.gaps:
            gap = found.gaps[0]
            raise CannotRead("run", "probe pods", f"{gap.what}: {gap.reason}", grant=gap.grant)
        return found

    def _pod_survey(self) -> Survey | None:
        pod = self.asked_pod()
        if pod is None:
            return None
        made = questions(self._targets(self._asked_replicas()))
        names = ("kubernetes.default", self.entry.names_external, self.question.name, canary_name := canary())
        libc = tuple(dict.fromkeys(name for name in names if name))
        lines = self._probes.in_network_of(pod, plan_of(made, libc, LOADERS))
        here = {"node": pod.spec.node_name, "policy": pod.spec.dns_policy, "pod": pod.key}
        return Survey(
            nodes=(pod.spec.node_name,), missing=(), asked=tuple(asked_from(lines, made, **here)),
            looked=tuple(looked_from(lines, libc, **here)), resolv=tuple(resolv_from(lines, **here)), canary=canary_name,
            loaders=loaders_from(lines),
        )  # fmt: skip

    # Whom to ask, and what

    def _readable(self, pods: Sequence[Pod]) -> tuple[Pod, ...]:
        """The CoreDNS pods that can be asked at all."""
        running = [p for p in pods if p.running and p.addresses]
        return tuple(sorted(running, key=lambda p: p.name)[:MAX_REPLICAS])

    def internal(self) -> Name:
        """The name inside the cluster, asked for the family that the cluster's Services have."""
        service = self._kube_dns_addresses()
        six = bool(service) and all(":" in a for a in service)
        return Name(kind=NameKind.INTERNAL, name=self.entry.names_internal, rtype="AAAA" if six else "A")

    def names(self) -> tuple[Name, ...]:
        """All names that are asked: internal, external, and the one that somebody complains about."""
        wanted = [self.internal(), Name(kind=NameKind.EXTERNAL, name=self.entry.names_external)]
        if self.question.name and askable(self.question.name):
            wanted.append(Name(kind=NameKind.ASKED, name=self.question.name))
        return tuple(wanted)

    def _kube_dns_addresses(self) -> tuple[str, ...]:
        service = self._gaps.of(lambda: self.service(SYSTEM, "kube-dns"), None)
        return service.addresses if service else ()

    def _targets(self, pods: Sequence[Pod]) -> list[tuple[Target, list[tuple[Name, str, int]]]]:
        internal, *others = self.names()
        through = [(internal, "udp", REPEATS), (internal, "tcp", 2)]
        through += [
            (name, transport, 2 if transport == "udp" else 1) for name in others for transport in ("udp", "tcp")
        ]
        direct = [(name, transport, 1) for name in (internal, *others) for transport in ("udp", "tcp")]
        targets = [
            (Target(path=Path.CLUSTER_IP, address=a, label="kube-dns"), through) for a in self._kube_dns_addresses()
        ]
        own = Target(path=Path.CLIENT, address="own", label="own")
        targets.append((own, [(internal, "udp", 1)]))
        port = self.dns_port()
        for pod in pods:
            one = Target(
                path=Path.REPLICA, address=pod.addresses[0], label=f"pod/{pod.name}", node=pod.spec.node_name, port=port
            )
            targets.append((one, direct))
            other = replace(one, path=Path.OTHER, port=READY_PORT)
            targets.append((other, [(Name(kind=NameKind.NONE, name="connection"), CONNECT, 3)]))
        targets += [(stray, [(internal, "udp", 1)]) for stray in self._strays(pods)]
        if self._gaps.of(lambda: self.daemon_set(SYSTEM, "node-local-dns"), None) is not None:
            local = Target(path=Path.NODE_LOCAL, address=NODE_LOCAL, label="node-local-dns")
            targets.append((local, [(name, "udp", 1) for name in (internal, *others)]))
        targets += self._upstreams(others)
        return targets

    def _strays(self, pods: Sequence[Pod]) -> list[Target]:
        """Addresses among the endpoints of kube-dns that no CoreDNS pod has."""
        known = {a for pod in pods for a in pod.addresses}
        found = [
            address
            for one in self._gaps.of(lambda: self.slices(SYSTEM, "kube-dns"), ())
            for endpoint in one.endpoints
            if endpoint.ready
            for address in endpoint.addresses
            if address not in known and is_address(address)
        ]
        return [Target(path=Path.REPLICA, address=a, label=a) for a in list(dict.fromkeys(found))[:MAX_STRAYS]]

    def _upstreams(self, others: Sequence[Name]) -> list[tuple[Target, list[tuple[Name, str, int]]]]:
        """The name servers that the Corefile names by address, asked what they are there for."""
        found = self._gaps.of(self.corefile, Assembled())
        asked: dict[tuple[str, str], tuple[Target, list[tuple[Name, str, int]]]] = {}
        for forward in forwards_of(found.parsed):
            for address, port in [one for one in forward.addresses if not inward(one[0])][:MAX_UPSTREAMS]:
                wanted = [n for n in others if under(n.name, forward.zone)] or [
                    Name(kind=NameKind.EXTERNAL, name=forward.zone or ".", rtype="SOA")
                ]
                target = Target(path=Path.UPSTREAM, address=address, label=address, port=port)
                how = transport_of(forward)
                asked.setdefault((address, how), (target, [(n, how, 1) for n in wanted]))
        return list(asked.values())[:MAX_UPSTREAMS]

    def _own(self) -> list[tuple[Target, list[tuple[Name, str, int]]]]:
        """What a pod with CoreDNS' own resolv.conf asks its name servers: the upstream without CoreDNS."""
        own = Target(path=Path.UPSTREAM, address="own", label="own")
        wanted = [(name, transport, 1) for name in self.names()[1:] for transport in ("udp", "tcp")]
        return [(own, wanted)]

    def _nodes_that_matter(self, pods: Sequence[Pod]) -> tuple[tuple[Node, ...], tuple[tuple[str, str], ...]]:
        """The nodes to look from, ten at most, and those that are left out with the reason."""
        every = self.nodes()
        fit = [n for n in every if not unfit(n)]
        left_out = [(n.name, unfit(n)) for n in every if unfit(n)]
        asked = self._gaps.of(self.asked_pod, None)
        seen: Counter[tuple[str, str]] = Counter()

        def rank(node: Node) -> tuple[int, str]:
            if asked is not None and node.name == asked.spec.node_name:
                return 0, node.name
            if any(p.spec.node_name == node.name for p in pods):
                return 1, node.name
            seen[node.group, node.zone] += 1
            return 1 + seen[node.group, node.zone], node.name

        ordered = [node for _, node in sorted((((rank(n)), n) for n in fit), key=lambda pair: pair[0])]
        left_out += [(n.name, f"only {MAX_NODES} nodes are looked from at a time") for n in ordered[MAX_NODES:]]
        return tuple(ordered[:MAX_NODES]), tuple(left_out)


def unfit(node: Node) -> str:
    """Why no probe pod can run on a node, or ""."""
    if not node.ready:
        return "the node is not ready"
    if node.compute_type == "fargate":
        return "Fargate runs no pod that is pinned to a node"
    if node.status.node_info.operating_system not in ("", "linux"):
        return f"it runs {node.status.node_info.operating_system}, and the probe needs Linux"
    return ""


def of_coredns(pods: Sequence[Pod], selector: Mapping[str, str]) -> tuple[Pod, ...]:
    """Those of PODS that run CoreDNS and have not ended: others may bear its label.

    Where none shows that it does, those that kube-dns' selector matches: a DNS server of another make.
    """
    there = [p for p in pods if p.status.phase not in ("Succeeded", "Failed")]
    sure = [p for p in there if p.runs_coredns or belongs(p, "coredns")]
    return tuple(sure or [p for p in there if matches(p.metadata.labels, selector)])


def belongs(pod: Pod, workload: str) -> bool:
    """Whether a pod belongs to a workload of that name, by its owner (a ReplicaSet's name ends in a hash)."""
    for owner in pod.metadata.owner_references:
        if owner.name == workload or (owner.kind == "ReplicaSet" and owner.name.rpartition("-")[0] == workload):
            return True
    return False


def young(pod: Pod) -> bool:
    """Whether it started, or became ready or unready, only moments ago."""
    ready = next((c.last_transition_time for c in pod.status.conditions if c.type == "Ready"), "")
    now = datetime.now(UTC)
    return any(0 <= probes.age(at, now) < YOUNG_SECONDS for at in (pod.metadata.creation_timestamp, ready) if at)
