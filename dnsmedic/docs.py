"""Writes docs/checks.md from the checks themselves: `make docs`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from workers.checks import Check, all_checks

PAGE = Path(__file__).parent.parent / "docs" / "checks.md"
HEAD = """# The checks

What `dnsmedic check` looks at, in the order in which a person would look. Each title states the healthy condition.
This page is written by `make docs` from the checks' own docstrings.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join([HEAD, *(_section(check) for check in all_checks())])


def _section(check: Check[Any]) -> str:
    stage = check.stage.name.lower().replace("_", " ")
    steps = f" · runbook steps {', '.join(check.steps)}" if check.steps else ""
    manual = (sys.modules[check.collect.__module__].__doc__ or "").strip()
    return f"## {check.title}\n\n`{check.name}` · {stage}{steps}\n\n{manual}\n\nSource: {check.source}\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
