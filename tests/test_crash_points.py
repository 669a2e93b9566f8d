"""A process dies at each durable write and each call to Slack in turn: the run still ends right, and nothing twice."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis import Redis

from contract.connection import text
from contract.leases import Leases
from sandbox.slack import SlackServer, typical_workspace
from tests import spine
from workers import jobs
from workers.jobs import Tools
from workers.jobs.reporting import Reporter
from workers.worker.mailer import Mailer
from workers.worker.watchdog import Watchdog

POINTS = range(1, 65)
"""More than a tiny run has."""

BEGINNING = range(8, 32, 2)
"""From before a run begins until most of its steps are done."""

SOME_POINTS = range(2, 62, 3)
"""Every third, as Slack's pace in their one channel is what these take."""

DIED = 137

pytestmark = pytest.mark.chaos


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A pretend Slack without rate limits."""
    with SlackServer(typical_workspace(), rate_limits=False) as server:
        yield server


def recover(tools: Tools) -> None:
    """Do what the workers that are left do, until every run has ended and Slack knows all of it."""
    jobs.prepare(tools)
    leases = Leases(tools.redis)
    watchdog = Watchdog(tools.redis, tools.runs, tools.slack)
    mailer = Mailer(tools.redis, tools.slack)
    for name in tools.redis.zrange("leased", 0, -1):
        held = text(tools.redis.get(f"lease:{text(name)}"))
        leases.end(text(name), held.partition(" ")[2])

    def settled() -> bool:
        tools.redis.delete("watchdog")
        watchdog.sweep()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(jobs.check_cluster, [record.run for record in tools.runs.live()]))
        mailer.round()
        return not tools.redis.zcard("live") and not tools.redis.zcard("unsent")

    spine.until(settled, 120)


@pytest.mark.timeout(240)
def test_a_run_ends_right_wherever_its_process_dies(redis_url: str, redis: Redis, slack: SlackServer) -> None:
    """Every run is done with one verdict, each of its posts is there once, and its parent shows the end."""
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(["tests.spine"])

    def crash(point: int) -> int | None:
        process = fork.Process(target=spine.ask_and_check, args=(redis_url, slack.url, point, f"r{point}"))
        process.start()
        process.join()
        return process.exitcode

    with ThreadPoolExecutor(8) as pool:
        exits = list(pool.map(crash, POINTS))
    tools = spine.tools(redis, slack.url)
    runs = [spine.ask_again(tools, f"r{point}") for point in POINTS]
    recover(tools)
    posts: dict[str, list[tuple[int, str, str]]] = {run: [] for run in runs}
    for parent in slack.api.posts(spine.CHANNEL):
        for message in slack.api.thread(spine.CHANNEL, parent.ts):
            payload = message.metadata["event_payload"]
            posts[payload["run"]].append((payload["seq"], payload["kind"], message.text.split(" ·")[0]))

    assert exits.count(DIED) > 40
    assert exits.count(0) > 5
    for run in runs:
        numbers = [seq for seq, _, _ in posts[run]]
        assert sorted(set(numbers)) == numbers
        assert ("parent", "Problem", "verdict", "Problem") == (*posts[run][0][1:], *posts[run][-1][1:])
        assert 1 == [kind for _, kind, _ in posts[run]].count("verdict")


@pytest.mark.timeout(240)
def test_a_lost_worker_is_told_of_wherever_it_died(redis_url: str, redis: Redis, slack: SlackServer) -> None:
    """The parent says "worker lost, resuming" also where Slack may not have had it yet."""
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(["tests.spine"])
    tools = spine.tools(redis, slack.url)
    lost = 0
    for point in BEGINNING:
        process = fork.Process(target=spine.ask_and_check, args=(redis_url, slack.url, point, f"r{point}"))
        process.start()
        process.join()
        record = tools.runs.get(run := spine.ask_again(tools, f"r{point}"))
        begun = record is not None and record.state == "running"
        recover(tools)
        (parent,) = [one for one in slack.api.posts(spine.CHANNEL) if one.metadata["event_payload"]["run"] == run]
        assert begun == any("worker lost, resuming" in edit.text for edit in parent.edits), point
        lost += begun

    assert lost > len(BEGINNING) / 2


@pytest.mark.timeout(240)
def test_a_report_is_posted_once_wherever_its_process_dies(redis_url: str, redis: Redis, slack: SlackServer) -> None:
    """Every report stands in the channel once, with its reply once: what is wrong in its cluster."""
    fork = multiprocessing.get_context("forkserver")
    fork.set_forkserver_preload(["tests.spine"])

    def crash(point: int) -> int | None:
        process = fork.Process(target=spine.report_and_check, args=(redis_url, slack.url, point))
        process.start()
        process.join()
        return process.exitcode

    with ThreadPoolExecutor(8) as pool:
        exits = list(pool.map(crash, SOME_POINTS))
    tools = spine.tools(redis, slack.url)
    for point in SOME_POINTS:
        spine.begin_report(tools, point)
    _finish(tools)
    posts = slack.api.posts(spine.CHANNEL)
    told = [message.metadata["event_payload"]["run"] for message in posts]
    replies = {message.text for post in posts for message in slack.api.replies(spine.CHANNEL, post.ts)}

    assert exits.count(DIED) > 12
    assert sorted(map(spine.report_name, SOME_POINTS)) == sorted(told)
    assert {1} == {len(slack.api.replies(spine.CHANNEL, post.ts)) for post in posts}
    assert {f"Problem · cluster-{point} · Not so: The replicas is fine." for point in SOME_POINTS} == replies


def _finish(tools: Tools) -> None:
    """Do what the workers that are left do, until every report is posted."""
    reporter = Reporter(tools)

    def settled() -> bool:
        recover(tools)
        tools.redis.delete("rq:queue:dnsmedic")
        reporter.round()
        return not tools.redis.zcard("reports") and not tools.redis.zcard("unsent")

    spine.until(settled, 120)
