"""A CoreDNS pod must count as ready only once it knows the cluster's names, and its Corefile must answer the probes.

`/ready` says yes when every plugin is ready, the one with the cluster's names among them; `/health` says yes at once. With
the wrong one, each rollout brings a burst of failed lookups. And a probe of `/ready` never succeeds where the Corefile lacks
the plugin `ready`: after an update of the add-on such pods stay unready for ever.

Read are the Deployment's probes, the Corefile, and how many pods are ready. A Corefile that cannot be parsed is another
step's matter. A lameduck of five seconds is what EKS ships, and no finding.

https://docs.aws.amazon.com/eks/latest/userguide/coredns-add-on-update.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from contract.model import Excluded, Finding, Observation, Severity
from workers.checks import Check, Stage
from workers.cluster import Cluster, DoesNotApply, Gap, Gaps, corefile
from workers.cluster.addons import Owner, owner
from workers.cluster.objects import ConfigMap, Container, Probe

CODE = "readiness-probe-on-health"
SUBJECT = "Deployment kube-system/coredns"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An HTTP probe of a container: its path, and its port as a number (0 where a name leads nowhere)."""

    path: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The probes of the Deployment and the ports where the Corefile answers them.

    other_readiness: whether a readiness probe of another sort than HTTP is set. ready_port, health_port: None where the
    plugin is missing. parsed: whether the Corefile could be read.
    """

    readiness: Asked | None = None
    other_readiness: bool = False
    liveness: Asked | None = None
    parsed: bool = False
    ready_port: int | None = None
    health_port: int | None = None
    wanted: int = 0
    ready: int = 0
    version: str = ""
    owner: Owner
    gaps: tuple[Gap, ...] = ()


def collect(cluster: Cluster) -> Facts:
    """Read the Deployment, the Corefile, and the pods."""
    gaps = Gaps()
    deployment = cluster.deployment("kube-system", "coredns")
    found = deployment.spec.template.spec.containers if deployment else ()
    container = next((c for c in found if c.name == "coredns"), found[0] if found else None)
    if deployment is None or container is None:
        raise DoesNotApply("there is no Deployment coredns, so there are no probes")
    parsed, ports = _ports(gaps.of(lambda: cluster.config_map("kube-system", "coredns"), None))
    pods = gaps.of(cluster.coredns_pods, ())
    return Facts(
        readiness=_asked(container.readiness_probe, container),
        other_readiness=container.readiness_probe is not None and container.readiness_probe.http_get is None,
        liveness=_asked(container.liveness_probe, container),
        parsed=parsed,
        ready_port=ports.get("ready"),
        health_port=ports.get("health"),
        wanted=1 if deployment.spec.replicas is None else deployment.spec.replicas,
        ready=sum(pod.ready for pod in pods),
        version=deployment.metadata.resource_version,
        owner=owner(cluster, "coredns"),
        gaps=gaps.seen(),
    )


def _asked(probe: Probe | None, container: Container) -> Asked | None:
    if probe is None or probe.http_get is None:
        return None
    port = probe.http_get.port
    if isinstance(port, str):
        port = int(port) if port.isdecimal() else next((p.container_port for p in container.ports if p.name == port), 0)
    return Asked(path=probe.http_get.path, port=port)


def _ports(config: ConfigMap | None) -> tuple[bool, dict[str, int]]:
    """Whether the Corefile could be read, and the port of each of the two plugins that it has."""
    if config is None:
        return False, {}
    try:
        blocks = corefile.parse(config.data.get("Corefile", "")).blocks
    except corefile.CorefileError:
        return False, {}
    found: dict[str, int] = {}
    for block in blocks:
        for name, usual in (("ready", 8181), ("health", 8080)):
            for directive in block.all(name):
                port = directive.args[0].rpartition(":")[2] if directive.args else ""
                found.setdefault(name, int(port[:5]) if port.isascii() and port.isdecimal() else usual)
    return bool(blocks), found


def diagnose(facts: Facts) -> Iterator[Observation]:
    """A probe that asks the wrong thing, or one that nobody answers."""
    if facts.other_readiness:
        return
    if facts.readiness is None:
        yield _early(facts, "has no readiness probe")
    elif facts.readiness.path.rstrip("/") == "/health" or (
        facts.parsed and facts.readiness.port == facts.health_port != facts.ready_port
    ):
        yield _early(facts, f"asks {facts.readiness.path} on port {facts.readiness.port} for readiness")
    unanswered = [*_unanswered(facts, "ready", facts.readiness, facts.ready_port)]
    unanswered += _unanswered(facts, "health", facts.liveness, facts.health_port)
    yield from unanswered
    if facts.parsed and facts.readiness is not None and not unanswered and facts.readiness.path.rstrip("/") == "/ready":
        yield Excluded(
            code=CODE, because=f"the readiness probe asks /ready on port {facts.readiness.port}, which answers"
        )


def _early(facts: Facts, what: str) -> Finding:
    return Finding(
        code=CODE,
        severity=Severity.WARNING,
        summary=f"CoreDNS {what}, so a new pod gets queries before it knows the cluster's names.",
        subject=SUBJECT,
        evidence=(_line(facts),),
        fix="Let the readiness probe ask /ready on port 8181, and keep the plugin ready in the Corefile.",
        commands=_asking(facts, "readiness", "/ready", 8181),
    )


def _unanswered(facts: Facts, plugin: str, asked: Asked | None, port: int | None) -> Iterator[Finding]:
    """A probe of /ready or /health where the Corefile opens no such port."""
    if not facts.parsed or asked is None or asked.path.rstrip("/") != f"/{plugin}" or asked.port == port:
        return
    effect = "never become ready" if plugin == "ready" else "are killed again and again"
    failing = facts.ready < facts.wanted
    where = f"opens it on port {port}" if port else f"lacks the plugin {plugin}"
    yield Finding(
        code=CODE,
        severity=Severity.CRITICAL if failing and not facts.ready else Severity.WARNING,
        summary=f"A probe asks /{plugin} on port {asked.port}, but the Corefile {where}: pods with it {effect}.",
        subject=SUBJECT,
        evidence=(_line(facts),),
        fix=f"Let the probe ask /{plugin} on port {port}, where CoreDNS answers it."
        if port
        else f"Add the line `{plugin}` to the first server block of the Corefile, through the add-on where EKS owns it.",
        commands=_asking(facts, "readiness" if plugin == "ready" else "liveness", f"/{plugin}", port)
        if port
        else ("kubectl -n kube-system get configmap coredns -o yaml",),
    )


def _asking(facts: Facts, probe: str, path: str, port: int) -> tuple[str, ...]:
    """What lets a probe ask where CoreDNS answers: the add-on's own settings, or a patch."""
    mine = facts.owner
    if mine.managed:
        return (mine.update(resolve="OVERWRITE", version=mine.version),)
    asked = f'{{"{probe}Probe":{{"httpGet":{{"path":"{path}","port":{port},"scheme":"HTTP"}}}}}}'
    containers = '{"spec":{"template":{"spec":{"containers":[{"name":"coredns",' + asked[1:-1] + "}]}}}}"
    return (f"kubectl -n kube-system patch deployment coredns --type=strategic -p '{containers}'",)


def _line(facts: Facts) -> str:
    probes = ", ".join(
        f"{name} {asked.path}:{asked.port}"
        for name, asked in (("readiness", facts.readiness), ("liveness", facts.liveness))
        if asked is not None
    )
    plugins = f"Corefile: ready {facts.ready_port or 'missing'}, health {facts.health_port or 'missing'}"
    return f"{SUBJECT}, resourceVersion {facts.version}: {probes or 'no probes'}; {plugins if facts.parsed else 'Corefile: ?'}"


def describe(facts: Facts) -> str:
    """The readiness probe, and whether the Corefile answers it."""
    if facts.readiness is None:
        return "no HTTP readiness probe"
    return f"readiness asks {facts.readiness.path} on port {facts.readiness.port}; {facts.ready} pods are ready"


CHECK = Check(
    name="coredns-readiness",
    title="A CoreDNS pod gets queries only once it knows the cluster's names",
    stage=Stage.COREDNS,
    steps=(),
    source="https://docs.aws.amazon.com/eks/latest/userguide/coredns-add-on-update.html",
    facts=Facts,
    collect=collect,
    diagnose=diagnose,
    describe=describe,
)
