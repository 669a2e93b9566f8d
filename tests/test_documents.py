"""What README.md and the other documents say is so."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path

import click

from dnsmedic.__main__ import main
from tests.test_rules import MODULES, ROOT

SETTINGS = {
    "SLACK_BOT_TOKEN",
    "SLACK_SIGNING_SECRET",
    "SLACK_APP_TOKEN",
    "SLACK_API_URL",
    "REDIS_URL",
    "DNSMEDIC_CLUSTERS",
    "DNSMEDIC_HTTP",
    "DNSMEDIC_KEY",
    "DNSMEDIC_PROBE_IMAGE",
    "DNSMEDIC_METRICS",
    "DNSMEDIC_LOG",
}


def test_the_readme_names_every_command_and_option() -> None:
    """The table of commands in README.md holds each subcommand with its options, and no other."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `dnsmedic (\w+)([^`]*)` \|", readme, re.MULTILINE))
    wrong = {
        f"{name} {option}"
        for name, command in main.commands.items()
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in parameter.opts
        if option not in rows.get(name, "")
    }

    assert (set(main.commands), set()) == (set(rows), wrong)


def test_every_setting_is_in_the_example() -> None:
    """.env.example lists each setting, and what the code reads is a setting."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    listed = re.findall(r"^#? ?([A-Z][A-Z_]+)=", example, re.MULTILINE)
    read = {
        name
        for path in MODULES
        if path.relative_to(ROOT).parts[0] != "sandbox"
        for name in re.findall(r"\"((?:DNSMEDIC|SLACK)_[A-Z_]+|REDIS_URL)\"", path.read_text(encoding="utf-8"))
    }

    assert (sorted(SETTINGS), set()) == (
        sorted(name for name in listed if not name.startswith("AWS_")),
        read - {*SETTINGS, "DNSMEDIC_CRASH_AT"},
    )


def test_the_written_pages_are_current() -> None:
    """docs/checks.md and docs/causes.md are what `make docs` writes."""
    from dnsmedic import docs

    assert docs.page() == docs.PAGE.read_text(encoding="utf-8")
    assert docs.causes() == docs.CAUSES.read_text(encoding="utf-8")


def test_the_changelog_tells_of_this_version() -> None:
    """The version of the distribution has its own heading in CHANGELOG.md."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

    assert f"## [{version('dnsmedic')}]" in changelog


def test_contributing_stays_short() -> None:
    """The more rules there are, the less they are followed."""
    assert len((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").splitlines()) <= 60


def _documents() -> list[Path]:
    return [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "contract").rglob("*.md")]


def test_links_between_documents_lead_somewhere() -> None:
    """Each relative link of a Markdown file names a file of the project."""
    dead = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in _documents()
        for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", path.read_text(encoding="utf-8"))
        if not (path.parent / target).exists()
    ]

    assert dead == []


def test_every_step_of_the_runbook_has_a_check_or_a_reason() -> None:
    """S01 to S47, each with the check that automates it or why there is none."""
    from dnsmedic.runbook import STEPS, WITHOUT
    from workers.checks import all_checks

    done = {step for check in all_checks() for step in check.steps}

    assert [f"S{number:02}" for number in range(1, 48)] == list(STEPS)
    assert set(STEPS) - set(WITHOUT) <= done
    assert done <= set(STEPS)
