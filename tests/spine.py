"""What the tests of runs, jobs, threads and workers share: tiny checks, a workspace, and real worker processes."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from contract import crashpoints
from contract.connection import connect
from contract.health_reports import HealthReport, HealthReports
from contract.jobs import QUEUE, job_class
from contract.model import Finding, Observation, Outcome, Question, Severity, Status, StepResult, Verdict
from contract.records import RunRecord
from contract.runs import Runs
from contract.signing import Key
from sandbox.slack import SlackServer
from workers import jobs, runner
from workers.checks import Check, Stage
from workers.cluster import Cluster
from workers.jobs import Tools
from workers.jobs.reporting import Reporter
from workers.thread import connect as connect_slack
from workers.worker.mailer import Mailer

KEY = Key.of("testing-testing-testing", "")
TEAM = "T0DNSMEDIC"
CHANNEL = "C0INCIDENTS"

T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """What the tiny checks see: nothing but whether they are fine."""

    fine: bool


def check(name: str, *, fine: bool = True, act: Callable[[], object] | None = None) -> Check[Facts]:
    """A real check that looks at nothing. act: done while it collects."""

    def collect(_cluster: Cluster) -> Facts:
        if act:
            act()
        return Facts(fine)

    def diagnose(facts: Facts) -> Iterator[Observation]:
        if not facts.fine:
            yield Finding(code="coredns-none-ready", severity=Severity.CRITICAL, summary=f"{name} is broken.")

    return Check(
        name=name,
        title=f"The {name} is fine",
        stage=Stage.ACCESS,
        steps=("S01",),
        source="https://example.org/",
        facts=Facts,
        collect=collect,
        diagnose=diagnose,
        describe=lambda facts: f"{name}: {facts.fine}",
    )


CHECKS = (check("service"), check("replicas", fine=False), check("names"))


def judge(_question: Question, steps: Sequence[StepResult]) -> Verdict:
    """A verdict that is enough to tell right from wrong."""
    broken = [step.title for step in steps if step.outcome is Outcome.PROBLEM]
    if broken:
        return Verdict(status=Status.PROBLEM, summary=f"Not so: {', '.join(broken)}.")
    return Verdict(status=Status.HEALTHY, summary=f"All {len(steps)} steps are fine.")


def no_cluster(_record: RunRecord) -> AbstractContextManager[Cluster]:
    """What the tiny checks look into."""
    return nullcontext(cast("Cluster", None))


def in_turn(checks: Sequence[Check[Any]], cluster: Cluster, keep: runner.Keep) -> Iterator[StepResult]:
    """Run the checks one after the other, so that one can do something between two steps."""
    for one in checks:
        yield from runner.run([one], cluster, keep)


def tools(
    redis: Redis,
    slack_url: str,
    checks: Sequence[Check[Any]] = CHECKS,
    *,
    open_cluster: Callable[[RunRecord], AbstractContextManager[Cluster]] = no_cluster,
    run: Callable[[Sequence[Check[Any]], Cluster, runner.Keep], Iterator[StepResult]] = runner.run,
) -> Tools:
    """A worker's tools, with tiny checks."""
    return Tools(
        redis=redis,
        runs=Runs(redis, KEY),
        slack=connect_slack("xoxb-test", slack_url),
        checks=checks,
        open=open_cluster,
        run=run,
        judge=judge,
        asked_in=lambda _cluster, channel: channel != "C0QUIET",
    )


def work(made: Tools) -> None:
    """Do all jobs that are queued, in this process, as a worker would."""
    jobs.prepare(made)
    signed = job_class(made.runs.jobs.key)
    queue = Queue(QUEUE, connection=made.redis, job_class=signed, serializer=JSONSerializer)
    worker = SimpleWorker([queue], connection=made.redis, job_class=signed, serializer=JSONSerializer)
    worker.work(burst=True)


def until(look: Callable[[], T], seconds: float = 30.0) -> T:
    """What `look` returns once that is true; fails after so many seconds."""
    give_up = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.02)
    return seen


@contextmanager
def worker_process(
    redis_url: str, slack_url: str, checks: str = "CHECKS", **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A real `dnsmedic worker` with tiny checks; it is killed at the end if it is still there.

    checks: an expression in this module.
    """
    program = (
        f"import sys; from tests import spine; sys.exit(spine.serve({redis_url!r}, {slack_url!r}, spine.{checks}))"
    )
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DNSMEDIC_")}
    process = subprocess.Popen([sys.executable, "-c", program], env={**clean, **environment}, process_group=0)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def serve(redis_url: str, slack_url: str, checks: Sequence[Check[Any]]) -> int:
    """What such a worker does."""
    from workers.settings import Settings
    from workers.worker import serve as serve_worker

    given = {
        "REDIS_URL": redis_url,
        "SLACK_BOT_TOKEN": "xoxb-test",
        "SLACK_API_URL": slack_url,
        "DNSMEDIC_CLUSTERS": "clusters.yaml",
        "DNSMEDIC_KEY": "testing-testing-testing",
    }
    return serve_worker(Settings.from_env(given), tools(connect(redis_url, patience=30), slack_url, checks))


def ask_and_check(redis_url: str, slack_url: str, point: int, request: str) -> None:
    """Ask for a run and work on it, and die at the numbered crash point on the way."""
    os.environ["DNSMEDIC_CRASH_AT"] = str(point)
    importlib.reload(crashpoints)
    made = tools(connect(redis_url), slack_url)
    jobs.prepare(made)
    jobs.check_cluster(ask_again(made, request))


def report_and_check(redis_url: str, slack_url: str, point: int) -> None:
    """Begin a report of one cluster and take it to its end, and die at the numbered crash point on the way."""
    os.environ["DNSMEDIC_CRASH_AT"] = str(point)
    importlib.reload(crashpoints)
    made = tools(connect(redis_url), slack_url)
    jobs.prepare(made)
    begin_report(made, point)
    reporter, mailer = Reporter(made), Mailer(made.redis, made.slack)
    for _ in range(10):
        reporter.round()
        for run in HealthReports(made.redis).runs(report_name(point)).values():
            jobs.check_cluster(run)
        made.redis.delete("rq:queue:dnsmedic")  # what was queued has just been done
        mailer.round()


def report_name(number: int) -> str:
    """The name of the report with this number."""
    return f"report_{number}"


def begin_report(made: Tools, number: int) -> None:
    """Begin the report with this number, of a schedule and a cluster of its own, unless it was begun."""
    report = HealthReport(
        name=report_name(number), clusters=(f"cluster-{number}",), channel=CHANNEL, schedule=f"s{number}", team=TEAM,
        tick=1_795_507_200.0,
    )  # fmt: skip
    HealthReports(made.redis).begin_tick(report)


def ask_again(made: Tools, request: str) -> str:
    """The run of a request, which may have been asked before: of its own cluster, person and workspace."""
    question = Question(cluster=f"cluster-{request}")
    return made.runs.ask(question, user=f"U{request}", team=f"T{request}", channel=CHANNEL, request=request).run


def said(slack: SlackServer, channel: str) -> list[str]:
    """What stands in a channel, a line for each message that was not deleted: parents, then their replies."""
    lines = []
    for parent in slack.api.posts(channel):
        if not parent.deleted:
            lines.append(parent.text)
            lines += [f"  {reply.text}" for reply in slack.api.replies(channel, parent.ts) if not reply.deleted]
    return lines


def die() -> None:
    """Take down the process that the check runs in."""
    os.kill(os.getpid(), 9)


def wait_for_file() -> None:
    """Hold the check until the test makes the file that DNSMEDIC_TEST_GATE names."""
    gate = Path(os.environ["DNSMEDIC_TEST_GATE"])
    while not gate.exists():
        time.sleep(0.02)


POISON = (check("service"), check("poison", act=die))
GATED = (check("service"), check("gate", act=wait_for_file), check("names"))
