"""Those who wait for long are told so, once."""

from __future__ import annotations

import msgspec

from contract.connection import clock
from contract.health_reports import HealthReports
from tests.running_bot import RunningBot, bot, command_fields

__all__ = ["bot"]

ALICE, BOB, INCIDENTS = "U0ALICE", "U0BOB", "C0INCIDENTS"


def asked(bot: RunningBot, ago: float) -> str:
    """A run that Alice asked for so many seconds ago, and Bob as well."""
    bot.command("cluster-a")
    bot.command("cluster-a", user_id=BOB, trigger_id=command_fields("")["trigger_id"])
    run = bot.runs.live()[0].run
    bot.runs.redis.hset(f"run:{run}", "asked", clock(bot.runs.redis) - ago)
    return run


def test_who_waits_for_long_is_told_once(bot: RunningBot) -> None:
    """Both who asked and who joined hear of it, however often and by however many bots the queue is looked at."""
    run = asked(bot, 150)
    for _ in range(3):
        bot.app.waiting.look()
    told = bot.slack.api.wait_for(
        lambda: [each for user in (ALICE, BOB) for each in bot.slack.api.ephemerals(user)][1:]
    )
    everybody = [each.text for user in (ALICE, BOB) for each in bot.slack.api.ephemerals(user)]

    assert told
    assert 2 == len(everybody)
    assert {True} == {
        text.startswith(f":hourglass: `{run}` on `cluster-a` has been waiting for 2 min") for text in everybody
    }


def test_who_waits_for_a_moment_is_left_alone(bot: RunningBot) -> None:
    """A check that was just asked for is no news, nor is one that is on."""
    asked(bot, 60)
    bot.app.waiting.look()
    run = asked(bot, 150)
    bot.runs.redis.hset(f"run:{run}", "state", "running")
    bot.app.waiting.look()
    bot.app.close()

    assert [] == [each for user in (ALICE, BOB) for each in bot.slack.api.ephemerals(user)]


def test_who_waits_for_a_report_is_told_once(bot: RunningBot) -> None:
    """A report that no worker has begun for long: its person hears of it, once; one that is under way is left alone."""
    bot.command("cluster-a", command="/dns-health")
    bot.command("cluster-b", command="/dns-health", user_id=BOB, trigger_id=command_fields("")["trigger_id"])
    reports = HealthReports(bot.runs.redis)
    for name in reports.open():
        held = msgspec.json.decode(bot.runs.redis.get(f"report:{name}") or b"{}")
        held["begun"] -= 150
        bot.runs.redis.set(f"report:{name}", msgspec.json.encode(held))
        if held["user"] == BOB:
            reports.assign(name, "cluster-b", "run_7f3a")
    for _ in range(3):
        bot.app.waiting.look()
    (told,) = bot.slack.api.wait_for(lambda: bot.slack.api.ephemerals(ALICE)[:1])
    bot.app.close()

    assert told.text.startswith(":hourglass: Your health report has been waiting for 2 min")
    assert 1 == len(bot.slack.api.ephemerals(ALICE))
    assert [] == bot.slack.api.ephemerals(BOB)
