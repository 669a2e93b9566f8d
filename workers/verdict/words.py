"""The verdict in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from contract.model import Effect, Finding, NameKind, Outcome, Path, Question, Signal, Status, StepResult

LAYERS = {
    Path.CLUSTER_IP: "the way through the Service (kube-proxy's rules, the Service, its endpoints)",
    Path.REPLICA: "the network between the nodes and the CoreDNS pods (security groups, network ACLs, policies, routes)",
    Path.FORWARD: "CoreDNS itself, or what it forwards to",
    Path.UPSTREAM: "the name servers that CoreDNS forwards to",
    Path.CLIENT: "what pods are given as resolv.conf, or their resolver",
    Path.NODE_LOCAL: "NodeLocal DNSCache on the node",
    Path.OTHER: "the node's network",
}
NEXT = {
    Path.CLUSTER_IP: "restart kube-proxy on one such node and ask again",
    Path.REPLICA: "compare security groups, network ACLs and policies of a node that works with one that does not",
    Path.FORWARD: "read the logs of that CoreDNS pod",
    Path.UPSTREAM: "ask the VPC resolver from a node itself",
    Path.CLIENT: "compare /etc/resolv.conf of a pod that works with one that does not",
    Path.NODE_LOCAL: "look at the node-local-dns pod of that node",
    Path.OTHER: "look at the node",
}
VERBS = {
    Effect.SILENT: "no answer",
    Effect.LOSSY: "answers only sometimes",
    Effect.UNREACHABLE: "refused at once",
    Effect.SERVFAIL: "SERVFAIL",
    Effect.NXDOMAIN: "no such name (NXDOMAIN)",
    Effect.NODATA: "an answer without an address",
    Effect.REFUSED: "REFUSED",
    Effect.WRONG: "a wrong answer",
    Effect.SLOW: "slow answers",
    Effect.FAILED: "a failure",
}
MANY = 8


def unexplained_lines(left: Sequence[Signal]) -> tuple[str, ...]:
    """The symptoms that no cause explains, drawn together by way and effect, with the cheapest next test."""
    groups: dict[tuple[Path, Effect, NameKind], list[Signal]] = {}
    for one in left:
        groups.setdefault((one.path, one.effect, one.kind), []).append(one)
    return tuple(_line(*key, group) for key, group in list(groups.items())[:MANY])


def _line(path: Path, effect: Effect, kind: NameKind, group: Sequence[Signal]) -> str:
    where = _places(group)
    if len(group) == 1:
        said = group[0].summary.rstrip(".")
    else:
        what = f"{kind} names" if kind else "questions"
        said = f"{len(group)} ways of asking {what} got {VERBS.get(effect, effect)}{where}"
    return f"{said}. It points at {LAYERS[path]}. Next: {NEXT[path]}."


def _places(group: Sequence[Signal]) -> str:
    nodes = list(dict.fromkeys(s.node for s in group if s.node))
    servers = list(dict.fromkeys(s.server for s in group if s.server))
    places = f" from {', '.join(nodes[:4])}{' and more' if len(nodes) > 4 else ''}" if nodes else ""
    return places + (f" at {', '.join(servers[:4])}{' and more' if len(servers) > 4 else ''}" if servers else "")


def summary(
    status: Status,
    question: Question,
    causes: Sequence[Finding],
    unexplained: Sequence[str],
    steps: Sequence[StepResult],
) -> str:
    """The verdict in one sentence."""
    if causes:
        more = f" ({len(causes) - 1} more below.)" if len(causes) > 1 else ""
        return f"{causes[0].summary}{more}"
    if unexplained:
        return f"DNS fails, and no known cause fits: {unexplained[0]}"
    if status is Status.HEALTHY:
        looked = sum(s.outcome is Outcome.OK for s in steps)
        blind = sum(s.outcome is Outcome.UNKNOWN for s in steps)
        about = f", {question.name} included" if question.name else ""
        rest = f"; {blind} could not look" if blind else ""
        return f"DNS works in {question.cluster}{about}: {looked} of {len(steps)} steps found nothing wrong{rest}."
    first = next((s for s in steps if s.outcome is Outcome.UNKNOWN), None)
    return f"DNS in {question.cluster} could not be seen: {first.because or first.summary if first else 'no step could look'}."
