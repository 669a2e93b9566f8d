"""Every observation of every fault taken away, one at a time, and every pair of faults at once: what the verdict says then."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import msgspec

from contract.model import Question, Status, StepResult
from tests.faults import FAULTS, Fault
from tests.mutations import mutations
from tests.worlds import CHECKS, World, together
from workers.runner import Kept, judged
from workers.verdict import judge

KINDS = ("step", "sight", "finding", "signal", "exclusion")


def outcome(question: Question, steps: Sequence[StepResult], allowed: set[str]) -> str:
    """What the verdict makes of it, in a word or two."""
    verdict = judge(question, steps)
    codes = {cause.code for cause in verdict.causes}
    symptoms = any(signal.bad for step in steps for signal in step.signals)
    if codes - allowed:
        return "FALSE BLAME"
    if symptoms and verdict.status is Status.HEALTHY:
        return "HEALTHY WITH SYMPTOMS"
    if codes:
        return "named, more open" if verdict.unexplained else "named"
    return "open" if verdict.unexplained else str(verdict.status)


def recorded() -> Iterator[tuple[str, Question, list[StepResult], set[str]]]:
    """The runs of a real cluster: name, question, steps, and what may be named."""
    folder = Path(__file__).parents[1] / "verdicts"
    for name, expected in json.loads((folder / "expected.json").read_text(encoding="utf-8")).items():
        saved = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        steps = [judged(CHECKS[one["check"]], msgspec.convert(one, Kept)) for one in saved["steps"]]
        question = msgspec.convert(saved["question"], Question)
        yield f"recorded {name}", question, steps, {*expected["first"], *expected["also"]}


def worlds() -> Iterator[tuple[str, Question, list[StepResult], set[str]]]:
    """The same of each fault's world of facts."""
    for fault in FAULTS:
        world = fault.make()
        yield fault.id, world.question, world.steps(), {fault.code, *fault.also}


def one_less() -> dict[str, Counter[str]]:
    """Counts of outcomes by what was taken away."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    for name, question, all_steps, allowed in (*worlds(), *recorded()):
        for what, steps in mutations(all_steps):
            came = outcome(question, steps, allowed)
            counts[what.split()[0]][came] += 1
            if came.isupper():
                _say(f"{came}: {name} without {what}")
    return counts


def fitting() -> Iterator[tuple[Fault, World, Fault, World]]:
    """Pairs of different faults that one question can be about."""
    worlds = [(fault, fault.make()) for fault in FAULTS if fault.code]
    for (a, one), (b, other) in combinations(worlds, 2):
        same = all(not (x and y) or x == y for x, y in ((one.name, other.name), (one.pod, other.pod)))
        if a.code != b.code and same:
            yield a, one, b, other


def pairs() -> Counter[str]:
    """Counts of pairs: both named, one of them, none, a third."""
    counts: Counter[str] = Counter()
    for a, one, b, other in fitting():
        question, steps = together(one, other)
        codes = {cause.code for cause in judge(question, steps).causes}
        if codes - {a.code, b.code, *a.also, *b.also}:
            counts["FALSE BLAME"] += 1
            _say(f"FALSE BLAME: {a.id} and {b.id}: {', '.join(sorted(codes))}")
        else:
            counts[("none", "one named", "both named")[len(codes & {a.code, b.code})]] += 1
    return counts


def run() -> bool:
    """Print the counts; whether nothing was blamed falsely."""
    counts = one_less()
    for kind, found in counts.items():
        shown = ", ".join(f"{word} {count}" for word, count in found.most_common())
        _say(f"verdict without one {kind:10} {sum(found.values()):6}: {shown}")
    both = pairs()
    shown = ", ".join(f"{word} {count}" for word, count in both.most_common())
    _say(f"verdict, two faults at once    {sum(both.values()):6}: {shown}")
    return not any(word.isupper() for found in (*counts.values(), both) for word in found)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
