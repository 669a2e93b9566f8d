"""`/dns-health` and the buttons of a report, as people meet them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import grammar
from bot.grammar import Health, Help
from contract import names
from contract.audit import Audit
from contract.blocks import button, section
from contract.health_reports import HealthReport, HealthReports
from contract.model import Question
from contract.offers import Offer, Offers
from contract.refusal import Refused
from sandbox.slack import Ephemeral, Message
from tests import spine
from tests.running_bot import RunningBot, bot

__all__ = ["bot"]

INCIDENTS, HEALTH_CHANNEL = "C0INCIDENTS", "C0HEALTH"
ALICE, CAROL, GUEST = "U0ALICE", "U0CAROL", "U0GUEST"


def typed(bot: RunningBot, text: str, user: str = ALICE, channel: str = INCIDENTS) -> str:
    """What the person sees of the answer."""
    ack = bot.slack.command(user, channel, "/dns-health", text)
    assert ack.ok
    return str(ack.body["text"] if isinstance(ack.body, dict) else ack.body)


def begun(bot: RunningBot) -> list[HealthReport]:
    """The reports that are under way."""
    reports = HealthReports(bot.runs.redis)
    return [found for name in reports.open() if (found := reports.get(name))]


def whispered(bot: RunningBot, count: int = 1) -> list[Ephemeral]:
    """What only Alice was shown, other than in acknowledgements."""

    def look() -> list[Ephemeral]:
        found = [one for one in bot.slack.api.ephemerals(ALICE) if one.source == "chat.postEphemeral"]
        return found if len(found) >= count else []

    return bot.slack.api.wait_for(look)


def test_it_reports_on_every_cluster_of_the_channel(bot: RunningBot) -> None:
    """Without words: all that may be asked about here, and no other; with a name, that one."""
    every, one = typed(bot, ""), typed(bot, " Cluster-B ")

    assert ":hourglass_flowing_sand: Looking at 2 clusters. The health report appears in this channel." == every
    assert ":hourglass_flowing_sand: Looking at `cluster-b`. The health report appears in this channel." == one
    assert [("cluster-a", "cluster-b"), ("cluster-b",)] == [report.clusters for report in begun(bot)]
    assert {(ALICE, INCIDENTS, "")} == {(report.user, report.channel, report.schedule) for report in begun(bot)}
    audit = Audit(bot.runs.redis, bot.runs.jobs.key)
    spine.until(lambda: [json.loads(one["event"])["what"] for one in audit.entries()] == ["health", "health"])


@pytest.mark.parametrize("words", ["cluster-prod", "cluster-none"])
def test_what_may_not_be_asked_about_is_not_reported_on(bot: RunningBot, words: str) -> None:
    """The same answer for a cluster of another channel and one that does not exist; nothing begins."""
    assert f":no_entry: `{words}` is not a cluster that you can check in this channel." in typed(bot, words)
    assert [] == begun(bot)


@pytest.mark.parametrize("words", ["a b", "-x", "cluster-a pod=x/y", "../a", "a" * 4000, "<!channel>"])
def test_other_words_get_the_usage(bot: RunningBot, words: str) -> None:
    """Anything else is refused with what may be typed."""
    assert "`/dns-health`" in typed(bot, words)
    assert [] == begun(bot)


def test_help_is_help(bot: RunningBot) -> None:
    """The one help of all commands."""
    assert "/dns-health" in typed(bot, "help")


def test_nobody_has_many_under_way(bot: RunningBot) -> None:
    """The third of a person waits until one of the others is posted."""
    for _ in range(2):
        typed(bot, "")

    assert "You have 2 reports under way" in typed(bot, "")
    assert "Looking at" in typed(bot, "", user="U0BOB")


def test_a_request_that_is_sent_again_is_one_report(bot: RunningBot) -> None:
    """Slack's repetition of a command begins nothing new."""
    for _ in range(3):
        answer = bot.command("", command="/dns-health", trigger_id="1.2.same")
        assert 200 == answer.status

    assert 1 == len(begun(bot))


def test_in_a_thread_it_answers_there(bot: RunningBot) -> None:
    """The same words as a mention; the report goes into that thread."""
    root = bot.slack.say(ALICE, INCIDENTS, "DNS is slow")
    bot.slack.mention(ALICE, INCIDENTS, "dns-health cluster-a", thread_ts=root.ts)

    assert whispered(bot)[-1].text.endswith("The health report appears in this thread.")
    assert [root.ts] == [report.thread_ts for report in begun(bot)]


def posted(bot: RunningBot, offer: Offer, action: str = "dns.mute") -> Message:
    """A message of ours with a button for this offer."""
    ask = Offers(bot.runs.redis).put(offer)
    blocks: list[Any] = [section("A report"), {"type": "actions", "elements": [button("Mute", action, ask)]}]
    sent = bot.app.workspace.client.chat_postMessage(channel=offer.channel, text="A report", blocks=blocks)
    return bot.slack.api.message(offer.channel, str(sent["ts"]))


def test_a_cluster_is_muted_and_heard_again(bot: RunningBot) -> None:
    """The button under the report mutes it in this channel; the one in the answer takes that back."""
    reports = HealthReports(bot.runs.redis)
    bot.slack.click(ALICE, posted(bot, Offer(Question(cluster="cluster-a"), INCIDENTS)), "dns.mute")
    shown = whispered(bot)[-1]
    assert "For 24 hours, the reports in this channel only name `cluster-a`" in shown.text
    assert frozenset({"cluster-a"}) == reports.muted(INCIDENTS, ("cluster-a", "cluster-b"))
    bot.slack.click(ALICE, shown, "dns.unmute")

    assert ":bell: The reports in this channel tell of `cluster-a` again." == whispered(bot, 2)[-1].text
    assert frozenset() == reports.muted(INCIDENTS, ("cluster-a", "cluster-b"))


def test_a_button_under_a_message_with_replies_is_pressed_in_the_channel(bot: RunningBot) -> None:
    """Slack says of such a message that it is in its own thread: the answer, and a check, belong beside it, not there."""
    message = posted(bot, Offer(Question(cluster="cluster-a"), INCIDENTS), "dns.ask")
    bot.slack.say(ALICE, INCIDENTS, "look", thread_ts=message.ts)
    bot.slack.click(ALICE, bot.slack.api.message(INCIDENTS, message.ts), "dns.ask")

    assert "Results appear in this channel." in whispered(bot)[-1].text
    (run,) = bot.runs.live()
    assert "" == run.thread_ts


def test_a_button_of_another_channel_mutes_nothing(bot: RunningBot) -> None:
    """A value that was moved elsewhere, or is no longer kept, does nothing."""
    reports = HealthReports(bot.runs.redis)
    here = posted(bot, Offer(Question(cluster="cluster-a"), INCIDENTS))
    other = Offers(bot.runs.redis).put(Offer(Question(cluster="cluster-b"), HEALTH_CHANNEL))
    for number, value in enumerate((other, "ask_0000000000000000"), 1):
        bot.slack.click(ALICE, here, "dns.mute", value, tampered=True)
        whispered(bot, number)

    assert [":no_entry: That button belongs", "That button is no"] == [
        " ".join(one.text.split()[:4]) for one in whispered(bot, 2)
    ]
    assert frozenset() == reports.muted(INCIDENTS, ("cluster-a", "cluster-b"))
    assert frozenset() == reports.muted(HEALTH_CHANNEL, ("cluster-a", "cluster-b"))


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_command_or_a_refusal(text: str) -> None:
    """Nothing that is typed breaks the grammar, and what it lets through is a name."""
    try:
        command = grammar.parse_health(text)
    except Refused:
        return
    assert isinstance(command, Help) or command == Health() or names.CLUSTER.fullmatch(command.cluster)
