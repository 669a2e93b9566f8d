"""`dnsmedic explain`: what a check or a finding means, why it matters, how it is fixed, and where that is written."""

from __future__ import annotations

import difflib
import sys

from rich.console import Console
from rich.markdown import Markdown
from rich.markup import escape
from rich.table import Table

from contract.catalogue import CODES, page
from contract.refusal import Refused
from workers.checks import all_checks


def explain(code: str | None) -> int:
    """Print the page of a code or the manual of a check; without CODE the list of both. Raises Refused."""
    console = Console(highlight=False)
    if not code:
        _list(console)
        return 0
    checks = {check.name: check for check in all_checks()}
    if code in CODES:
        _code(console, code)
    elif code in checks:
        check = checks[code]
        manual = (sys.modules[check.collect.__module__].__doc__ or "").strip()
        console.print(f"[bold]{escape(check.name)}[/]  {escape(check.title)}")
        console.print(f"[dim]runbook steps: {', '.join(check.steps) or 'none'}[/]\n")
        console.print(escape(manual), soft_wrap=True)
        console.print(f"\nSource: {check.source}", soft_wrap=True)
    else:
        near = difflib.get_close_matches(code, [*CODES, *checks], n=3)
        hint = f" Did you mean {' or '.join(near)}?" if near else ""
        raise Refused(f"{code[:80]!r} is neither a finding nor a check; `dnsmedic explain` lists them.{hint}")
    return 0


def _code(console: Console, name: str) -> None:
    about, code = page(name), CODES[name]
    told = f"{code.layer} · usually {code.severity} · makes a verdict {code.status}"
    console.print(f"[bold]{name}[/]  {escape(code.title)}", soft_wrap=True)
    console.print(f"[dim]{code.id} {told}[/]")
    for heading, text in about.sections[:-1]:  # the source has its own line
        console.print(f"\n[bold]{heading}[/]")
        console.print(Markdown(text))
    console.print(f"\nSource: {code.source}", soft_wrap=True)


def _list(console: Console) -> None:
    console.print("[bold]Checks[/], in the order of their steps\n")
    checks = Table.grid(padding=(0, 2))
    for check in all_checks():
        checks.add_row(check.name, escape(check.title))
    console.print(checks)
    console.print("\n[bold]Findings[/], by layer\n")
    codes = Table.grid(padding=(0, 2))
    for code in CODES.values():
        codes.add_row(code.code, code.layer, escape(code.title))
    console.print(codes)
    console.print("\n`dnsmedic explain NAME` tells more of any of them.")
