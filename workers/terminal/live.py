"""The live list of the steps: every step at once, each marked as it ends; plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.live import Live as RichLive
from rich.markup import escape
from rich.table import Table

from contract.model import Outcome, StepResult
from workers.checks import Check

MARKS = {
    Outcome.OK: "[green]✓[/]",
    Outcome.PROBLEM: "[red]✗[/]",
    Outcome.UNKNOWN: "[yellow]?[/]",
    Outcome.SKIPPED: "[dim]-[/]",
}
WORDS = {Outcome.OK: "ok", Outcome.PROBLEM: "problem", Outcome.UNKNOWN: "unknown", Outcome.SKIPPED: "skipped"}


class Live:
    """Use it in a `with`; nothing is shown when quiet."""

    def __init__(self, checks: Sequence[Check[Any]], *, quiet: bool) -> None:
        self._checks, self._quiet = checks, quiet
        self._console = Console(stderr=False, highlight=False)
        self._ended: dict[str, StepResult] = {}
        self._began = time.monotonic()
        self._live: RichLive | None = None

    def __enter__(self) -> Self:
        if not self._quiet and self._console.is_terminal:
            self._live = RichLive(
                get_renderable=self._table, console=self._console, refresh_per_second=8, transient=True
            )
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.__exit__(kind, value, trace)
        if not self._quiet:
            for step in self._ended.values():
                self._console.print(line(step), soft_wrap=True)

    def ended(self, step: StepResult) -> None:
        """Mark a step as done."""
        self._ended[step.check] = step

    def _table(self) -> RenderableType:
        table = Table.grid(padding=(0, 1))
        for check in self._checks:
            step = self._ended.get(check.name)
            mark = MARKS[step.outcome] if step else "[cyan]·[/]"
            said = escape(step.summary) if step else f"[dim]looking … {time.monotonic() - self._began:.0f} s[/]"
            table.add_row(mark, escape(check.title), f"[dim]{said}[/]")
        return table


def line(step: StepResult) -> str:
    """One step in one line; the word stands beside the mark for those who cannot see colours."""
    return f"{MARKS[step.outcome]} {WORDS[step.outcome]:8}{escape(step.title)} [dim]- {escape(step.summary)}[/]"
