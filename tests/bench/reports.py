"""A health report of a thousand clusters beside one of a hundred: what it costs, in time and memory.

The checks are tiny, so that what is measured is the report's own: asking for the runs, reading what became of them, and
the message with its replies.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from contract.connection import connect
from contract.health_reports import HealthReport, HealthReports
from sandbox import redis_server
from sandbox.slack import SlackServer, typical_workspace
from tests import spine
from workers import jobs
from workers.jobs.reporting import Reporter
from workers.worker.mailer import Mailer

FEW, MANY = 100, 1000
MOST_TIMES = 10.5
MOST_MIB = 150.0
CHANNEL = "C0HEALTH"


def run() -> bool:
    """Print what both take, and whether the cost grows with the clusters alone, within the memory that a worker may have."""
    print(f"a health report of {FEW} and of {MANY:,} clusters, tiny checks")  # noqa: T201
    few, many = _figures(FEW), _figures(MANY)
    times, mib = many[0] / few[0], many[1]
    good = times <= MOST_TIMES and mib <= MOST_MIB
    print(f"  {times:.1f} times (goal: at most {MOST_TIMES}; {MOST_MIB:.0f} MiB){'' if good else '  MISSED'}")  # noqa: T201
    return good


def _figures(count: int) -> tuple[float, float]:
    """Seconds and MiB of a report of so many clusters, which are printed. A process of its own has its own memory."""
    program = f"from tests.bench import reports; reports.once({count})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    taken, mib, posts = map(float, done.stdout.split())
    each = 1000 * taken / count
    print(f"  {count:5} clusters {taken:6.1f} s, {each:5.1f} ms each, {mib:4.0f} MiB, {posts:.0f} posts")  # noqa: T201
    return taken, mib


def once(count: int) -> None:
    """Print the seconds, the greatest memory in MiB and the posts of one report of so many clusters."""
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server.start(folder=Path(folder)) as server,
        SlackServer(typical_workspace(), rate_limits=False) as slack,
    ):
        made = spine.tools(connect(server.url), slack.url)
        jobs.prepare(made)
        clusters = tuple(f"cluster-{number:04}" for number in range(count))
        reports = HealthReports(made.redis)
        reports.begin_tick(
            HealthReport(name="report_bench", clusters=clusters, channel=CHANNEL, schedule="bench", tick=1.0)
        )
        reporter, mailer = Reporter(made), Mailer(made.redis, made.slack)
        began = time.perf_counter()
        while reports.open():
            reporter.round()
            for record in made.runs.live():
                jobs.check_cluster(record.run)
            made.redis.delete(made.runs.jobs.queue.key)  # what was queued has just been done
        taken = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        while made.redis.zcard("unsent"):
            time.sleep(mailer.round())
        posts = sum(len(slack.api.thread(CHANNEL, post.ts)) for post in slack.api.posts(CHANNEL))
    print(taken, peak, posts)  # noqa: T201
