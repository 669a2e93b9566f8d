"""Make a case of a check: `python -m tests.record FACTS CHECK CASE "what the facts show" "where they were recorded"`.

The expectation that it writes is what the check says today: read it before you keep it. The last sentence says which real
cluster the facts are of, and what was done to it; without it nothing tells that they were not written by hand.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from contract.model import Excluded, Finding, Signal
from workers.checks import Check, all_checks

FOLDER = Path(__file__).parent / "checks"


def expectation(check: Check[Any], facts: Any) -> dict[str, Any]:
    """What the check says of the facts, as a case holds it."""
    seen = list(check.diagnose(msgspec.convert(facts, check.facts)))
    return {
        "findings": [[f.code, str(f.severity), f.subject] for f in seen if isinstance(f, Finding)],
        "signals": [
            [str(s.path), str(s.effect), s.node, s.server, str(s.kind), s.transport]
            for s in seen
            if isinstance(s, Signal)
        ],
        "excluded": [e.code for e in seen if isinstance(e, Excluded)],
    }


def kept(check: Check[Any], facts: Any) -> Any:
    """What is left of the facts once the check has read them: less, or more, where they are of another shape."""
    return json.loads(msgspec.json.encode(msgspec.convert(facts, check.facts)))


def record(file: Path, name: str, case: str, title: str, recorded: str = "") -> Path:
    """Write the case and return its path.

    Raises KeyError for a check that FILE does not know, ValueError where it holds no facts of it, or older ones.
    """
    saved = json.loads(file.read_text(encoding="utf-8"))
    facts = {step["check"]: step["facts"] for step in saved["steps"]}[name]
    check = next(check for check in all_checks() if check.name == name)
    if facts is None or kept(check, facts) != facts:
        raise ValueError(f"{file} holds no facts of {name} in their present shape: record them anew")
    path = FOLDER / name / f"{case}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    made: dict[str, Any] = {"title": title} | ({"recorded": recorded} if recorded else {})
    made |= {"facts": facts, "expect": expectation(check, facts)}
    path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.stdout.write(f"{record(Path(sys.argv[1]), *sys.argv[2:6])}\n")
