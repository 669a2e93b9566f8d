"""The verdict in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from contract.model import Effect, Finding, NameKind, Outcome, Path, Question, Signal, Status, StepResult

from .layers import ADVICE
from .localise import Layer, layer_of
from .view import Matrix

VERBS = {
    Effect.SILENT: "no answer",
    Effect.LOSSY: "an answer only sometimes",
    Effect.UNREACHABLE: "a refusal at once (nobody listens)",
    Effect.SERVFAIL: "an error (SERVFAIL)",
    Effect.NXDOMAIN: "“no such name” (NXDOMAIN)",
    Effect.NODATA: "an answer without an address",
    Effect.REFUSED: "a refusal (REFUSED)",
    Effect.WRONG: "a wrong answer",
    Effect.SLOW: "a slow answer",
    Effect.FAILED: "a failure",
}
NAMES = {
    NameKind.INTERNAL: "names inside the cluster",
    NameKind.EXTERNAL: "outside names",
    NameKind.ASKED: "the asked name",
    NameKind.CANARY: "a name that nobody has",
}
AS_PODS_ASK = frozenset({Path.CLUSTER_IP, Path.CLIENT, Path.NODE_LOCAL})
SHOWN = 3
INSIDE = "client-libraries"
"""The step that looks from inside the asked pod."""


def unexplained_lines(
    left: Sequence[Signal], signals: Sequence[Signal], steps: Sequence[StepResult]
) -> tuple[str, ...]:
    """One line a layer for the symptoms that no cause explains: what fails, where it points, the cheapest next test."""
    matrix = Matrix(signals)
    groups: dict[Layer, list[Signal]] = {}
    for one in left:
        groups.setdefault(layer_of(one, matrix), []).append(one)
    return tuple(_line(layer, groups[layer], steps) for layer in Layer if layer in groups)


def _line(layer: Layer, group: Sequence[Signal], steps: Sequence[StepResult]) -> str:
    advice = ADVICE[layer]
    said = group[0].summary.rstrip(".") if len(group) == 1 else _together(group)
    return f"{said}. It points at {advice.points}. Next: {_blind(advice.checks, steps) or advice.test}."


def _together(group: Sequence[Signal]) -> str:
    names = _list([NAMES[k] for k in NAMES if any(s.kind is k for s in group)], " and ") or "questions"
    came = _list([VERBS[e] for e in VERBS if any(s.effect is e for s in group)], " or ")
    pods = list(dict.fromkeys(s.pod for s in group if s.pod))
    nodes = list(dict.fromkeys(s.node for s in group if s.node))
    servers = list(dict.fromkeys(s.server for s in group if s.server))
    askers = f"pod {_some(pods)}" if pods else _some(nodes)
    one = len(pods or nodes) == 1
    asking = f" when {askers} {'asks' if one else 'ask'}{' ' * bool(servers)}{_some(servers)}" if askers else ""
    source = asking or (f" from {_some(servers)}" if servers else "")
    first = f"{names[:1].upper()}{names[1:]}"
    return f"{first}: {came}{source} ({len(group)} ways of asking)"


def _some(things: Sequence[str]) -> str:
    more = f" and {len(things) - SHOWN} more" if len(things) > SHOWN else ""
    return ", ".join(things[:SHOWN]) + more


def _list(things: Sequence[str], last: str) -> str:
    return last.join(filter(None, [", ".join(things[:-1]), things[-1]])) if things else ""


def _blind(checks: Sequence[str], steps: Sequence[StepResult]) -> str:
    """A step that looks at this layer and could not: its grant is the cheapest test."""
    for one in steps:
        if one.check in checks and one.outcome is Outcome.UNKNOWN and one.grant:
            return f"let the step “{one.title}” look (needs: {one.grant.split('; ')[0]}) and check again"
    return ""


def summary(
    status: Status,
    question: Question,
    causes: Sequence[Finding],
    unexplained: Sequence[str],
    steps: Sequence[StepResult],
) -> str:
    """The verdict in one sentence, or two."""
    if causes:
        more = f" ({len(causes) - 1} more below.)" if len(causes) > 1 else ""
        return f"{causes[0].summary}{more}"
    if unexplained:
        return f"DNS fails, and no known cause fits: {unexplained[0]}"
    if status is Status.HEALTHY:
        return _healthy(question, steps)
    first = next((s for s in steps if s.outcome is Outcome.UNKNOWN), None)
    why = (first.because or first.summary) if first else "no step could look"
    return f"DNS in {question.cluster} could not be seen: {why}."


def _healthy(question: Question, steps: Sequence[StepResult]) -> str:
    looked = sum(s.outcome is Outcome.OK for s in steps)
    blind = sum(s.outcome is Outcome.UNKNOWN for s in steps)
    rest = f"; {blind} could not look" if blind else ""
    good = [one for step in steps for one in step.signals if not one.bad]
    if not any(step.signals for step in steps):
        return f"Nothing wrong was found by {looked} of {len(steps)} steps in {question.cluster}{rest}; no name was looked up."
    works = f"DNS works in {question.cluster}"
    if not any(one.path in AS_PODS_ASK for one in good):
        works = f"CoreDNS answers in {question.cluster}, though nobody could ask as pods do"
    about = ""
    if question.name:
        seen = any(one.kind is NameKind.ASKED for one in good)
        about = f", {question.name} included" if seen else f"; {question.name} was not looked up"
    return (
        f"{works}{about}: {looked} of {len(steps)} steps found nothing wrong{rest}.{_of_the_pod(question.pod, steps)}"
    )


LEFT = (
    "the resolver in its image, an address that it keeps, or a connection that it has held since before. "
    "Restart one pod and compare."
)


def _of_the_pod(pod: str, steps: Sequence[StepResult]) -> str:
    """What is left where somebody asked about a pod, or about what makes its pods, and nothing wrong shows."""
    if not pod:
        return ""
    if any(s.pod == pod or s.pod.startswith(f"{pod}-") for step in steps for s in step.signals):
        return (
            f" Lookups from the network of pod {pod} work too. If its application still fails, what is left cannot be seen "
            f"from outside: {LEFT}"
        )
    if any(s.check == INSIDE and s.outcome is Outcome.UNKNOWN for s in steps):
        return (
            f" Nobody could look from inside pod {pod}. If its application still fails, what is left may be its own network "
            f"or resolv.conf, {LEFT}"
        )
    return ""
