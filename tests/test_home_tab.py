"""The Home tab as people meet it: what they may see, and what it says where something cannot be read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contract.blocks.lint import view_faults
from contract.clusters import load
from contract.health_reports import HealthReport, HealthReports, identity
from contract.model import Question
from contract.runs import MOST_LATELY
from sandbox.slack import Refuse, SlackApp, View
from tests import spine
from tests.running_bot import CLUSTERS, TEAM, RunningBot, bot, running_bot

__all__ = ["bot"]

INCIDENTS, HEALTH_CHANNEL = "C0INCIDENTS", "C0HEALTH"
ALICE, BOB, CAROL, GUEST = "U0ALICE", "U0BOB", "U0CAROL", "U0GUEST"
SCHEDULES = """\
schedules:
  - {kind: health, at: "09:00", timezone: Europe/Paris, channel: C0HEALTH, clusters: all, when: on-change}
  - {kind: health, at: "10:00", timezone: UTC, channel: G0SECRET, clusters: [cluster-prod]}
"""


def opened(bot: RunningBot, user: str = ALICE, having: str = "") -> str:
    """Everything that the tab says once this person has opened it, and it says that."""
    assert bot.slack.open_home(user).ok

    def look() -> str:
        home = bot.slack.api.home(user)
        shown = words(home) if home else ""
        return shown if having in shown else ""

    return bot.slack.api.wait_for(look)


def words(view: View) -> str:
    """The texts of a view, one a line."""
    return "\n".join(_texts(view.payload["blocks"]))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []


def ask(bot: RunningBot, cluster: str, user: str, channel: str = INCIDENTS, *, only: tuple[str, ...] = ()) -> str:
    """The id of a run that this person asked for."""
    question = Question(cluster=cluster, only=only)
    return bot.runs.ask(question, user=user, team=TEAM, channel=channel).run


def diagnosed(bot: RunningBot, *, only: tuple[str, ...] = ()) -> str:
    """The id of a run of cluster-a by Alice that a worker has taken to its end."""
    run = ask(bot, "cluster-a", ALICE, only=only)
    tools = spine.tools(bot.runs.redis, bot.slack.url, [spine.check("one", fine=False)])
    spine.work(replace(tools, runs=bot.runs))
    return run


def test_a_newcomer_sees_what_to_type_and_which_clusters_there_are(bot: RunningBot) -> None:
    """Those that may be asked about in a channel of theirs; a cluster of another channel is not even named."""
    shown = opened(bot)

    assert "type `/dns-check` for a form" in shown
    assert ["cluster-a", "cluster-b"] == re.findall(r"• `(cluster-[a-z]+)` · not checked yet", shown)
    assert "cluster-prod" not in shown
    assert "You have not asked for a check yet." in shown


def test_who_is_in_no_channel_of_a_cluster_sees_none(bot: RunningBot) -> None:
    """The clusters file binds clusters to channels; somebody outside of these does not learn of them here."""
    for channel in (INCIDENTS, HEALTH_CHANNEL):
        bot.slack.remove(channel, BOB)
    ask(bot, "cluster-a", BOB)
    shown = opened(bot, BOB)

    assert "No cluster can be checked in the channels that you are in." in shown
    assert "cluster-" not in shown.replace("/dns-check cluster-a", "")


def test_ones_own_checks_are_listed(bot: RunningBot) -> None:
    """The newest first, those of others and those of reports not among them, and no more than a few."""
    for number in range(MOST_LATELY + 2):
        run = ask(bot, "cluster-a", ALICE, only=(f"check-{number}",))
        bot.runs.redis.zrem("live", run)
        bot.runs.redis.zrem(f"mine:{ALICE}", run)
    newest = ask(bot, "cluster-b", ALICE)
    ask(bot, "cluster-b", BOB, only=("one",))
    shown = opened(bot, having="Your checks")
    own = shown.partition("Your checks")[2].partition("Health reports")[0]

    assert MOST_LATELY == own.count("•")
    assert own.strip().startswith("• *Queued* · `cluster-b`")
    assert [newest] == [record.run for record in bot.runs.of(ALICE)[:1]]


def test_a_cluster_shows_its_last_verdict_with_a_link(bot: RunningBot) -> None:
    """Whoever asked; a run of single checks says nothing of the cluster as a whole."""
    run = diagnosed(bot)
    diagnosed(bot, only=("one",))
    parent = bot.slack.api.posts(INCIDENTS)[0]
    shown = opened(bot, CAROL, having="*Problem*")
    line = next(one for one in shown.splitlines() if "*Problem*" in one)

    assert line.startswith("• *Problem* · `cluster-a` :red_circle: ")
    assert "|thread>" in line
    assert parent.ts.replace(".", "") in line
    assert {"cluster-a": run} == {
        name: record.run for name, record in bot.runs.last(["cluster-a", "cluster-b"]).items()
    }
    assert "You have not asked for a check yet." in shown


def test_schedules_of_ones_channels_are_told(tmp_path: Path, redis_url: str) -> None:
    """When and where, the next time where it is known, and what is muted there."""
    with running_bot(tmp_path, redis_url, CLUSTERS + SCHEDULES) as bot:
        schedule = load(CLUSTERS + SCHEDULES).schedules[0]
        reports = HealthReports(bot.runs.redis)
        report = HealthReport(
            name="report_1", clusters=("cluster-a",), channel=HEALTH_CHANNEL, schedule=identity(schedule),
            tick=1_790_000_000.0, following=1_790_086_400.0,
        )  # fmt: skip
        reports.begin_tick(report)
        reports.end(report, {})
        reports.mute(HEALTH_CHANNEL, "cluster-b", user=ALICE)
        shown = opened(bot, having="muted")

    assert (
        "• <#C0HEALTH> every day, in short where nothing changed at 09:00 Europe/Paris · all clusters · next " in shown
    )
    assert "<!date^1790086400^" in shown
    assert ":no_bell: muted there for a day: `cluster-b`" in shown
    assert "G0SECRET" not in shown


def test_a_guest_is_told_why_there_is_nothing(bot: RunningBot) -> None:
    """The same rule as for a command."""
    assert "You are a guest in this workspace" in opened(bot, GUEST)


@pytest.mark.parametrize("error", ["missing_scope", "ratelimited", "fatal_error"])
def test_where_slack_does_not_say_who_is_where_less_is_shown(bot: RunningBot, error: str) -> None:
    """Only clusters that may be asked about anywhere, and it is said why."""
    bot.slack.faults.set("users.conversations", Refuse(error))
    shown = opened(bot)

    assert "Slack does not say right now which channels you are in" in shown
    assert "• `cluster-" not in shown


def test_redis_gone(tmp_path: Path, unused_port: int) -> None:
    """It says so, instead of an empty page."""
    with running_bot(tmp_path, f"redis://127.0.0.1:{unused_port}/0") as bot:
        assert "dnsmedic's own store (Redis) does not answer" in opened(bot)


def test_the_messages_tab_is_left_alone(bot: RunningBot) -> None:
    """Slack tells of every tab; only Home is filled."""
    event = {"type": "app_home_opened", "user": ALICE, "channel": "D0ALICE", "tab": "messages", "event_ts": "1.0"}
    assert bot.slack.event(event).ok
    assert opened(bot, BOB)

    assert bot.slack.api.home(ALICE) is None


@pytest.mark.parametrize("change", [{"user": None}, {"user": "<!channel>"}, {"tab": ["home"]}])
def test_an_event_of_another_shape_changes_nothing(bot: RunningBot, change: dict[str, Any]) -> None:
    """It is acknowledged, so that Slack does not send it again, and nothing is shown to anybody."""
    event = {"type": "app_home_opened", "user": ALICE, "tab": "home", "event_ts": "1.0"} | change
    body = {"type": "event_callback", "team_id": TEAM, "api_app_id": SlackApp().id, "event_id": "Ev1", "event": event}

    assert 200 == bot.event(body).status
    assert bot.slack.api.home(ALICE) is None


@pytest.mark.parametrize("many", [1, 40, 200])
def test_it_is_within_slacks_limits_whatever_clusters_are_called(
    tmp_path: Path, redis_url: str, unlimited: Callable[[int], str], many: int
) -> None:
    """Also with long names, many clusters and many schedules."""
    with running_bot(tmp_path, redis_url, unlimited(many)) as bot:
        shown = opened(bot)
        home = bot.slack.api.home(ALICE)

    assert home
    assert () == view_faults(home.payload)
    assert min(many, 40) == len(re.findall("not checked yet", shown))
    assert min(many, 20) == len(re.findall("every day at", shown))


@pytest.fixture
def unlimited() -> Callable[[int], str]:
    """A clusters file with so many clusters of the longest names, and as many schedules."""

    def made(many: int) -> str:
        names = [f"{'x' * 95}{number:05}" for number in range(many)]
        at = [
            f"  - {{kind: health, at: '{n // 60:02}:{n % 60:02}', timezone: UTC, channel: C0INCIDENTS, clusters: {names[:6]}}}"
            for n in range(many)
        ]
        return "\n".join(["clusters:", *(f"  {name}: {{region: us-east-1}}" for name in names), "schedules:", *at])

    return made
