"""The verdict for a person at a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape

from contract.model import Cause, Report, Status

STATUS = {
    Status.HEALTHY: "[bold green]Healthy[/]",
    Status.PROBLEM: "[bold red]Problem[/]",
    Status.AT_RISK: "[bold yellow]At risk[/]",
    Status.CANNOT_SEE: "[bold]Cannot see[/]",
}
MOST_EVIDENCE = 12


def show(report: Report) -> None:
    """Print the verdict: status, causes with evidence and fix, what was ruled out, what could not be seen."""
    console = Console(highlight=False)
    verdict = report.verdict

    def say(text: str = "") -> None:
        console.print(text, soft_wrap=True)

    say()
    say(f"{STATUS[verdict.status]}  {escape(verdict.summary)}")
    for number, cause in enumerate(verdict.causes, 1):
        _cause(console, number, cause)
    if verdict.unexplained:
        say("\n[bold]Not explained[/]")
        for line in verdict.unexplained:
            say(f"  - {escape(line)}")
    if verdict.not_checked:
        say("\n[bold]Not seen[/]")
        for one in _distinct(report):
            say(f"  - {escape(one)}")
    if verdict.ruled_out and verdict.status is not Status.HEALTHY:
        say("\n[bold]Ruled out[/]")
        for out in verdict.ruled_out:
            say(f"  - {out.code}: [dim]{escape(out.because)}[/]")
    say(f"\n[dim]{escape(report.cluster)} · {report.run} · {report.seconds:.1f} s[/]")


def _cause(console: Console, number: int, cause: Cause) -> None:
    def say(text: str) -> None:
        console.print(text, soft_wrap=True)

    say(f"\n[bold]{number}. {escape(cause.summary)}[/]")
    say(f"   {cause.code} · confidence {cause.confidence}" + (f" · {escape(cause.subject)}" if cause.subject else ""))
    for line in cause.evidence[:MOST_EVIDENCE]:
        say(f"   [dim]| {escape(line)}[/]")
    if len(cause.evidence) > MOST_EVIDENCE:
        say(f"   [dim]| and {len(cause.evidence) - MOST_EVIDENCE} more lines (--json has them all)[/]")
    if cause.fix:
        say(f"   Fix: {escape(cause.fix)}")
    for command in cause.commands:
        say(f"     $ {escape(command)}")
    say(f"   [dim]{cause.source}[/]")


def _distinct(report: Report) -> list[str]:
    """One line for all steps that were kept from looking by the same thing."""
    groups: dict[tuple[str, str], list[str]] = {}
    for one in report.verdict.not_checked:
        groups.setdefault((one.because, one.grant), []).append(one.check)
    return [
        f"{', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}: {because}"
        + (f"\n    to let it look: {grant}" if grant else "")
        for (because, grant), names in groups.items()
    ]
