"""What CoreDNS itself says of the name that somebody asked about, and of the names that it is expanded to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from contract.model import Effect

from .answers import askable, query
from .clients import NDOTS, Client, asked_client
from .errors import CannotRead, Gap, Gaps
from .names import Libc, domain_of, dots, expansions, parsed, plain, search_of, under
from .objects import Pod
from .reader import SYSTEM, Told
from .resolv_conf import parse
from .survey import Asked, ResolvConf
from .whole import Cluster

CANDIDATES = 12
FEW = 2
MANY = 10
AT_ONCE = 8
ORDINAL = re.compile(r"-\d+$")
"""How the names of a StatefulSet's pods end."""
SUFFIXES = 6
"""As many search domains of a pod's own are tried for a name that nobody can have made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one CoreDNS pod said of one name over port-forward. rcode: "" where no answer came. ttl: in seconds."""

    pod: str
    effect: Effect
    line: str
    rcode: str = ""
    authoritative: bool = False
    ttl: int = 0
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One absolute name that the asked name may mean, and what each CoreDNS pod said of it."""

    name: str
    said: tuple[Said, ...]

    @property
    def resolves(self) -> bool:
        """Whether any CoreDNS pod has an address for it."""
        return any(one.effect is Effect.OK for one in self.said)

    @property
    def absent(self) -> bool:
        """Whether every CoreDNS pod that answered says that it does not exist or has no address."""
        return bool(self.said) and all(one.effect in (Effect.NXDOMAIN, Effect.NODATA) for one in self.said)

    @property
    def lines(self) -> tuple[str, ...]:
        """The answers, for evidence."""
        return tuple(one.line for one in self.said)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedName:
    """The asked name as it was written, and the absolute names that it stands for, in the order of a glibc resolver.

    namespace: of the pod asked about, "" where nobody asked about one. search, ndots: with which it was expanded.
    """

    name: str
    domain: str
    candidates: tuple[Candidate, ...]
    namespace: str = ""
    search: tuple[str, ...] = ()
    ndots: int = NDOTS

    @property
    def itself(self) -> Candidate | None:
        """The name taken as absolute."""
        return self.of(plain(self.name))

    @property
    def found(self) -> Candidate | None:
        """The first of the names that resolves."""
        return next((one for one in self.candidates if one.resolves), None)

    @property
    def in_cluster(self) -> bool:
        """Whether the name as written is under the cluster's domain."""
        return parsed(self.name, self.domain) is not None

    @property
    def suffix(self) -> str:
        """The search domain with which it resolves; "" where it does not, or as it stands."""
        found = self.found
        return "" if found is None or found is self.itself else found.name.removeprefix(f"{plain(self.name)}.")

    def of(self, name: str) -> Candidate | None:
        """The candidate of that name."""
        return next((one for one in self.candidates if one.name == name), None)


def asked_name(cluster: Cluster, gaps: Gaps) -> AskedName:
    """Ask the CoreDNS pods about the asked name and its expansions, over port-forward. Raises CannotRead for no DNS name."""
    written = cluster.question.name.strip()
    try:
        query(written)
    except ValueError as problem:
        raise CannotRead("ask for", written[:80], str(problem)) from None
    domain = domain_of(cluster.entry.names_internal)
    client = asked_client(cluster, gaps)
    pods = _pods(cluster, gaps)
    itself = plain(written)
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="asked") as pool:
        # The slowest answers start before the survey ends: each question is asked once, its answer is kept.
        early = [pool.submit(_ask, cluster, itself, pod) for pod in pods[:MANY]] if itself else []
        search, ndots = _settings(cluster, gaps, client, domain)
        wanted = list(expansions(written, search, ndots, Libc.GLIBC))[:CANDIDATES]
        found = _ask_all(cluster, gaps, pool, [(n, pods[: MANY if n == itself else FEW]) for n in wanted])
        wait(early)
    return AskedName(
        name=written, domain=domain, namespace=client.namespace if client else "", search=search, ndots=ndots,
        candidates=found,
    )  # fmt: skip


def _pods(cluster: Cluster, gaps: Gaps) -> list[Pod]:
    """The CoreDNS pods that can be asked, ready ones first."""
    pods = [p for p in gaps.of(cluster.coredns_pods, ()) if p.running and p.addresses]
    return sorted(pods, key=lambda p: (not p.ready, p.name))


def said_of(cluster: Cluster, gaps: Gaps, names: Sequence[str]) -> tuple[Candidate, ...]:
    """What some CoreDNS pods say of absolute NAMES, all asked at once."""
    pods = _pods(cluster, gaps)[:FEW]
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="asked") as pool:
        return _ask_all(cluster, gaps, pool, [(plain(name), pods) for name in names])


def _settings(cluster: Cluster, gaps: Gaps, client: Client | None, domain: str) -> tuple[tuple[str, ...], int]:
    """Search list and ndots of the asked pod by its specification, or of any pod of the application namespaces."""
    from_probe = [parse(r.text).search for r in _probes(cluster, gaps) if r.policy == "Default"]
    node = tuple(dict.fromkeys(plain(d) for search in from_probe for d in search))
    if client is None:
        namespaces = cluster.app_namespaces or ("default",)
        own = [search_of(namespace, domain) for namespace in namespaces]
        firsts = [search[0] for search in own]
        return (*firsts, *own[0][1:], *node), NDOTS
    if client.policy == "None":
        return client.searches, client.effective_ndots
    base = node if client.from_node else (*search_of(client.namespace, domain), *node)
    return (*base, *client.searches), client.effective_ndots


def _probes(cluster: Cluster, gaps: Gaps) -> Iterable[ResolvConf]:
    survey = gaps.of(cluster.survey, None)
    return survey.resolv if survey else ()


def _ask_all(
    cluster: Cluster, gaps: Gaps, pool: ThreadPoolExecutor, wanted: Sequence[tuple[str, Sequence[Pod]]]
) -> tuple[Candidate, ...]:
    pairs = [(name, pod) for name, pods in wanted for pod in pods]
    told = list(pool.map(lambda pair: _ask(cluster, *pair), pairs))
    for gap in dict.fromkeys(one for one in told if isinstance(one, Gap)):
        gaps.add(gap.what, gap.reason, gap.grant)
    answers: dict[str, list[Said]] = {name: [] for name, _ in wanted}
    for (name, _), one in zip(pairs, told, strict=True):
        if isinstance(one, Told):
            answers[name].append(_said(one))
    return tuple(Candidate(name=name, said=tuple(said)) for name, said in answers.items())


def _ask(cluster: Cluster, name: str, pod: Pod) -> Told | Gap:
    """One name of one pod, in the family that Services have; a name with none of it is asked for the other."""
    try:
        rtype = cluster.internal().rtype if under(name, domain_of(cluster.entry.names_internal)) else "A"
        told = cluster.ask(pod, name, rtype)
        other = cluster.ask(pod, name, "AAAA" if rtype == "A" else "A") if told.effect is Effect.NODATA else told
        return other if other.effect is Effect.OK else told
    except CannotRead as problem:
        return Gap(what=f"{problem.verb} {problem.object}", reason=problem.reason, grant=problem.grant)
    except ValueError:
        return Gap(what=f"ask for {name[:80]}", reason="it is no DNS name with this search domain")


def _said(one: Told) -> Said:
    reply = one.reply
    return Said(
        pod=one.pod, effect=one.effect, line=one.line, rcode=reply.rcode if reply else "",
        authoritative=bool(reply and reply.authoritative), ttl=reply.ttl if reply else 0,
        addresses=reply.addresses[:8] if reply else (),
    )  # fmt: skip


def in_its_family(asked: AskedName, seen: Iterable[Asked]) -> list[Asked]:
    """The probes' answers for the name, where it has IPv6 addresses alone: that there is no other is the right answer."""
    found = asked.found
    known = {address for one in found.said for address in one.addresses} if found is asked.itself and found else set()
    if not known or not all(":" in address for address in known):
        return list(seen)
    return [
        replace(one, effect=Effect.OK) if one.effect is Effect.NODATA and one.name.rtype == "A" else one for one in seen
    ]


def meant(cluster: Cluster, gaps: Gaps, asked: AskedName) -> str:
    """The cluster name that the asked name means, as `meant_by` has it."""
    namespaces = {each.name for each in gaps.of(cluster.namespaces, ())}
    labels = plain(asked.name).split(".")
    spaces: tuple[str, ...] = ()
    if len(labels) == 2 and asked.found is None:
        home = (asked.namespace,) if asked.namespace else cluster.app_namespaces
        spaces = (*home, *({labels[1]} & namespaces))
    # Where they may not be read, the name is taken as if no Service were called so: that is no gap in what is judged.
    listed = {s: Gaps().of(lambda n=s: cluster.services(n), None) for s in spaces if s != SYSTEM}  # type: ignore[misc]
    services = {s: {one.name: one.headless for one in each} for s, each in listed.items() if each is not None}
    return meant_by(asked, namespaces, services)


def meant_by(asked: AskedName, namespaces: set[str], services: Mapping[str, Mapping[str, bool]]) -> str:
    """The cluster name that the asked name means: what it resolves to, or what its labels look like; "" for an outside one.

    services: by namespace, those of the asking pods first, whether each Service there is headless.
    """
    found = asked.found
    if found is not None and parsed(found.name, asked.domain) is not None:
        return found.name
    if asked.in_cluster:
        return plain(asked.name)
    labels = plain(asked.name).removesuffix(".svc").split(".")
    if asked.name.endswith(".") or not labels[0] or (found is not None and found is asked.itself):
        return ""
    if len(labels) == 1 and (asked.namespace or len(asked.search) > 0):
        return next((one.name for one in asked.candidates if parsed(one.name, asked.domain)), "")
    # As it stands it may be an outside name, so it must not exist as one.
    gone = asked.itself is None or asked.itself.absent
    home = _of_a_pod(plain(asked.name).split("."), namespaces, services) if gone else ""
    if home:
        return f"{'.'.join(labels)}.{home}.svc.{asked.domain}"
    if len(labels) in (2, 3) and labels[-1] in namespaces:
        return f"{'.'.join(labels)}.svc.{asked.domain}"
    return ""


def _of_a_pod(labels: Sequence[str], namespaces: set[str], services: Mapping[str, Mapping[str, bool]]) -> str:
    """The namespace in which LABELS are POD.SERVICE rather than SERVICE.NAMESPACE or an outside name, or ""."""
    if len(labels) != 2 or not namespaces:
        return ""
    first, last = labels
    numbered = ORDINAL.search(first) is not None
    if last not in namespaces:
        return next((space for space, known in services.items() if known.get(last) or (numbered and last in known)), "")
    if first in services.get(last, {first: False}):
        return ""
    return next((space for space, known in services.items() if known.get(last)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wildcard:
    """A search domain of the asked pod's own in which a name that nobody can have made has addresses.

    name: that name. caught: the addresses of the asked name, where the same record takes it from what is meant by it.
    """

    pod: str
    suffix: str
    name: str
    addresses: tuple[str, ...]
    caught: tuple[str, ...] = ()


def own_wildcards(cluster: Cluster, gaps: Gaps) -> tuple[tuple[str, ...], tuple[Wildcard, ...]]:
    """The search domains that the asked pod has and no probe, and those of them that answer for any name."""
    # That there is no such pod, or no probe, is told elsewhere: here it is the answers that may be missing.
    client, survey = asked_client(cluster, Gaps()), Gaps().of(cluster.survey, None)
    if client is None or survey is None or not survey.canary:
        return (), ()
    domain, canary = domain_of(cluster.entry.names_internal), survey.canary
    tried = {plain(d) for r in survey.resolv if r.policy != "Default" for d in parse(r.text).search}
    own = [d for d in dict.fromkeys(map(plain, client.searches)) if d and d not in tried and not under(d, domain)]
    own = [d for d in own if askable(f"{canary}.{d}")][:SUFFIXES]
    if not own:
        return (), ()
    told = dict(zip(own, said_of(cluster, gaps, [f"{canary}.{suffix}" for suffix in own]), strict=True))
    wild = {suffix: said for suffix, one in told.items() for said in one.said[::-1] if said.addresses}
    asked = _otherwise_meant(cluster, client) if wild else None
    return tuple(own), tuple(
        Wildcard(pod=client.pods[0], suffix=suffix, name=canary, addresses=one.addresses[:4],
                 caught=_by_the_same(asked, suffix, one.addresses))
        for suffix, one in wild.items()
    )  # fmt: skip


def _by_the_same(asked: AskedName | None, suffix: str, addresses: Iterable[str]) -> tuple[str, ...]:
    """The addresses of the asked name with SUFFIX, where they are those of its wildcard rather than of a record of its own."""
    found = asked.found if asked is not None and asked.suffix == suffix else None
    said = found.said if found is not None else ()
    return next((one.addresses[:4] for one in said if set(one.addresses) & set(addresses)), ())


def _otherwise_meant(cluster: Cluster, client: Client) -> AskedName | None:
    """The asked name, where what a search domain of CLIENT makes of it cannot be what is meant.

    Where nothing else has the name, a wildcard may be there for just that: only a name that exists as it stands, or that
    looks like one of the cluster's, is known to mean another thing. A pod that asks other servers need not get what CoreDNS
    says.
    """
    if not cluster.question.name or not askable(cluster.question.name.strip()):
        return None
    service = Gaps().of(lambda: cluster.service(SYSTEM, "kube-dns"), None)
    known = set(service.addresses) if service else set()
    if client.from_node or (client.policy == "None" and not known & set(client.nameservers)):
        return None
    asked = asked_name(cluster, Gaps())
    exists = asked.itself is not None and asked.itself.resolves
    looks_like_ours = dots(plain(asked.name)) > 0 and bool(meant(cluster, Gaps(), asked))
    return asked if exists or looks_like_ours else None
