"""Who is answered at all: a person's membership in the workspace, as Slack tells it, asked once and never waited for long."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from bot import policy
from bot.people import Somebody
from bot.policy import Membership
from sandbox.slack import Dropped, Fault, Refuse, Slow, Status, TooMany
from tests.running_bot import RunningBot, bot
from tests.test_bot import ALICE, BOB, INCIDENTS, only_run, posted_parent, typed, whispered

__all__ = ["bot"]

GUEST = "U0GUEST"
REFUSED = ":no_entry: You are a guest in this workspace, and dnsmedic answers only its full members."


def asked_about(bot: RunningBot) -> list[str]:
    """The people whom Slack was asked about."""
    return [str(call.args["user"]) for call in bot.slack.api.calls("users.info")]


@pytest.mark.parametrize("text", ["cluster-a", "help", "list", ""])
def test_a_guest_is_refused_for_being_a_guest(bot: RunningBot, text: str) -> None:
    """Where the channel allows it, too; in private, with the reason, and nothing is started."""
    told = typed(bot, text, user=GUEST)

    assert REFUSED == told
    assert () == bot.runs.live()
    assert [] == bot.slack.api.posts(INCIDENTS)


def test_a_guests_press_is_refused(bot: RunningBot) -> None:
    """A button says no more of who presses it than a command does."""
    typed(bot, "cluster-a")
    message = posted_parent(bot, only_run(bot))
    bot.slack.click(GUEST, message, "dns.stop")

    assert [REFUSED] == [one.text for one in whispered(bot, GUEST)]
    assert "" == only_run(bot).stop


def test_a_guest_is_refused_in_a_mention(bot: RunningBot) -> None:
    """Nobody else sees the answer."""
    bot.slack.mention(GUEST, INCIDENTS, "<@U0DNSMEDIC> dns-check cluster-a")

    assert [REFUSED] == [one.text for one in whispered(bot, GUEST)]
    assert () == bot.runs.live()


def test_whoever_left_is_refused(bot: RunningBot) -> None:
    """An account that was closed asks for nothing, whoever holds what Slack once signed for it."""
    answer = bot.command("cluster-a", user_id="U0LEFT")

    assert "Your account in this workspace is closed" in answer.text
    assert () == bot.runs.live()


def test_whom_slack_does_not_know_is_refused(bot: RunningBot) -> None:
    """Slack knows all members: who is not among them comes from elsewhere."""
    answer = bot.command("cluster-a", user_id="U0NOBODY")

    assert "You are not of this workspace" in answer.text
    assert () == bot.runs.live()


def test_slack_is_asked_once_about_a_person(bot: RunningBot) -> None:
    """However often they ask, and however many commands of theirs come at once."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: bot.command("help"), range(8)))
    for user in (ALICE, BOB, BOB):
        typed(bot, "list", user=user)

    assert [ALICE, BOB] == asked_about(bot)


@pytest.mark.parametrize(
    "fault",
    [Slow(2.5), Status(500), Dropped(), TooMany(30), Refuse("missing_scope")],
    ids=["slow", "broken", "dropped", "limited", "scope"],
)
def test_a_slack_that_does_not_say_stops_nobody_from_looking(bot: RunningBot, fault: Fault) -> None:
    """The channel decides then, in time, and the next ones are not kept waiting for the same."""
    bot.slack.faults.set("users.info", fault)
    told = [typed(bot, "cluster-a", user=user) for user in (ALICE, BOB)]

    assert ["Queued", "already going on"] == [
        word for word, said in zip(("Queued", "already going on"), told, strict=True) if word in said
    ]
    assert "cluster-prod" not in typed(bot, "list")


def test_what_slack_said_late_counts_from_then_on(bot: RunningBot) -> None:
    """A guest whom a slow Slack did not tell in time is refused as soon as it has."""
    bot.slack.faults.set("users.info", Slow(1.2), times=1)
    first = typed(bot, "help", user=GUEST)
    told = bot.slack.api.wait_for(lambda: typed(bot, "help", user=GUEST) == REFUSED)

    assert first.startswith("*dnsmedic* finds out")
    assert told
    assert [GUEST] == asked_about(bot)


@pytest.mark.parametrize(
    "said, expected",
    [
        ({"team_id": "T0EXAMPLE"}, Membership.MEMBER),
        ({"team_id": "T0EXAMPLE", "is_app_user": True, "is_admin": True}, Membership.MEMBER),
        ({"team_id": "T0EXAMPLE", "is_restricted": True}, Membership.GUEST),
        ({"team_id": "T0EXAMPLE", "is_restricted": True, "is_ultra_restricted": True}, Membership.GUEST),
        ({"team_id": "T0VENDOR"}, Membership.FOREIGN),
        ({"team_id": "T0VENDOR", "is_stranger": True}, Membership.FOREIGN),
        ({"team_id": "T0EXAMPLE", "is_stranger": True}, Membership.FOREIGN),
        ({"team_id": "T0SISTER", "enterprise_user": {"teams": ["T0SISTER", "T0EXAMPLE"]}}, Membership.MEMBER),
        ({"team_id": "T0SISTER", "enterprise_user": {"teams": ["T0SISTER"]}}, Membership.FOREIGN),
        ({"team_id": "T0EXAMPLE", "is_bot": True}, Membership.APP),
        ({"team_id": "T0EXAMPLE", "is_bot": False, "is_workflow_bot": True}, Membership.APP),
        ({"team_id": "T0EXAMPLE", "id": "USLACKBOT"}, Membership.APP),
        ({"team_id": "T0EXAMPLE", "deleted": True}, Membership.GONE),
    ],
)
def test_what_slack_says_of_somebody(said: dict[str, Any], expected: Membership) -> None:
    """Guests, other companies, other apps and closed accounts are told from members, within a Grid too."""
    assert expected == msgspec.convert(said, Somebody).membership("T0EXAMPLE")


@pytest.mark.parametrize(
    "membership, looks, changes",
    [
        (Membership.MEMBER, True, True),
        (Membership.UNKNOWN, True, False),
        (Membership.GUEST, False, False),
        (Membership.FOREIGN, False, False),
        (Membership.APP, False, False),
        (Membership.GONE, False, False),
    ],
)
def test_changes_are_for_known_members_alone(membership: Membership, *, looks: bool, changes: bool) -> None:
    """Whom Slack does not name may look where the channel allows it, and change nothing."""
    assert (looks, changes) == tuple(policy.may_ask(membership, changes=wanted) == "" for wanted in (False, True))


def test_a_burst_of_strangers_is_answered_in_time(bot: RunningBot) -> None:
    """Forty people whom nobody has asked about yet, and a Slack that says nothing: each gets an answer."""
    bot.slack.faults.set("users.info", Slow(2.5))
    with ThreadPoolExecutor(40) as pool:
        asked = pool.map(lambda number: bot.command("list", user_id=f"U{number}"), range(40))

    assert {True} == {"Clusters that you can check" in answer.text for answer in asked}
