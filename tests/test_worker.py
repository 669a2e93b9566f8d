"""Real worker processes that are killed, paused and asked to go: the run ends right, once, and says what happened."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from multiprocessing.synchronize import Event
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis import Redis

from contract.connection import connect, text
from contract.model import Question
from contract.runs import Runs
from sandbox import redis_server
from sandbox.slack import ALL, SlackServer, Status, typical_workspace
from tests import spine
from workers.worker import horses

CHANNEL = "C0INCIDENTS"

pytestmark = pytest.mark.chaos


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A pretend Slack without rate limits."""
    with SlackServer(typical_workspace(), rate_limits=False) as server:
        yield server


@pytest.fixture
def runs(redis: Redis) -> Runs:
    """The runs as the bot sees them."""
    return Runs(redis, spine.KEY)


def ask(runs: Runs, cluster: str = "cluster-a") -> str:
    """Ask for a run and return its id."""
    question = Question(cluster=cluster)
    return runs.ask(question, user="U0ALICE", team=spine.TEAM, channel=CHANNEL).run


def state(runs: Runs, run: str) -> str:
    """How the run stands."""
    record = runs.get(run)
    return record.state if record else ""


def settled(redis: Redis, run: str) -> bool:
    """Whether the run has ended and Slack has been told all of it."""
    return not redis.zscore("live", run) and not redis.zcard("unsent")


def seqs(slack: SlackServer, run: str) -> list[int]:
    """The numbers of all posts of the run that Slack has, in the order in which it took them."""
    posts = [message for parent in slack.api.posts(CHANNEL) for message in slack.api.thread(CHANNEL, parent.ts)]
    payloads = [message.metadata["event_payload"] for message in posts if message.metadata]
    return [payload["seq"] for payload in payloads if payload["run"] == run]


def kinds(slack: SlackServer, run: str) -> list[str]:
    """The kinds of all posts of the run that Slack has, in the order in which it took them."""
    posts = [message for parent in slack.api.posts(CHANNEL) for message in slack.api.thread(CHANNEL, parent.ts)]
    payloads = [message.metadata["event_payload"] for message in posts if message.metadata]
    return [payload["kind"] for payload in payloads if payload["run"] == run]


def parent_texts(slack: SlackServer) -> list[str]:
    """All that the first parent in the channel has said, oldest first."""
    return [text for parent in slack.api.posts(CHANNEL)[:1] for text in (*[e.text for e in parent.edits], parent.text)]


def alive(process: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def horse_of(process: int) -> int:
    """The process that the worker has forked for a job, whose group is its own; 0 without one."""
    for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
        if os.getpgid(int(child)) == int(child):
            return int(child)
    return 0


def test_a_forked_worker_does_a_job_and_goes_when_asked(
    redis_url: str, redis: Redis, slack: SlackServer, runs: Runs
) -> None:
    """A worker takes a run to its end; SIGTERM ends it with status 0."""
    run = ask(runs)
    with spine.worker_process(redis_url, slack.url) as worker:
        spine.until(lambda: settled(redis, run))
        worker.send_signal(signal.SIGTERM)
        status = worker.wait(20)

    assert (0, "done", [1, 2, 3]) == (status, state(runs, run), seqs(slack, run))


def test_a_run_whose_worker_and_job_are_killed_is_resumed_by_another(
    redis_url: str, redis: Redis, slack: SlackServer, runs: Runs, tmp_path: Path
) -> None:
    """The parent says "worker lost, resuming"; finished steps are not run again; each post is there once."""
    gate = tmp_path / "gate"
    run = ask(runs)
    with (
        spine.worker_process(redis_url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)) as first,
        spine.worker_process(redis_url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)) as second,
    ):
        lost = spine.until(lambda: [one for one in (first, second) if horse_of(one.pid)])[0]
        spine.until(lambda: redis.hlen(f"run:{run}:steps") == 1)
        horse = horse_of(lost.pid)
        os.kill(lost.pid, signal.SIGKILL)
        spine.until(lambda: not alive(horse))
        spine.until(lambda: any("worker lost, resuming after 1/3" in said for said in parent_texts(slack)))
        gate.touch()
        spine.until(lambda: settled(redis, run))
    record = runs.get(run)

    assert record is not None
    assert ("done", 2, 3) == (record.state, record.attempts, len(record.steps))
    assert sorted(set(seqs(slack, run))) == seqs(slack, run)
    assert ["1", "2", "3"] == re.findall(r"(\d)/3 The", "\n".join(spine.said(slack, CHANNEL)))


def test_a_check_that_kills_its_process_is_given_up_after_three_tries(
    redis_url: str, redis: Redis, slack: SlackServer, runs: Runs
) -> None:
    """A poison run ends as given up, its thread says so, and other runs go on."""
    poison = ask(runs)
    fine = Question(cluster="cluster-b", only=("service",))
    other = runs.ask(fine, user="U0BOB", team=spine.TEAM, channel="C0INC42").run
    with spine.worker_process(redis_url, slack.url, "POISON"):
        spine.until(lambda: settled(redis, poison) and settled(redis, other))
    record = runs.get(poison)

    assert record is not None
    assert ("given-up", 3, "done") == (record.state, record.attempts, state(runs, other))
    assert ["Given up", "Given up"] == [
        text.split(" ·")[0].strip() for text in (parent_texts(slack)[-1], spine.said(slack, CHANNEL)[-1])
    ]


def test_a_worker_that_is_asked_to_go_hands_its_run_over(
    redis_url: str, redis: Redis, slack: SlackServer, runs: Runs, tmp_path: Path
) -> None:
    """SIGTERM within a step: status 0 in time; the next worker goes on, and this is no lost worker."""
    gate = tmp_path / "gate"
    run = ask(runs)
    with spine.worker_process(redis_url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)) as first:
        spine.until(lambda: redis.hlen(f"run:{run}:steps") == 1)
        first.send_signal(signal.SIGTERM)
        status = first.wait(25)
    gate.touch()
    with spine.worker_process(redis_url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)):
        spine.until(lambda: settled(redis, run))
    record = runs.get(run)

    assert record is not None
    assert (0, "done", 1, 3) == (status, record.state, record.attempts, len(record.steps))
    assert [] == [said for said in parent_texts(slack) if "lost" in said]


def test_a_paused_worker_says_nothing_once_its_run_was_taken_over(
    redis_url: str, redis: Redis, slack: SlackServer, runs: Runs, tmp_path: Path
) -> None:
    """SIGSTOP, then SIGCONT: what the stale worker posts after the takeover is nothing."""
    gate = tmp_path / "gate"
    run = ask(runs)
    with spine.worker_process(redis_url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)) as first:
        spine.until(lambda: redis.hlen(f"run:{run}:steps") == 1 and not redis.zcard("unsent"))
        stale = (first.pid, horse_of(first.pid))
        for process in stale:
            os.kill(process, signal.SIGSTOP)
        with spine.worker_process(redis_url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)):
            gate.touch()
            spine.until(lambda: settled(redis, run), 60)
            said = spine.said(slack, CHANNEL)
            for process in stale:
                os.kill(process, signal.SIGCONT)
            spine.until(lambda: not alive(stale[1]))

    assert said == spine.said(slack, CHANNEL)
    assert [1, 2, 3] == sorted(set(seqs(slack, run)))[:3]
    assert sorted(set(seqs(slack, run))) == seqs(slack, run)


def test_a_run_outlives_a_redis_that_is_killed_and_comes_back(slack: SlackServer, tmp_path: Path) -> None:
    """With its append-only file nothing is lost: the run ends, and each post is there once."""
    gate, folder = tmp_path / "gate", tmp_path / "redis"
    with redis_server.start(folder=folder, aof=True) as first:
        redis = connect(first.url, patience=20)
        run = ask(Runs(redis, spine.KEY))
        with spine.worker_process(first.url, slack.url, "GATED", DNSMEDIC_TEST_GATE=str(gate)):
            spine.until(lambda: redis.hlen(f"run:{run}:steps") == 1)
            os.kill(first.pid, signal.SIGKILL)
            spine.until(lambda: not alive(first.pid))
            with redis_server.start(folder=folder, port=first.port, aof=True):
                gate.touch()
                spine.until(lambda: settled(redis, run))
                ended = state(Runs(redis, spine.KEY), run)

    assert "done" == ended
    assert sorted(set(seqs(slack, run))) == seqs(slack, run)
    assert "verdict" == kinds(slack, run)[-1]


def test_while_slack_is_down_the_diagnosis_runs_and_its_answer_comes_later(
    redis_url: str, redis: Redis, slack: SlackServer, runs: Runs
) -> None:
    """The run is done without Slack; once Slack is back all arrives, once and in order."""
    slack.faults.set(ALL, Status(500))
    run = ask(runs)
    with spine.worker_process(redis_url, slack.url):
        spine.until(lambda: state(runs, run) == "done")
        slack.faults.clear()
        spine.until(lambda: settled(redis, run), 60)

    assert ["parent", "step", "verdict"] == kinds(slack, run)


def test_a_worker_listens_to_no_commands_of_rq(redis_url: str, redis: Redis, slack: SlackServer, runs: Runs) -> None:
    """Whoever can publish in Redis cannot shut a worker down."""
    with spine.worker_process(redis_url, slack.url) as worker:
        spine.until(lambda: redis.smembers("rq:workers"))
        name = text(next(iter(redis.smembers("rq:workers")))).rpartition(":")[2]
        heard = redis.publish(f"rq:pubsub:{name}", '{"command": "shutdown"}')
        run = ask(runs)
        spine.until(lambda: settled(redis, run))
        status = worker.poll()

    assert (0, None) == (heard, status)


def test_rqs_scheduler_is_ended_though_it_lost_the_signal(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was just forked may miss SIGTERM: the worker does not wait for it for ever, nor begins another."""
    monkeypatch.setattr(horses, "SCHEDULER_SECONDS", 0.2)
    worker: Any = horses.horseman(redis, spine.KEY, killed=lambda _: None, attend=lambda: None)
    ready = multiprocessing.get_context("fork").Event()
    deaf = multiprocessing.get_context("fork").Process(target=_deaf, args=(ready,), daemon=True)
    deaf.start()
    assert ready.wait(10)
    worker.scheduler = SimpleNamespace(_process=deaf, acquire_locks=lambda **_: pytest.fail("another was begun"))
    worker.asked_to_go, worker.last_cleaned_at = True, datetime.now(UTC)

    worker.stop_scheduler()
    worker.run_maintenance_tasks()

    assert not deaf.is_alive()


def _deaf(ready: Event) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready.set()
    time.sleep(60)
