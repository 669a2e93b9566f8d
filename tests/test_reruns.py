"""A run that is asked again goes on under its message: the message shows the new run, the thread keeps the old one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from redis import Redis

from contract.blocks import Message as Rendered
from contract.leases import Leases
from contract.model import Question
from contract.outbox import Outbox
from contract.records import RunRecord
from contract.runs import Asked, Runs
from sandbox.slack import Message, SlackServer, typical_workspace
from tests import spine
from workers.thread import Sender, connect

A = Question(cluster="cluster-a")
NAMED = Question(cluster="cluster-a", name="db.example.org")
ALICE, BOB, CAROL = "U0ALICE", "U0BOB", "U0CAROL"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A pretend Slack without rate limits."""
    with SlackServer(typical_workspace(), rate_limits=False) as server:
        yield server


@pytest.fixture
def runs(redis: Redis) -> Runs:
    """The runs as the bot sees them."""
    return Runs(redis, spine.KEY)


def ask(runs: Runs, question: Question = A, user: str = ALICE, again: RunRecord | None = None) -> Asked:
    """Ask in the usual channel."""
    return runs.ask(question, user=user, team=spine.TEAM, channel=spine.CHANNEL, again=again)


def record_of(runs: Runs, asked: Asked) -> RunRecord:
    """The run as it stands."""
    record = runs.get(asked.run)
    assert record is not None
    return record


def done_once(redis: Redis, slack: SlackServer, runs: Runs, question: Question = A) -> RunRecord:
    """A run that has ended, and said so."""
    asked = ask(runs, question)
    work(redis, slack)
    return record_of(runs, asked)


def work(redis: Redis, slack: SlackServer) -> None:
    """Do all jobs, with Slack's pace put aside between them."""
    for key in redis.keys("pace:*"):
        redis.delete(key)
    spine.work(spine.tools(redis, slack.url))


def mail(redis: Redis, slack: SlackServer, run: str) -> None:
    """Send what waits in a run's thread, as a mailer does while no worker has the run."""
    sender = Sender(redis, connect("xoxb-test", slack.url))
    lease = Leases(redis).take(run, "test")
    assert lease is not None
    spine.until(lambda: sender.turn(lease) is None)
    Leases(redis).release(lease)


def the_message(slack: SlackServer) -> Message:
    """The one message that the channel has."""
    (message,) = [one for one in slack.api.posts(spine.CHANNEL) if not one.deleted]
    return message


def title(message: Message) -> str:
    """Its first line."""
    return str(message.blocks[0]["text"]["text"]).partition("\n")[0]


def replies(slack: SlackServer) -> list[str]:
    """What each reply of the thread begins with."""
    return [one.text.split(" · ")[0] for one in slack.api.replies(spine.CHANNEL, the_message(slack).ts)]


def test_a_run_again_stays_under_its_message(redis: Redis, slack: SlackServer, runs: Runs) -> None:
    """The message shows run 2; the thread holds the steps and the verdict of run 1, then those of run 2."""
    first = done_once(redis, slack, runs)
    before = replies(slack)
    asked = ask(runs, user=BOB, again=first)
    work(redis, slack)
    again = record_of(runs, asked)

    assert (2, first.run, first.parent_ts) == (again.number, again.first, again.parent_ts)
    assert first.parent_ts == asked.parent_ts
    assert title(the_message(slack)).startswith("*Problem* · `cluster-a` :red_circle:")
    assert title(the_message(slack)).endswith(" · run 2")
    assert "run 2" not in str(slack.api.replies(spine.CHANNEL, first.parent_ts)[len(before) - 1].blocks)
    assert [*before, "*Run 2* of this check", *before] == replies(slack)


def test_a_run_again_that_waits_says_so_at_once(redis: Redis, slack: SlackServer, runs: Runs) -> None:
    """The message shows who waits, with a button to stop it and none to run it again, before any worker has it."""
    first = done_once(redis, slack, runs)
    asked = ask(runs, user=BOB, again=first)
    mail(redis, slack, asked.run)
    message = the_message(slack)
    pressed = [one["action_id"] for block in message.blocks for one in block.get("elements", []) if "action_id" in one]

    assert title(message) == "*Queued* · `cluster-a` :hourglass: waiting for a worker · run 2"
    assert ["dns.stop"] == pressed
    assert f"<@{BOB}>" in str(message.blocks)


def test_two_presses_are_one_run(runs: Runs, redis: Redis, slack: SlackServer) -> None:
    """Twenty who press at the same time get one run 2, under the same message."""
    first = done_once(redis, slack, runs)
    with ThreadPoolExecutor(20) as pool:
        asked = list(pool.map(lambda number: ask(runs, user=f"U{number}", again=first), range(20)))

    assert (1, 19) == (len({one.run for one in asked}), sum(one.joined for one in asked))
    assert {first.parent_ts} == {one.parent_ts for one in asked}
    assert 2 == record_of(runs, asked[0]).number


def test_the_runs_of_a_message_are_counted_whichever_is_repeated(runs: Runs, redis: Redis, slack: SlackServer) -> None:
    """The verdict of run 1 has its button still: a press makes run 3, which takes the message from run 2."""
    first = done_once(redis, slack, runs)
    second = ask(runs, again=first)
    work(redis, slack)
    third = ask(runs, user=CAROL, again=first)
    work(redis, slack)

    assert [2, 3] == [record_of(runs, one).number for one in (second, third)]
    assert title(the_message(slack)).endswith(" · run 3")


def test_a_run_again_joins_what_answers_it_already(runs: Runs, redis: Redis, slack: SlackServer) -> None:
    """Somebody asked the same anew meanwhile: that run is joined, and the old message is left as it is."""
    first = done_once(redis, slack, runs)
    anew = ask(runs, user=CAROL)
    asked = ask(runs, user=BOB, again=first)

    assert (True, anew.run) == (asked.joined, asked.run)
    assert title(the_message(slack)).startswith("*Problem*")
    assert "" == Outbox(redis).thread(first.run).heir


def test_what_an_earlier_run_had_still_to_show_is_not_shown(runs: Runs, redis: Redis, slack: SlackServer) -> None:
    """Its last edit comes late, when the message shows the next run: it is dropped, its replies are not."""
    first = done_once(redis, slack, runs)
    asked = ask(runs, again=first)
    mail(redis, slack, asked.run)
    outbox = Outbox(redis)
    outbox.edit(first.run, (Rendered("late"),), news=True)
    mail(redis, slack, first.run)

    assert title(the_message(slack)).startswith("*Queued*")
    assert () == outbox.unsent()


def test_a_message_that_is_gone_is_posted_anew_with_the_run(runs: Runs, redis: Redis, slack: SlackServer) -> None:
    """Somebody deleted it: the run is shown in a new one, and its answers hang there."""
    first = done_once(redis, slack, runs)
    slack.admin.delete_message(spine.CHANNEL, first.parent_ts)
    asked = ask(runs, user=BOB, again=first)
    work(redis, slack)
    again = record_of(runs, asked)

    assert first.parent_ts != again.parent_ts == the_message(slack).ts
    assert title(the_message(slack)).endswith(" · run 2")
    assert "Problem" == replies(slack)[-1]


def test_a_run_whose_message_never_came_is_repeated_in_one_of_its_own(runs: Runs) -> None:
    """There is nothing to edit: the new run is a first one."""
    asked = ask(runs)
    record = record_of(runs, asked)
    runs.redis.hset(f"run:{asked.run}", "state", "done")
    again = record_of(runs, ask(runs, again=record))

    assert (1, "", "") == (again.number, again.first, again.parent_ts)


def test_a_run_again_outlives_its_worker(
    runs: Runs, redis: Redis, redis_url: str, slack: SlackServer, tmp_path: Path
) -> None:
    """Its worker is killed in the middle: another goes on under the same message, and says each thing once."""
    first = done_once(redis, slack, runs)
    before = replies(slack)
    gate = tmp_path / "gate"
    asked = ask(runs, user=BOB, again=first)
    with spine.worker_process(redis_url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)) as worker:
        spine.until(lambda: record_of(runs, asked).steps and "*Run 2* of this check" in replies(slack))
        os.killpg(worker.pid, signal.SIGKILL)
    gate.touch()
    with spine.worker_process(redis_url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)):
        spine.until(lambda: record_of(runs, asked).state == "done" and not Outbox(redis).unsent())

    assert first.parent_ts == record_of(runs, asked).parent_ts
    assert "run 2" in title(the_message(slack))
    assert 1 == replies(slack).count("*Run 2* of this check")
    assert [*before, "*Run 2* of this check"] == replies(slack)[: len(before) + 1]
