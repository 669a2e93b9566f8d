"""Writes docs/checks.md from the checks themselves, and docs/causes.md from the pages of the codes: `make docs`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from contract.catalogue import CODES, Code
from contract.catalogue import page as page_of
from dnsmedic.runbook import RUNBOOK, STEPS, WITHOUT
from workers.checks import Check, all_checks

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "checks.md"
CAUSES = DOCS / "causes.md"
HEAD = f"""# The checks

What `dnsmedic check` looks at, in the order in which a person would look. Each title states the healthy condition.
This page is written by `make docs` from the checks' own docstrings.

## The runbook's steps

[AWS' runbook for DNS failures on EKS]({RUNBOOK}), step by step, and the check that takes the place of each.

| step | what it is about | check |
|---|---|---|
"""

CAUSES_HEAD = """# The causes

What `dnsmedic` can name, and what to do about it. `dnsmedic explain CODE` prints the same. A code is never renamed.
This page is written by `make docs` from the pages of `contract/pages`.

| fault | code | layer | what is wrong | makes a verdict |
|---|---|---|---|---|
"""


def page() -> str:
    """The page of the checks, as Markdown."""
    checks = all_checks()
    rows = "".join(f"| {step} | {about} | {_done_by(step, checks)} |\n" for step, about in STEPS.items())
    return "\n".join([HEAD + rows, *_sections(checks)])


def _done_by(step: str, checks: tuple[Check[Any], ...]) -> str:
    """The checks of a step, or why it has none. Raises KeyError for a step that has neither."""
    names = [f"`{check.name}`" for check in checks if step in check.steps]
    return ", ".join(names) or WITHOUT[step]


def _sections(checks: tuple[Check[Any], ...]) -> Iterator[str]:
    for check in checks:
        stage = check.stage.name.lower().replace("_", " ")
        steps = f" · runbook steps {', '.join(check.steps)}" if check.steps else ""
        manual = (sys.modules[check.collect.__module__].__doc__ or "").strip()
        source = "" if check.source in manual else f"\n\nSource: {check.source}"
        yield f"## {check.title}\n\n`{check.name}` · {stage}{steps}\n\n{manual}{source}\n"


def causes() -> str:
    """The page of the causes, as Markdown."""
    rows = "".join(
        f"| {each.id} | [{each.code}](#{each.code}) | {each.layer} | {each.title} | {each.status} |\n"
        for each in CODES.values()
    )
    return "\n".join([CAUSES_HEAD + rows, *map(_cause, CODES.values())])


def _cause(code: Code) -> str:
    written = page_of(code.code)
    parts = [f"### {heading}\n\n{words.strip()}\n" for heading, words in written.sections]
    named = " · ".join(part for part in (code.id, code.layer, f"usually {code.severity}") if part)
    return "\n".join([f"## {code.code}\n\n{written.title} · {named}\n", *parts])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    CAUSES.write_text(causes(), encoding="utf-8")
