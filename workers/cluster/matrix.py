"""The differential matrix: the survey's single questions drawn together into cells, one for each way and kind of name.

A cell is OK when its questions were answered as they should be. One lost packet that the second try made good is not a
symptom; a question that stayed without an answer twice is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from contract.model import Effect, NameKind, Path, Signal

from .survey import Asked

LOSS = 0.3
"""From this share of lost packets on (and two of them) a way counts as lossy."""
SLOW_SECONDS = 4.0
"""The C libraries ask again after five seconds; a machine that is merely busy answers sooner."""
LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell. sent: packets; lost: those without an answer; effects: of each question, in words and how often.

    absent: the name does not exist at the upstream either, so NXDOMAIN is the right answer.
    """

    path: Path
    node: str
    pod: str
    server: str
    address: str
    server_node: str
    kind: NameKind
    name: str
    transport: str
    questions: int
    sent: int
    lost: int
    effects: tuple[tuple[Effect, int], ...]
    seconds: float
    lines: tuple[str, ...]
    absent: bool = False

    @property
    def effect(self) -> Effect:
        """What the cell comes to."""
        counts = dict(self.effects)
        if self.absent and set(counts) <= {Effect.NXDOMAIN, Effect.NODATA}:
            return Effect.OK
        good = counts.get(Effect.OK, 0)
        if good == self.questions:
            return self._when_answered()
        if good == 0:
            return max(counts, key=lambda effect: (counts[effect], effect is not Effect.SILENT))
        bad = {effect for effect in counts if effect is not Effect.OK}
        return Effect.LOSSY if bad & {Effect.SILENT, Effect.UNREACHABLE, Effect.FAILED} else next(iter(sorted(bad)))

    def _when_answered(self) -> Effect:
        if self.lost >= 2 and self.lost / self.sent >= LOSS:
            return Effect.LOSSY
        return Effect.SLOW if self.seconds > SLOW_SECONDS else Effect.OK


def cells(asked: Iterable[Asked], *, absent: Sequence[str] = ()) -> tuple[Cell, ...]:
    """The cells of some questions. absent: names that no upstream knows."""
    groups: dict[tuple[object, ...], list[Asked]] = {}
    for one in asked:
        key = (one.target.path, one.node, one.pod, one.target.label, one.target.address, one.name, one.transport)
        groups.setdefault(key, []).append(one)
    return tuple(_cell(group, group[0].name.name in absent) for group in groups.values())


def _cell(group: Sequence[Asked], absent: bool) -> Cell:  # noqa: FBT001 - one caller
    first = group[0]
    counts: dict[Effect, int] = {}
    for one in group:
        counts[one.effect] = counts.get(one.effect, 0) + 1
    lost = sum(one.tries if one.effect is Effect.SILENT else one.tries - 1 for one in group)
    shown = sorted(group, key=lambda one: one.effect is Effect.OK)
    return Cell(
        path=first.target.path,
        node=first.node,
        pod=first.pod,
        server=first.target.label,
        address=first.target.address,
        server_node=first.target.node,
        kind=first.name.kind,
        name=first.name.name,
        transport=first.transport,
        questions=len(group),
        sent=sum(one.tries for one in group),
        lost=lost,
        effects=tuple(sorted(counts.items())),
        seconds=max((one.seconds for one in group), default=0.0),
        lines=tuple(one.line for one in shown[:LINES]),
        absent=absent,
    )


def signals(found: Iterable[Cell]) -> Iterator[Signal]:
    """Each cell as a signal for the verdict."""
    for cell in found:
        yield Signal(
            path=cell.path,
            effect=cell.effect,
            summary=sentence(cell),
            node=cell.node,
            server=cell.server,
            same_node=cell.node == cell.server_node if cell.server_node else None,
            kind=cell.kind,
            transport=cell.transport,
            pod=cell.pod,
            zone=cell.name if cell.kind is NameKind.ASKED else "",
            attempts=cell.questions,
            answered=dict(cell.effects).get(Effect.OK, 0),
            seconds=cell.seconds,
            evidence=cell.lines,
        )


WORDS = {
    Effect.OK: "is answered",
    Effect.SILENT: "gets no answer",
    Effect.LOSSY: "is answered only sometimes",
    Effect.UNREACHABLE: "is refused at once: nobody listens, or something rejects it",
    Effect.SERVFAIL: "fails with SERVFAIL",
    Effect.NXDOMAIN: "is answered with NXDOMAIN: no such name",
    Effect.NODATA: "is answered without any address",
    Effect.REFUSED: "is refused by the server (REFUSED)",
    Effect.WRONG: "gets a wrong answer",
    Effect.SLOW: "is answered slowly",
    Effect.FAILED: "fails",
}


def sentence(cell: Cell) -> str:
    """The cell in one sentence."""
    asker = f"pod {cell.pod}" if cell.pod else f"node {cell.node}"
    server = f"{cell.server} ({cell.address})" if cell.server != cell.address else cell.address
    share = ""
    if cell.effect is Effect.LOSSY:
        share = f": {cell.sent - cell.lost} of {cell.sent} packets came back"
    return f"{cell.name} asked of {server} over {cell.transport.upper()} from {asker} {WORDS[cell.effect]}{share}."


def absent_names(asked: Iterable[Asked]) -> tuple[str, ...]:
    """External names that the upstream itself says do not exist, and never answered otherwise."""
    said: dict[str, set[Effect]] = {}
    for one in asked:
        if one.target.path is Path.UPSTREAM and one.name.kind is NameKind.EXTERNAL and one.reply is not None:
            said.setdefault(one.name.name, set()).add(one.effect)
    return tuple(sorted(name for name, effects in said.items() if effects <= {Effect.NXDOMAIN, Effect.NODATA}))
