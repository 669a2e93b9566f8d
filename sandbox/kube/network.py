"""Who reaches whom in the pretend cluster: the addresses of pods and Services as ends on loopback, by node and by rule."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from .objects import Objects, running
from .policies import Policies

LOOPBACK = "127.0.0.1"
POLL = 0.05
CLOSED = (LOOPBACK, 1)
End = tuple[str, int]
Passes = Callable[[str, str, str, int], bool]
"""Whether packets between two addresses, by transport and port, get through what lies between the nodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Barrier:
    """Packets that do not arrive. Each field is a pattern, `*` for all.

    node, pod: who asks (pod as NAMESPACE/NAME). to: the address that answers, after a Service's rules. away: only between
    nodes. effect: `drop` or `refuse`. every: only each so manyth connection.
    """

    node: str = "*"
    pod: str = "*"
    to: str = "*"
    transport: str = "*"
    port: int = 53
    away: bool = False
    effect: str = "drop"
    every: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A container that is about to start: its pod, where it runs and what its resolv.conf is made from."""

    pod: str
    node: str
    policy: str
    musl: bool
    config: Mapping[str, Any] = field(default_factory=dict)

    @property
    def namespace(self) -> str:
        """Of its pod."""
        return self.pod.partition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What a world says of its network.

    cluster_dns: what the kubelet hands to pods, by node (`*` for all). resolv_conf: of the nodes themselves. barriers:
    see there. files: what else a probe finds in the network of a pod, by pattern of the pod: path -> text. stale: rules of
    Services that kube-proxy has not kept up, by node: address of the Service -> addresses behind.
    """

    cluster_dns: Mapping[str, str] = field(default_factory=lambda: {"*": "172.20.0.10"})
    resolv_conf: Mapping[str, str] = field(default_factory=dict)
    barriers: tuple[Barrier, ...] = ()
    files: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    stale: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)

    def node_resolv_conf(self, node: str) -> str:
        """A node's own."""
        return self.resolv_conf.get(node) or self.resolv_conf.get("*", "")


class Blackhole:
    """An end on loopback that takes packets and never answers, over UDP and TCP."""

    def __init__(self) -> None:
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind((LOOPBACK, 0))
        self._tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._tcp.bind((LOOPBACK, 0))
        self._tcp.listen(0)
        # With its queue full the kernel drops whatever else wants to connect.
        self._fill = [self._waiting() for _ in range(2)]

    def _waiting(self) -> socket.socket:
        one = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        one.setblocking(False)
        one.connect_ex(self._tcp.getsockname())
        return one

    def end(self, transport: str) -> End:
        """Its address for that transport."""
        name = (self._udp if transport == "udp" else self._tcp).getsockname()
        return str(name[0]), int(name[1])

    def close(self) -> None:
        """Give the ports back."""
        for one in (self._udp, self._tcp, *self._fill):
            one.close()


class _Ports(socketserver.ThreadingTCPServer):
    daemon_threads, block_on_close, request_queue_size = True, False, 128


class _Taken(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """A connection is all that is asked of such a port."""


class Network:
    """The wiring of a running world."""

    def __init__(
        self, objects: Objects, wiring: Wiring, servers: Mapping[str, int], api: End, ports: Iterable[str] = (),
        passes: Passes | None = None,
    ) -> None:  # fmt: skip
        """servers: address of each name server -> its port on loopback. api: the API server on loopback.

        ports: other TCP ports on which pods listen, as `NAMESPACE/POD:PORT` or `CONTAINER:PORT`. passes: what the network
        between the nodes lets through; all without it. NetworkPolicies are read from the objects.
        """
        self.wiring = wiring
        self._passes = passes or (lambda *_: True)
        self._objects, self._servers, self._api = objects, servers, api
        self._ports = [(who, int(port)) for who, _, port in (one.rpartition(":") for one in ports)]
        self._nowhere = Blackhole()
        self._open = _Ports((LOOPBACK, 0), _Taken)
        threading.Thread(target=self._open.serve_forever, args=(POLL,), daemon=True, name="sandbox ports").start()

    def close(self) -> None:
        """End it."""
        self._open.shutdown()
        self._open.server_close()
        self._nowhere.close()

    def view(self, asker: Asker) -> dict[str, Any]:
        """What prelude.py needs: files and routes."""
        routes: dict[str, list[End]] = {f"* * {t}": [self._nowhere.end(t)] for t in ("udp", "tcp")}
        routes.update({f"{LOOPBACK} * {t}": [CLOSED] for t in ("udp", "tcp")})
        for address, port, transport, targets in self._services(asker.node):
            ends = [end for target, at in targets for end in self._ends(asker, target, at, transport)]
            routes[f"{address} {port} {transport}"] = ends or [CLOSED]
        for address in {*self._servers, *self._pod_addresses()}:
            for transport in ("udp", "tcp"):
                routes[f"{address} 53 {transport}"] = list(self._ends(asker, address, 53, transport))
                routes[f"{address} * {transport}"] = list(self._ends(asker, address, 0, transport))
        for address, port in self._listening():
            routes[f"{address} {port} tcp"] = list(self._ends(asker, address, port, "tcp"))
        files = {"/etc/resolv.conf": self.resolv_conf(asker)}
        for pattern, more in self.wiring.files.items():
            files.update(more if fnmatchcase(asker.pod, pattern) else {})
        return {"routes": routes, "files": files, "musl": asker.musl}

    def resolv_conf(self, asker: Asker) -> str:
        """As the kubelet writes it for a pod with that dnsPolicy."""
        own = self.wiring.node_resolv_conf(asker.node)
        dns = self.wiring.cluster_dns
        cluster = dns.get(asker.node, dns.get("*", ""))
        config = asker.config
        servers, search, options = list(config.get("nameservers") or ()), list(config.get("searches") or ()), []
        options = [f"{o['name']}:{o['value']}" if o.get("value") else o["name"] for o in config.get("options") or ()]
        if asker.policy == "Default" or (asker.policy != "None" and not cluster):
            return own
        if asker.policy != "None":
            domains = [f"{asker.namespace}.svc.cluster.local", "svc.cluster.local", "cluster.local"]
            inherited = [w for line in own.splitlines() if line.startswith("search") for w in line.split()[1:]]
            servers, search = [cluster, *servers], [*domains, *inherited, *search]
            options = options if any(o.startswith("ndots") for o in options) else ["ndots:5", *options]
        lines = [f"search {' '.join(search)}"] if search else []
        lines += [f"nameserver {server}" for server in servers]
        return "\n".join([*lines, *([f"options {' '.join(options)}"] if options else [])]) + "\n"

    # Where addresses lead

    def _services(self, node: str) -> Iterator[tuple[str, int, str, list[tuple[str, int]]]]:
        """Each port of each Service as the node's rules have it: address, port, transport, (address, port) behind."""
        if not self._has_rules(node):
            return
        stale = {**self.wiring.stale.get("*", {}), **self.wiring.stale.get(node, {})}
        slices = self._objects.every("EndpointSlice")
        for service in self._objects.every("Service"):
            spec = service.get("spec") or {}
            for address in spec.get("clusterIPs") or ():
                for port in spec.get("ports") or ():
                    behind = [*_behind(service, port, slices)]
                    if address in stale:
                        behind = [(one, int(port["targetPort"])) for one in stale[address]]
                    yield address, port["port"], port.get("protocol", "TCP").lower(), behind

    def _has_rules(self, node: str) -> bool:
        """Whether kube-proxy, where there is any, was on this node to write some; one that crashed has left them."""
        proxies = [o for o in self._objects.every("DaemonSet") if o["metadata"]["name"] == "kube-proxy"]
        labels = ((p["metadata"].get("labels") or {}, p["spec"].get("nodeName")) for p in self._objects.every("Pod"))
        return not proxies or ("kube-proxy", node) in ((has.get("k8s-app"), where) for has, where in labels)

    def _ends(self, asker: Asker, address: str, port: int, transport: str) -> Iterator[End]:
        """The end of an address; several, where only some connections arrive."""
        real = self._real(address, port, transport)
        if self._shut(asker, address, port, transport):
            yield self._nowhere.end(transport)
            return
        for barrier in self.wiring.barriers:
            if self._holds(barrier, asker, address, port, transport):
                stopped = CLOSED if barrier.effect == "refuse" else self._nowhere.end(transport)
                yield from [real] * (barrier.every - 1)
                yield stopped
                return
        yield real

    def _shut(self, asker: Asker, address: str, port: int, transport: str) -> bool:
        """Whether policies or the network between the nodes drop it. What no port is named for is taken to pass."""
        if not port:
            return False
        node = self._node_address(asker.node)
        if node and not self._passes(node, address, transport, port):
            return True
        return not Policies(self._objects).let(asker.pod, address, transport, port)

    def _node_address(self, name: str) -> str:
        """A node's own address; "" where it has none."""
        nodes = (one for one in self._objects.every("Node") if one["metadata"]["name"] == name)
        addresses = (a for one in nodes for a in one["status"].get("addresses") or () if a["type"] == "InternalIP")
        return next((str(one["address"]) for one in addresses), "")

    def _real(self, address: str, port: int, transport: str) -> End:
        if port == 53 and address in self._servers:
            return LOOPBACK, self._servers[address]
        if transport == "tcp" and (address, port) in self._listening():
            return LOOPBACK, int(self._open.server_address[1])
        if address in self._api_addresses() and transport == "tcp":
            return self._api
        return CLOSED if address in self._pod_addresses() else self._nowhere.end(transport)

    def _holds(self, barrier: Barrier, asker: Asker, address: str, port: int, transport: str) -> bool:
        if barrier.away and self._pod_addresses().get(address) == asker.node:
            return False
        return (
            fnmatchcase(asker.node, barrier.node)
            and fnmatchcase(asker.pod, barrier.pod)
            and fnmatchcase(address, barrier.to)
            and fnmatchcase(transport, barrier.transport)
            and barrier.port in (0, port)
        )

    def _pod_addresses(self) -> dict[str, str]:
        """Address -> node of every pod that runs."""
        pods = (p for p in self._objects.every("Pod") if (p.get("status") or {}).get("phase") == "Running")
        return {p["status"]["podIP"]: p["spec"].get("nodeName", "") for p in pods if p["status"].get("podIP")}

    def _listening(self) -> set[tuple[str, int]]:
        """Address and port of every other port on which a pod listens."""
        found = set()
        for pod in self._objects.every("Pod"):
            meta, address, alive = pod["metadata"], (pod.get("status") or {}).get("podIP"), running(pod)
            names = {f"{meta['namespace']}/{meta['name']}", *alive}
            found |= {(address, port) for who, port in self._ports if address and alive and who in names}
        return found

    def _api_addresses(self) -> set[str]:
        slices = (s for s in self._objects.every("EndpointSlice") if s["metadata"]["name"] == "kubernetes")
        return {a for one in slices for e in one.get("endpoints") or () for a in e["addresses"]}


def _behind(
    service: Mapping[str, Any], port: Mapping[str, Any], slices: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, int]]:
    """What kube-proxy finds behind one port of a Service: the ready endpoints of the port of the same name."""
    meta = service["metadata"]
    for one in slices:
        labels = one["metadata"].get("labels") or {}
        if (one["metadata"]["namespace"], labels.get("kubernetes.io/service-name")) != (
            meta["namespace"],
            meta["name"],
        ):
            continue
        for at in one.get("ports") or ():
            if (at.get("name") or "") != (port.get("name") or ""):
                continue
            for endpoint in one.get("endpoints") or ():
                if (endpoint.get("conditions") or {}).get("ready") is not False:
                    yield from ((address, int(at["port"])) for address in endpoint["addresses"])
