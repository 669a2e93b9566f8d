"""A question becomes a job, a run, and a thread in Slack; a job that is not ours is not run, and harms nobody."""

from __future__ import annotations

import json
import pickle
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from contract import jobs as jobs_module
from contract.jobs import QUEUE, Jobs, job_class
from contract.model import Outcome, Question, Status
from contract.runs import Runs
from contract.signing import Key
from sandbox.slack import SlackServer, typical_workspace
from tests import spine
from workers.cluster import CannotRead
from workers.jobs import Tools, prepare

CHANNEL = spine.CHANNEL
A = Question(cluster="cluster-a")


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A pretend Slack with its rate limits."""
    with SlackServer(typical_workspace()) as server:
        yield server


def ask(tools: Tools) -> str:
    """Ask about cluster-a; the run's id."""
    return tools.runs.ask(A, user="U0ALICE", team=spine.TEAM, channel=CHANNEL).run


def test_a_question_ends_as_a_thread_with_the_verdict_last(redis: Redis, slack: SlackServer) -> None:
    """One parent whose first line begins with the status, the steps in order, the verdict as the last reply."""
    tools = spine.tools(redis, slack.url)
    run = ask(tools)
    spine.work(tools)
    record = tools.runs.get(run)
    lines = spine.said(slack, CHANNEL)

    assert record is not None
    assert ("done", 3, 1) == (record.state, len(record.steps), record.attempts)
    assert ["Problem", "Problem"] == [line.split(" ·")[0].strip() for line in (lines[0], lines[-1])]
    assert [True, True, True] == [number in "\n".join(lines) for number in ("1/3", "2/3", "3/3")]
    assert 1 == len(slack.api.posts(CHANNEL))
    assert () == tools.runs.live()


def test_a_cluster_that_nobody_gets_into_is_not_called_broken(redis: Redis, slack: SlackServer) -> None:
    """The verdict is that it cannot be seen, with the reason; no step is said to have run."""

    def closed(_record: object) -> Any:
        raise CannotRead("describe", "cluster cluster-a", "403 forbidden", grant="eks:DescribeCluster")

    tools = spine.tools(redis, slack.url, open_cluster=closed)
    run = ask(tools)
    spine.work(tools)
    record = tools.runs.get(run)

    assert record is not None
    assert record.verdict is not None
    assert (Status.CANNOT_SEE, ()) == (record.verdict.status, record.steps)
    assert {"eks:DescribeCluster"} == {one.grant for one in record.verdict.not_checked}
    assert spine.said(slack, CHANNEL)[0].startswith("Cannot see")


def test_a_job_that_takes_too_long_is_judged_by_what_it_saw(
    redis: Redis, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The alarm of rq ends the run properly: what was not seen is unknown, and the verdict is posted."""
    monkeypatch.setattr(jobs_module, "SECONDS", 2)
    slow = (spine.check("service"), spine.check("slow", act=lambda: time.sleep(4)))
    tools = spine.tools(redis, slack.url, slow)
    run = ask(tools)
    spine.work(tools)
    record = tools.runs.get(run)

    assert record is not None
    assert "done" == record.state
    assert [Outcome.OK, Outcome.UNKNOWN] == [step.outcome for step in record.steps]
    assert "Healthy" == spine.said(slack, CHANNEL)[-1].split(" ·")[0].strip()


def test_a_run_is_stopped_between_two_steps(redis: Redis, slack: SlackServer) -> None:
    """The thread says who stopped it, and after how many steps; the rest is not run."""
    runs = Runs(redis, spine.KEY)
    stop = spine.check("second", act=lambda: [runs.stop(record.run, user="U0BOB") for record in runs.live()])
    tools = spine.tools(redis, slack.url, (spine.check("first"), stop, spine.check("third")), run=spine.in_turn)
    run = ask(tools)
    spine.work(tools)
    record = tools.runs.get(run)

    assert record is not None
    assert ("stopped", "U0BOB", 2) == (record.state, record.stop, len(record.steps))
    assert "stopped by <@U0BOB> after 2/3" in spine.said(slack, CHANNEL)[0]


def planted(redis: Redis, job: str, **fields: object) -> None:
    """Write a job as somebody would who can write to Redis."""
    mapping = {
        "created_at": "2026-11-23T09:00:00.000000Z",
        "origin": QUEUE,
        "status": "queued",
        "timeout": 60,
        **fields,
    }
    redis.hset(f"rq:job:{job}", mapping=mapping)  # type: ignore[arg-type]
    redis.rpush(f"rq:queue:{QUEUE}", job)


def call(function: str, *arguments: object, instance: object = None, **keywords: object) -> bytes:
    """The data of a JSON job."""
    return zlib.compress(json.dumps([function, instance, arguments, keywords]).encode())


def signed(job: str, run: str, key: Key = spine.KEY) -> str:
    """The metadata of a job that is signed."""
    return json.dumps({"signature": key.sign("job", "check_cluster", run, job)})


class Exploit:
    """Runs a command when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return Path.touch, (self.path,)  # type: ignore[return-value]


ATTACKS = {
    "another function": lambda path: {"data": call("os.system", f"touch {path}")},
    "a function of ours that is no job": lambda _: {"data": call("workers.jobs.tools.prepare", "x")},
    "an instance": lambda path: {"data": call("system", f"touch {path}", instance="os")},
    "keywords": lambda _: {
        "data": call("workers.jobs.check_cluster", "run_x", more=1),
        "meta": signed("evil", "run_x"),
    },
    "no signature": lambda _: {"data": call("workers.jobs.check_cluster", "run_x")},
    "another key": lambda _: {
        "data": call("workers.jobs.check_cluster", "run_x"),
        "meta": signed("evil", "run_x", Key.of("another-secret-of-theirs", "")),
    },
    "another job's signature": lambda _: {
        "data": call("workers.jobs.check_cluster", "run_x"),
        "meta": signed("good", "run_x"),
    },
    "another run's signature": lambda _: {
        "data": call("workers.jobs.check_cluster", "run_y"),
        "meta": signed("evil", "run_x"),
    },
    "pickle": lambda path: {"data": zlib.compress(pickle.dumps(("os.getpid", None, (Exploit(path),), {})))},
    "pickled meta": lambda path: {"data": call("os.getpid"), "meta": pickle.dumps(Exploit(path))},
    "not compressed": lambda _: {"data": b"\xff\x00garbage"},
    "no data": lambda _: {},
    "a status of its own": lambda _: {"data": call("os.getpid"), "status": "wild"},
    "a time of its own": lambda _: {"data": call("os.getpid"), "created_at": "yesterday"},
    "meta that is a list": lambda _: {"data": call("workers.jobs.check_cluster", "run_x"), "meta": b"[1]"},
    "callbacks": lambda path: {
        "data": call("workers.jobs.check_cluster", "run_x"),
        "meta": signed("evil", "run_x"),
        "success_callback_name": "tests.spine.die",
        "failure_callback_name": "tests.spine.die",
        "stopped_callback_name": "tests.spine.die",
        "webhooks": json.dumps([{"url": f"http://127.0.0.1:1/{path.name}", "job_status": "finished"}]),
    },
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_a_planted_job_does_nothing_and_the_worker_lives_on(
    redis: Redis, tmp_path: Path, attack: Callable[[Path], dict[str, object]]
) -> None:
    """Neither its function nor its callbacks are called; the job behind it in the queue is done."""
    mark = tmp_path / "exploited"
    planted(redis, "evil", **attack(mark))
    tools = spine.tools(redis, "http://127.0.0.1:1/api/")
    with redis.pipeline() as pipe:
        tools.runs.jobs.put("check_cluster", "run_none", "good", pipe)
        pipe.execute()
    spine.work(tools)

    assert not mark.exists()
    assert (0, 0) == (redis.llen(f"rq:queue:{QUEUE}"), redis.exists("rq:job:good"))


def test_both_secrets_are_good_while_they_are_exchanged(redis: Redis, slack: SlackServer) -> None:
    """A job that was signed with the old secret is done by a worker that has the new one first."""
    both = Key.of("the-new-secret-of-ours,testing-testing-testing", "")
    tools = spine.tools(redis, slack.url, (spine.check("service"),))
    run = ask(tools)
    prepare(tools)
    queue = Queue(QUEUE, connection=redis, job_class=job_class(both), serializer=JSONSerializer)
    SimpleWorker([queue], connection=redis, job_class=job_class(both), serializer=JSONSerializer).work(burst=True)
    record = tools.runs.get(run)

    assert record is not None
    assert "done" == record.state


def test_an_error_is_kept_without_secrets_and_not_for_long(redis: Redis, slack: SlackServer) -> None:
    """A job that crashes leaves no token in Redis, and its traceback goes within a day."""

    def broken(_record: object) -> Any:
        raise RuntimeError("xoxb-testing-thisisasecret and k8s-aws-v1.aHR0cHM6Ly9zZWNyZXQ")

    tools = spine.tools(redis, slack.url, open_cluster=broken)
    run = ask(tools)
    spine.work(tools)
    held = b" ".join(redis.dump(key) or b"" for key in redis.scan_iter() if key.startswith(b"rq:"))
    job = tools.runs.jobs.queue.fetch_job(f"{run}-1")

    assert job is not None
    assert "RuntimeError: [secret]" in str(job.latest_result().exc_string)  # type: ignore[union-attr]
    assert b"thisisasecret" not in held
    assert 0 < redis.ttl(f"rq:job:{run}-1") <= 24 * 3600


def test_the_place_in_the_queue_is_told(redis: Redis) -> None:
    """The first job has none before it; one that is not there has no place."""
    made = Jobs(redis, spine.KEY)
    with redis.pipeline() as pipe:
        for number in range(3):
            made.put("check_cluster", f"run_{number}", f"job-{number}", pipe)
        pipe.execute()

    assert (0, 2, None, 3) == (made.place("job-0"), made.place("job-2"), made.place("job-9"), made.length())
