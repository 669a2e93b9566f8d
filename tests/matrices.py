"""Differential matrices for tests: a healthy one of three nodes and two CoreDNS pods, and how to darken cells of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from contract.model import Effect, Excluded, Finding, NameKind, Outcome, Path, Severity, Signal, StepResult

NODES = {"a1": "", "a2": "pod/coredns-x", "b1": "pod/coredns-y"}
"""Each node and the CoreDNS pod on it."""
SERVERS = {server: node for node, server in NODES.items() if server}
KINDS = (NameKind.INTERNAL, NameKind.EXTERNAL)


def healthy() -> list[Signal]:
    """Every cell answered."""
    cells: list[Signal] = []
    for node in NODES:
        for kind in KINDS:
            for transport in ("udp", "tcp"):
                cells.append(_cell(Path.CLUSTER_IP, node, "kube-dns", kind, transport, None))
                cells += [_cell(Path.REPLICA, node, s, kind, transport, SERVERS[s] == node) for s in SERVERS]
            cells.append(_cell(Path.CLIENT, node, "", kind, "", None))
        cells.append(_cell(Path.CLIENT, node, "172.20.0.10", NameKind.INTERNAL, "udp", None))
    for server, node in SERVERS.items():
        cells += [_cell(Path.FORWARD, "", server, kind, "tcp", None) for kind in KINDS]
        cells += [_cell(Path.UPSTREAM, node, "10.20.0.2", NameKind.EXTERNAL, t, None) for t in ("udp", "tcp")]
    return cells


def _cell(path: Path, node: str, server: str, kind: NameKind, transport: str, same: bool | None) -> Signal:  # noqa: FBT001
    return Signal(
        path=path,
        effect=Effect.OK,
        summary=f"{kind} from {node or 'the worker'} to {server or 'resolv.conf'} over {transport or 'libc'}",
        node=node,
        server=server,
        same_node=same,
        kind=kind,
        transport=transport,
        evidence=(f"{path} {node} {server} {kind} {transport}",),
    )


def dark(cells: list[Signal], effect: Effect, where: Callable[[Signal], bool], seconds: float = 0.0) -> list[Signal]:
    """The cells, those that fit with another effect."""
    return [replace(c, effect=effect, seconds=seconds) if where(c) else c for c in cells]


def steps(cells: list[Signal], *findings: Finding, excluded: tuple[Excluded, ...] = ()) -> list[StepResult]:
    """Two steps: one with the cells, one with the findings."""
    bad = any(c.bad for c in cells)
    worst = any(f.severity is not Severity.INFO for f in findings)
    return [
        StepResult(
            check="dns-through-cluster-ip",
            title="Every node gets answers",
            outcome=Outcome.PROBLEM if bad else Outcome.OK,
            summary="the matrix",
            signals=tuple(cells),
        ),
        StepResult(
            check="the-rest",
            title="Everything else is well",
            outcome=Outcome.PROBLEM if worst else Outcome.OK,
            summary="the findings",
            findings=findings,
            excluded=excluded,
        ),
    ]


def finding(code: str, severity: Severity = Severity.CRITICAL, **more: object) -> Finding:
    """A sure finding."""
    return Finding(code=code, severity=severity, summary=f"{code} is so.", fix="Mend it.", evidence=(code,), **more)  # type: ignore[arg-type]


def cleared(*codes: str) -> tuple[Excluded, ...]:
    """Codes that a step ruled out everywhere."""
    return tuple(Excluded(code=code, because=f"{code} was looked at") for code in codes)


PROXY = cleared(
    "kube-proxy-absent-on-node",
    "kube-proxy-forbidden-403",
    "kube-proxy-unauthorized-401",
    "kube-proxy-apiserver-timeout",
    "kube-proxy-mode-broken",
)
"""Every fault of kube-proxy, ruled out everywhere."""
