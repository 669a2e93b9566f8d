"""kube-proxy's mode must work on its nodes.

In the mode ipvs it needs kernel modules and tools, in nftables a new kernel; where they are missing it ends at start, and the
node gets no rules, so the ClusterIP of kube-dns leads nowhere.

Read are the mode in kube-proxy's ConfigMap, the mode that each pod says it runs (`/proxyMode`, ten pods at the most), and
what the logs say of it. A pod that ends because of its mode cannot work as it stands. A mode in the ConfigMap that the pods
do not run yet, since they were not restarted, is only noted: what runs, works. The mode ipvs is no fault by itself.

https://docs.aws.amazon.com/eks/latest/best-practices/ipvs.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import yaml

from contract.figures import counted
from contract.model import Excluded, Finding, Observation, Scope, Severity
from workers.checks import Check, Stage
from workers.cluster import CannotRead, Cluster, DoesNotApply, Gap, Gaps
from workers.cluster.addons import Owner, owner
from workers.cluster.klog import Kind
from workers.cluster.proxies import Proxy, nodes_of, proxies

CODE = "kube-proxy-mode-broken"
MAPS = (("kube-proxy-config", "config"), ("kube-proxy", "config.conf"))
"""Where EKS and where kubeadm keep the configuration."""
MOST_ASKED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The mode that one pod says it runs."""

    pod: str
    node: str
    mode: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The mode as configured ("" where nothing says: then it is iptables) and as it runs."""

    config_map: str = ""
    configured: str = ""
    proxies: tuple[Proxy, ...] = ()
    told: tuple[Told, ...] = ()
    left_out: int = 0
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the configuration, ask the pods, read their logs."""
    gaps = Gaps()
    found, left_out = proxies(cluster, gaps)
    if not found:
        raise DoesNotApply("no kube-proxy pod runs here, so there is no mode to judge")
    name, configured = gaps.of(lambda: _configured(cluster), ("", ""))
    return Facts(
        config_map=name,
        configured=configured,
        proxies=found,
        told=_told(cluster, found),
        left_out=left_out,
        owner=owner(cluster, "kube-proxy"),
        gaps=gaps.seen(),
    )


def _configured(cluster: Cluster) -> tuple[str, str]:
    for name, key in MAPS:
        config = cluster.config_map("kube-system", name)
        if config is not None and key in config.data:
            return name, mode_of(config.data[key])
    return "", ""


def mode_of(text: str) -> str:
    """The mode in a KubeProxyConfiguration, lower case; "" where it names none or is no YAML."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return ""
    mode = value.get("mode") if isinstance(value, dict) else None
    return str(mode).lower()[:40] if mode else ""


def _told(cluster: Cluster, found: Sequence[Proxy]) -> tuple[Told, ...]:
    """What the pods that are ready say, all asked at once."""
    ready = [p for p in found if p.pod.ready][:MOST_ASKED]
    if not ready:
        return ()
    with ThreadPoolExecutor(len(ready)) as pool:
        return tuple(told for told in pool.map(lambda each: _asked(cluster, each), ready) if told is not None)


def _asked(cluster: Cluster, proxy: Proxy) -> Told | None:
    """A pod whose port does not answer is no gap: its log says more."""
    try:
        pod = cluster.pod("kube-system", proxy.pod.name)
        status, text = cluster.http(pod, 10249, "/proxyMode") if pod is not None else (404, "")
    except CannotRead:
        return None
    mode = text.strip().lower()[:40]
    return Told(pod=proxy.pod.name, node=proxy.pod.node, mode=mode) if status == 200 else None


def diagnose(facts: Facts) -> Iterator[Observation]:
    """Pods that end because of their mode; a mode that does not run yet; or all is well."""
    broken = [p for p in facts.proxies if p.goes_on(Kind.MODE)]
    configured = facts.configured or "iptables"
    others = [t for t in facts.told if t.mode != configured]
    if broken:
        yield _broken(facts, broken, configured)
    elif facts.told and not facts.left_out and len(facts.told) == len(facts.proxies) and not others:
        yield Excluded(
            code=CODE, because=f"all {len(facts.told)} kube-proxy pods run the mode {configured}, as configured"
        )
    if others and facts.config_map:
        yield Finding(
            code=CODE,
            severity=Severity.INFO,
            summary=f"kube-proxy runs the mode {others[0].mode} on {counted(len(others), 'node')}, while "
            f"the mode {configured} is set: it was not restarted since, or it fell back.",
            subject=f"ConfigMap kube-system/{facts.config_map}",
            evidence=tuple(f"pod {t.pod} on {t.node}: /proxyMode {t.mode}" for t in others[:6]),
            scope=Scope(nodes=tuple(t.node for t in others)),
        )


def _broken(facts: Facts, broken: Sequence[Proxy], configured: str) -> Finding:
    nodes = nodes_of(broken)
    evidence = [
        f"pod {p.pod.name} on {p.pod.node}, {p.pod.restarts} restarts: {seen.line}"
        for p in broken[:6]
        if p.log is not None and (seen := p.log.of(Kind.MODE)) is not None
    ]
    mine, name = facts.owner, facts.config_map or "kube-proxy-config"
    commands = [
        f"kubectl -n kube-system edit configmap {name}",
        "kubectl -n kube-system rollout restart daemonset kube-proxy",
    ]
    if mine.managed:
        commands[0] = mine.update(mine.merged('{"mode": "iptables"}'), resolve="OVERWRITE")
    return Finding(
        code=CODE,
        severity=Severity.CRITICAL,
        summary=f"kube-proxy cannot do its mode {configured} on {len(nodes)} of {len(facts.proxies)} nodes and writes no rules "
        "there.",
        subject=f"ConfigMap kube-system/{name}",
        evidence=(f"ConfigMap kube-system/{name}: mode {facts.configured or 'not set'}", *evidence),
        fix="Set kube-proxy's mode back to iptables, or install what the mode needs on the nodes; then restart it.",
        commands=tuple(commands),
        scope=Scope() if facts.left_out and len(broken) == len(facts.proxies) else Scope(nodes=nodes),
    )


def describe(facts: Facts) -> str:
    """The mode as set and as it runs."""
    modes = ", ".join(sorted({t.mode for t in facts.told})) or "no pod says which"
    return f"set: {facts.configured or 'nothing (iptables)'}; {len(facts.told)} pods asked: {modes}"


CHECK = Check(
    name="kube-proxy-mode",
    title="kube-proxy's mode works on its nodes",
    stage=Stage.KUBE_PROXY,
    steps=("S12",),
    source="https://docs.aws.amazon.com/eks/latest/best-practices/ipvs.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
