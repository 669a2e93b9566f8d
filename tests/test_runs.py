"""Runs are asked for once, joined, queued and stopped; nothing of them stays for ever, and nobody takes too many."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pytest
from redis import Redis

from contract import runs as runs_module
from contract.model import Question
from contract.refusal import Refused
from contract.runs import Asked, Runs
from sandbox.slack import SlackServer, typical_workspace
from tests import spine

A = Question(cluster="cluster-a")
NAMED = Question(cluster="cluster-a", name="db.example.org")
B = Question(cluster="cluster-b")


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A pretend Slack without rate limits."""
    with SlackServer(typical_workspace(), rate_limits=False) as server:
        yield server


@pytest.fixture
def runs(redis: Redis) -> Runs:
    """The runs as the bot sees them."""
    return Runs(redis, spine.KEY)


def ask(runs: Runs, question: Question, user: str = "U0ALICE", request: str = "") -> Asked:
    """Ask in the usual channel."""
    return runs.ask(question, user=user, team=spine.TEAM, channel=spine.CHANNEL, request=request)


def test_one_request_is_one_run_however_often_it_is_sent(redis: Redis, runs: Runs) -> None:
    """Fifty at the same time get the same answer, and one job is queued."""
    with ThreadPoolExecutor(20) as pool:
        answers = set(pool.map(lambda _: ask(runs, A, request="trigger-1"), range(50)))

    assert (1, 1) == (len(answers), redis.llen("rq:queue:dnsmedic"))
    assert [False] == [answer.joined for answer in answers]


def test_the_same_question_joins_the_run_and_its_people_are_kept(redis: Redis, runs: Runs) -> None:
    """Forty people who ask at once get one run; the one who began it is not among the joined."""
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: ask(runs, A, user=f"U{number}"), range(40)))
    record = runs.get(answers[0].run)

    assert record is not None
    assert (1, 39, 1) == (
        len({one.run for one in answers}),
        sum(one.joined for one in answers),
        redis.llen("rq:queue:dnsmedic"),
    )
    assert {f"U{number}" for number in range(40)} == {record.user, *record.joined}
    assert record.user not in record.joined


def test_another_question_about_a_busy_cluster_waits_without_a_job(redis: Redis, runs: Runs) -> None:
    """It has a place behind the cluster's run; another cluster's run does not wait for it."""
    first, waiting, other = ask(runs, A), ask(runs, NAMED), ask(runs, B)

    assert [(False, 1), (False, 1), (False, 2)] == [(one.joined, one.position) for one in (first, waiting, other)]
    assert [first.run, waiting.run, other.run] == [record.run for record in runs.waiting()]
    assert 2 == redis.llen("rq:queue:dnsmedic")


def test_who_asks_what_waits_already_joins_that(runs: Runs) -> None:
    """A waiting run is joined like one that is on."""
    ask(runs, A)
    waiting = ask(runs, NAMED)

    assert (waiting.run, True) == ((again := ask(runs, NAMED, user="U0BOB")).run, again.joined)


def test_the_next_run_of_a_cluster_begins_when_the_first_has_ended(
    redis: Redis, slack: SlackServer, runs: Runs
) -> None:
    """A worker does both, one after the other."""
    asked = [ask(runs, A), ask(runs, NAMED)]
    spine.work(spine.tools(redis, slack.url))

    assert ["done", "done"] == [record.state for one in asked if (record := runs.get(one.run))]
    assert () == runs.live()
    assert not redis.exists("claim:cluster-a")


def test_nobody_takes_more_than_their_share(runs: Runs) -> None:
    """A person's eleventh run is refused in words for them, whatever others do."""
    for number in range(runs_module.MOST_PER_USER):
        ask(runs, Question(cluster=f"cluster-{number}"))

    with pytest.raises(Refused, match="You have 10 checks"):
        ask(runs, Question(cluster="one-more"))
    assert not ask(runs, Question(cluster="one-more"), user="U0BOB").joined


def test_all_together_have_a_bound(runs: Runs) -> None:
    """Above it people are told to come back."""
    for number in range(runs_module.MOST_LIVE):
        ask(runs, Question(cluster=f"cluster-{number}"), user=f"U{number}")

    with pytest.raises(Refused, match="busy"):
        ask(runs, Question(cluster="one-more"))
    assert ask(runs, Question(cluster="cluster-0"), user="U0BOB").joined


def test_a_run_that_waits_can_be_stopped_and_ends_as_stopped(redis: Redis, slack: SlackServer, runs: Runs) -> None:
    """Who stopped it is in the record; what has ended cannot be stopped."""
    asked = ask(runs, A)
    stopped = runs.stop(asked.run, user="U0BOB")
    spine.work(spine.tools(redis, slack.url))
    record = runs.get(asked.run)

    assert record is not None
    assert (True, "stopped", "U0BOB", ()) == (stopped, record.state, record.stop, record.steps)
    assert (False, False) == (runs.stop(asked.run, user="U0BOB"), runs.stop("run_none", user="U0BOB"))


def test_everything_that_a_run_leaves_goes_away_by_itself(redis: Redis, slack: SlackServer, runs: Runs) -> None:
    """Each key has a time to live; facts and texts go within a day, the verdict is kept for ninety."""
    ask(runs, A)
    ask(runs, A, user="U0BOB", request="again")
    ask(runs, NAMED)
    spine.work(spine.tools(redis, slack.url))
    ours = [key.decode() for key in redis.scan_iter() if not key.startswith(b"rq:")]
    longest = {
        kind: max(int(redis.ttl(key)) for key in keys) for kind, keys in groupby(sorted(ours, key=kind_of), key=kind_of)
    }

    assert [] == [key for key in ours if redis.ttl(key) < 0]
    assert {"run", "run:steps", "run:joined", "out", "out:rows", "request", "fence"} <= longest.keys()
    assert all(longest[kind] <= 24 * 3600 for kind in ("run:steps", "out:rows", "request"))
    assert 89 * 24 * 3600 < longest["run"] <= 90 * 24 * 3600


def kind_of(key: str) -> str:
    """A key without the name in it."""
    parts = key.split(":")
    return ":".join([parts[0], *parts[2:]])


def test_what_this_version_cannot_read_is_no_run(redis: Redis, runs: Runs) -> None:
    """A record of another version, or a broken one, is passed over."""
    asked = ask(runs, A)
    redis.hset(f"run:{asked.run}", "state", "a state of tomorrow")

    assert (None, ()) == (runs.get(asked.run), runs.live())
