"""Slack fails in all of its ways: every post is there once, in order, in a form that Slack takes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from redis import Redis

from contract import outbox as outbox_module
from contract.blocks import Block, Message
from contract.leases import Fenced, Lease, Leases
from contract.outbox import Kind, Outbox, Row, RowState, Thread
from sandbox.slack import Dropped, Html, LostReply, Refuse, SlackServer, Status, TooMany, typical_workspace
from tests import spine
from workers.thread import Sender, connect

CHANNEL = spine.CHANNEL
RUN = "run_test0000"
BAD_BLOCK: tuple[Block, ...] = ({"type": "no-such-block"},)
GOOD_BLOCK: tuple[Block, ...] = ({"type": "section", "text": {"type": "mrkdwn", "text": "fine"}},)


@pytest.fixture(params=[True], ids=["history"])
def slack(request: pytest.FixtureRequest) -> Iterator[SlackServer]:
    """A pretend Slack without rate limits; the parameter says whether the app may read channels."""
    with SlackServer(typical_workspace(history=request.param), rate_limits=False) as server:
        yield server


without_history = pytest.mark.parametrize("slack", [False], indirect=True, ids=["no-history"])


@pytest.fixture
def outbox(redis: Redis) -> Outbox:
    """An outbox with the thread of a run."""
    made = Outbox(redis)
    made.open(RUN, team=spine.TEAM, channel=CHANNEL, user="U0ALICE")
    return made


def row(name: str, kind: Kind = Kind.STEP, *forms: Message) -> Row:
    """A row that says its name."""
    return Row(name=name, kind=kind, rungs=forms or (Message(name),))


def fill(outbox: Outbox, steps: int = 3) -> None:
    """A parent, steps, and a verdict."""
    outbox.put(RUN, row("parent", Kind.PARENT))
    for number in range(steps):
        outbox.put(RUN, row(f"step {number}"))
    outbox.put(RUN, row("verdict", Kind.VERDICT))


def lease_of(redis: Redis, holder: str = "test") -> Lease:
    """The lease of the run."""
    lease = Leases(redis).take(RUN, holder)
    assert lease is not None
    return lease


def send(redis: Redis, slack: SlackServer) -> Thread:
    """Send all that waits, without waiting for its time: budgets, holds and pauses are put aside."""
    sender, lease = Sender(redis, connect("xoxb-test", slack.url)), lease_of(redis)
    give_up = time.monotonic() + 30
    while sender.turn(lease) is not None:
        assert time.monotonic() < give_up, "it never ends"
        skip_waiting(redis)
    return sender.outbox.thread(RUN)


def skip_waiting(redis: Redis) -> None:
    """Let everything be due now."""
    for key in [*redis.keys("pace:*"), *redis.keys("hold:*")]:
        redis.delete(key)
    outbox = Outbox(redis)
    thread = outbox.thread(RUN)
    redis.hset(f"out:{RUN}", mapping={"posted": 1, "edited": 1})
    for waiting in thread.rows:
        if waiting.open and waiting.after:
            outbox.save(RUN, replace(waiting, after=0.0))
    if thread.edit and thread.edit.after:
        outbox.replace_edit(RUN, thread.edit, replace(thread.edit, after=0.0))


EXPECTED = ["parent", "  step 0", "  step 1", "  step 2", "  verdict"]


@pytest.mark.parametrize(
    "fault",
    [
        LostReply(),
        Dropped(),
        Status(500),
        Status(503),
        Html(),
        TooMany(7),
        Refuse("internal_error"),
        Refuse("ratelimited"),
    ],
    ids=lambda fault: type(fault).__name__ + str(getattr(fault, "code", getattr(fault, "error", ""))),
)
def test_each_post_is_there_once_and_in_order_whatever_happens(
    redis: Redis, slack: SlackServer, outbox: Outbox, fault: object
) -> None:
    """Every second post meets the fault; Slack may have taken it or not."""
    slack.faults.set("chat.postMessage", fault, every=2)  # type: ignore[arg-type]
    fill(outbox)
    send(redis, slack)

    assert EXPECTED == spine.said(slack, CHANNEL)
    assert 0 == redis.zcard("unsent")


@without_history
def test_where_nobody_may_look_only_a_parent_is_sent_again(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """The parent is doubled at the most once; a reply that Slack may have is not repeated."""
    slack.faults.set("chat.postMessage", LostReply(), times=1)
    slack.faults.set("chat.postMessage", LostReply(), times=1, when=lambda args: args.get("text") == "step 1")
    fill(outbox)
    thread = send(redis, slack)

    assert ["parent", *EXPECTED] == spine.said(slack, CHANNEL)
    assert [RowState.MAYBE] == [row.state for row in thread.rows if row.state is not RowState.SENT]


@without_history
def test_a_verdict_without_a_parent_stands_in_the_channel(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """Where nobody knows whether there is a parent, the verdict is not lost with it."""
    slack.faults.set("chat.postMessage", Dropped(), times=2)
    fill(outbox)
    send(redis, slack)

    assert ["verdict"] == spine.said(slack, CHANNEL)


def test_a_pause_that_slack_asks_for_is_kept(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """After a 429 with Retry-After 7 nothing is posted for these seconds."""
    slack.faults.set("chat.postMessage", TooMany(7), times=1)
    fill(outbox)
    sender, lease = Sender(redis, connect("xoxb-test", slack.url)), lease_of(redis)
    first = sender.turn(lease)
    waits = [sender.turn(lease) or 0.0 for _ in range(5)]

    assert 0.0 == first
    assert all(6.0 < wait <= 7.0 for wait in waits)
    assert 1 == len(slack.api.calls("chat.postMessage"))


def test_a_channel_gets_one_post_a_second(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """A second post right after the first has to wait."""
    fill(outbox)
    sender, lease = Sender(redis, connect("xoxb-test", slack.url)), lease_of(redis)
    waits = [sender.turn(lease) for _ in range(2)]

    assert 0.0 == waits[0]
    assert 0.0 < (waits[1] or 0.0) <= 1.0


def test_the_newest_state_of_the_parent_wins(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """Three edits that wait are one call."""
    outbox.put(RUN, row("parent", Kind.PARENT))
    for number in range(3):
        outbox.edit(RUN, [Message(f"state {number}")])
    send(redis, slack)

    assert ["state 2"] == spine.said(slack, CHANNEL)
    assert 1 == len(slack.api.calls("chat.update"))


def test_an_edit_does_not_come_soon_after_another(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """The second waits for three seconds, also if it is the last."""
    outbox.put(RUN, row("parent", Kind.PARENT))
    sender, lease = Sender(redis, connect("xoxb-test", slack.url)), lease_of(redis)
    sender.turn(lease)
    outbox.edit(RUN, [Message("first")], news=True)
    sender.turn(lease)
    outbox.edit(RUN, [Message("second")], news=True)
    wait = sender.turn(lease)

    assert ["first"] == spine.said(slack, CHANNEL)
    assert 2.0 < (wait or 0.0) <= 3.0


def test_the_verdict_of_a_short_run_waits_for_no_edit_that_showed_the_way(
    redis: Redis, slack: SlackServer, outbox: Outbox
) -> None:
    """An edit that only shows progress waits longer after the message than most runs take; the verdict does not wait."""
    outbox.put(RUN, row("parent", Kind.PARENT))
    sender, lease = Sender(redis, connect("xoxb-test", slack.url)), lease_of(redis)
    sender.turn(lease)
    outbox.edit(RUN, [Message("on the way")])
    sender.turn(lease)
    outbox.edit(RUN, [Message("the verdict")], news=True)
    sender.turn(lease)

    assert ["the verdict"] == spine.said(slack, CHANNEL)
    assert 1 == len(slack.api.calls("chat.update"))


@pytest.mark.parametrize("error", ["message_not_found", "cant_update_message", "edit_window_closed"])
def test_a_parent_that_is_gone_is_replaced_once(redis: Redis, slack: SlackServer, outbox: Outbox, error: str) -> None:
    """One new parent shows the newest state, the replies hang on it, and no doomed edit is repeated."""
    outbox.put(RUN, row("parent", Kind.PARENT))
    send(redis, slack)
    slack.faults.set("chat.update", Refuse(error))
    outbox.edit(RUN, [Message("newest")])
    send(redis, slack)
    outbox.put(RUN, row("verdict", Kind.VERDICT))
    outbox.edit(RUN, [Message("even newer")], news=True)
    send(redis, slack)

    assert ["parent", "newest"] == [post.text for post in slack.api.posts(CHANNEL)][:2]
    assert 2 == len(slack.api.calls("chat.update"))
    assert 0 == redis.zcard("unsent")


def test_a_form_that_slack_refuses_gives_way_to_a_plainer_one(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """The next form is sent, and what comes after begins with it, for this workspace, for a day."""
    forms = Message("rich", BAD_BLOCK), Message("classic", GOOD_BLOCK), Message("plain")
    outbox.put(RUN, row("parent", Kind.PARENT, *forms))
    outbox.put(RUN, row("verdict", Kind.VERDICT, *forms))
    send(redis, slack)

    assert ["classic", "  classic"] == spine.said(slack, CHANNEL)
    assert ["invalid_blocks", "", ""] == [call.error for call in slack.api.calls("chat.postMessage")]
    assert 23 * 3600 < redis.ttl(f"rung:{spine.TEAM}") <= 24 * 3600


@pytest.mark.parametrize("channel", ["C0RANDOM", "C0OLD", "C0NEWS", "G0SECRET", "C0NOSUCH"])
def test_a_channel_that_takes_nothing_is_told_to_the_person(
    redis: Redis, slack: SlackServer, outbox: Outbox, channel: str
) -> None:
    """A sentence goes to who asked; nothing waits any more; the thread knows why it is closed."""
    outbox.open(RUN, team=spine.TEAM, channel=channel, user="U0ALICE")
    fill(outbox)
    thread = send(redis, slack)
    direct = [message.text for message in slack.api.direct("U0ALICE")]

    assert [thread.closed] == direct
    assert RUN in thread.closed
    assert 0 == redis.zcard("unsent")


def test_a_token_that_is_no_good_loses_nothing(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """While Slack refuses us everything waits; later it all arrives."""
    fill(outbox)
    revoked, lease = Sender(redis, connect("xoxb-revoked", slack.url)), lease_of(redis)
    revoked.turn(lease)
    wait = revoked.turn(lease)
    skip_waiting(redis)
    send(redis, slack)

    assert 50.0 < (wait or 0.0) <= 60.0
    assert EXPECTED == spine.said(slack, CHANNEL)


def test_who_lost_the_lease_posts_nothing(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """A stale sender is told so before it calls Slack, and can put nothing into the outbox."""
    fill(outbox)
    stale = lease_of(redis, "stale")
    Leases(redis).end(RUN, "stale")
    lease_of(redis, "other")
    sender = Sender(redis, connect("xoxb-test", slack.url))

    with pytest.raises(Fenced):
        sender.turn(stale)
    with pytest.raises(Fenced):
        outbox.put(RUN, row("late"), stale)
    with pytest.raises(Fenced):
        outbox.edit(RUN, [Message("late")], lease=stale)
    assert [] == slack.api.calls()


def test_when_too_much_waits_progress_is_dropped_and_verdicts_are_not(
    redis: Redis, slack: SlackServer, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above the bound steps are no longer taken in."""
    monkeypatch.setattr(outbox_module, "MOST_UNSENT", 2)
    fill(outbox)
    send(redis, slack)

    assert ["parent", "  step 0", "  verdict"] == spine.said(slack, CHANNEL)


def test_a_row_is_written_once_by_its_name(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """A worker that takes over writes all rows again; nothing is doubled."""
    fill(outbox)
    fill(outbox)
    send(redis, slack)

    assert EXPECTED == spine.said(slack, CHANNEL)


def test_every_post_can_be_found_by_its_metadata(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """Run, number, kind and attempt are in it, and nothing else."""
    fill(outbox, 1)
    send(redis, slack)
    parent = slack.api.posts(CHANNEL)[0]
    held = [message.metadata for message in slack.api.thread(CHANNEL, parent.ts)]
    expected = [
        {"run": RUN, "seq": seq, "kind": kind, "attempt": 1}
        for seq, kind in ((1, "parent"), (2, "step"), (3, "verdict"))
    ]

    assert [{"event_type": "dnsmedic_run", "event_payload": payload} for payload in expected] == held


def test_what_was_asked_in_a_thread_is_answered_there(redis: Redis, slack: SlackServer, outbox: Outbox) -> None:
    """Parent and replies are replies to the message that it was asked under."""
    outbox.put(RUN, row("parent", Kind.PARENT))
    send(redis, slack)
    root = slack.api.posts(CHANNEL)[0].ts
    outbox.open("run_inside", team=spine.TEAM, channel=CHANNEL, thread_ts=root)
    for made in (row("inner parent", Kind.PARENT), row("inner verdict", Kind.VERDICT)):
        outbox.put("run_inside", made)
    lease = Leases(redis).take("run_inside", "test")
    assert lease is not None
    sender = Sender(redis, connect("xoxb-test", slack.url))
    while sender.turn(lease) is not None:
        skip_waiting(redis)

    assert ["parent", "  inner parent", "  inner verdict"] == spine.said(slack, CHANNEL)
