"""Health reports from their beginning to the message in the channel, with real jobs, a real outbox and a pretend Slack."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import make_dataclass, replace
from typing import Any

import pytest
from redis import Redis

from contract.audit import Audit
from contract.health_reports import HealthReport, HealthReports, Standing
from contract.leases import Leases
from contract.model import Question, Status
from contract.records import RunRecord
from sandbox.slack import SlackServer, typical_workspace
from tests import spine
from workers.checks import Check
from workers.cluster import CannotRead, Cluster
from workers.jobs import Tools
from workers.jobs.reporting import OVERDUE, Reporter
from workers.worker.mailer import Mailer

CHANNEL = "C0HEALTH"
NINE = 1_795_507_200.0
CLUSTERS = ("cluster-a", "cluster-b", "cluster-c")

Opened = Callable[[RunRecord], AbstractContextManager[Cluster]]


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A pretend Slack without rate limits."""
    with SlackServer(typical_workspace(), rate_limits=False) as server:
        yield server


def report(**given: Any) -> HealthReport:
    """The report of a tick."""
    own = {"name": "report_nine", "clusters": CLUSTERS, "channel": CHANNEL, "schedule": "nine", "tick": NINE}
    return HealthReport(**{**own, "following": NINE + 86400, "timezone": "Europe/Paris", **given})


def only(broken: str, unreachable: str = "") -> Opened:
    """Clusters of which one is broken, and one lets nobody in."""

    def opened(record: RunRecord) -> AbstractContextManager[Cluster]:
        if record.cluster == unreachable:
            raise CannotRead("reach", "the API server", "no answer")
        _broken[:] = [record.cluster == broken]
        return spine.no_cluster(record)

    return opened


_broken = [False]


def checks() -> tuple[Check[Any], ...]:
    """One check that fails in the cluster that is broken."""
    broken = spine.check("service", fine=False)
    return (replace(broken, collect=lambda _cluster: spine.Facts(not _broken[0])),)


def carry_out(made: Tools, limit: int = 40) -> None:
    """Do all that is to be done, one thing after the other, until no report is under way and nothing waits for Slack."""
    reporter, mailer = Reporter(made), Mailer(made.redis, made.slack)
    for _ in range(limit):
        reporter.round()
        spine.work(made)
        while made.redis.zcard("unsent"):
            mailer.round()
        if not HealthReports(made.redis).open():
            return
    pytest.fail("the report did not come to an end")


def said(slack: SlackServer) -> list[str]:
    """What stands in the health channel, replies indented."""
    return spine.said(slack, CHANNEL)


def table(slack: SlackServer, number: int = -1) -> list[list[str]]:
    """The rows of the table of a message in the channel."""
    blocks = slack.api.posts(CHANNEL)[number].blocks
    rows = next(block["rows"] for block in blocks if block["type"] == "table")
    return [[cell["text"] for cell in row] for row in rows]


def test_a_report_says_how_every_cluster_is(redis: Redis, slack: SlackServer) -> None:
    """One message, worst cluster first; in its thread only what is not well; nothing else is said anywhere."""
    made = spine.tools(redis, slack.url, checks(), open_cluster=only("cluster-b", "cluster-c"))
    HealthReports(redis).begin_tick(report())
    carry_out(made)

    posts = slack.api.posts(CHANNEL)
    assert 1 == len(posts)
    assert "DNS health · Tue 24 Nov · 3 clusters: 1 problem (cluster-b), 1 could not check (cluster-c), 1 healthy" == (
        posts[0].text
    )
    assert ["cluster-b", "cluster-c", "cluster-a"] == [row[0] for row in table(slack)[1:]]
    assert [
        "\N{LARGE RED CIRCLE} problem",
        "\N{MEDIUM WHITE CIRCLE} could not check",
        "\N{LARGE GREEN CIRCLE} healthy",
    ] == [row[1] for row in table(slack)[1:]]
    replies = [message.text for message in slack.api.replies(CHANNEL, posts[0].ts)]
    assert ["Problem · cluster-b", "Cannot see · cluster-c"] == [" · ".join(one.split(" · ")[:2]) for one in replies]
    assert [] == spine.said(slack, spine.CHANNEL)
    labels = [
        element["text"]["text"]
        for block in posts[0].blocks
        if block["type"] == "actions"
        for element in block["elements"]
    ]
    assert ["Check cluster-b now", "Mute cluster-b 24 h"] == labels


def test_each_run_of_a_report_is_on_record(redis: Redis, slack: SlackServer) -> None:
    """The audit has an entry for each cluster that was looked into, with the report that it was for, and is whole."""
    made = spine.tools(redis, slack.url, checks(), open_cluster=only(""))
    HealthReports(redis).begin_tick(report())
    carry_out(made)
    audit = Audit(redis, spine.KEY)
    events = [json.loads(entry["event"]) for entry in audit.entries()]

    assert [("asked", "", cluster, "report_nine") for cluster in CLUSTERS] == [
        (event["what"], event["user"], event["cluster"], event["report"]) for event in events
    ]
    assert () == audit.broken()


def test_the_next_report_says_what_changed(redis: Redis, slack: SlackServer) -> None:
    """Healed since: it is told, in the table and the thread; the last report is linked."""
    HealthReports(redis).begin_tick(report())
    carry_out(spine.tools(redis, slack.url, checks(), open_cluster=only("cluster-b")))
    HealthReports(redis).begin_tick(report(name="report_next", tick=NINE + 86400, late=420.0, missed=(NINE - 86400,)))
    carry_out(spine.tools(redis, slack.url, checks(), open_cluster=only("")))
    second = slack.api.posts(CHANNEL)[-1]

    assert ["cluster-b", "\N{LARGE GREEN CIRCLE} healthy", "\N{EN DASH}", "was problem"] == table(slack)[1]
    assert ["Healthy · cluster-b · All 1 steps are fine."] == [
        one.text for one in slack.api.replies(CHANNEL, second.ts)
    ]
    shown = str(second.blocks)
    assert "7 min 0 s late" in second.text
    assert "missed: <!date^" in shown
    assert "the last report>" in shown


def test_one_line_is_enough_where_nothing_changed(redis: Redis, slack: SlackServer) -> None:
    """on-change: the first report is whole, the same again is one line without a thread, a change is whole."""
    for number, broken in enumerate(("cluster-b", "cluster-b", "cluster-c")):
        made = spine.tools(redis, slack.url, checks(), open_cluster=only(broken))
        HealthReports(redis).begin_tick(report(name=f"report_{number}", tick=NINE + number * 86400, when="on-change"))
        carry_out(made)
    posts = slack.api.posts(CHANNEL)

    assert [["header", "table"], ["section", "context"], ["header", "table"]] == [
        [block["type"] for block in post.blocks][:2] for post in posts
    ]
    assert [] == slack.api.replies(CHANNEL, posts[1].ts)
    assert "no change" in str(posts[1].blocks)


def test_there_are_no_buttons_for_what_may_not_be_asked(redis: Redis, slack: SlackServer) -> None:
    """In a channel where the cluster may not be asked about, the report tells of it all the same."""
    with slack.state.changing():
        slack.state.channels["C0QUIET"] = replace(slack.state.channels[CHANNEL], id="C0QUIET", name="quiet")
        slack.state.members["C0QUIET"] = slack.state.members[CHANNEL]
    HealthReports(redis).begin_tick(report(channel="C0QUIET"))
    carry_out(spine.tools(redis, slack.url, checks(), open_cluster=only("cluster-b")))
    (post,) = slack.api.posts("C0QUIET")
    (reply,) = slack.api.replies("C0QUIET", post.ts)

    assert "dns.ask" not in str([post.blocks, reply.blocks])
    assert "dns.rerun" not in str(reply.blocks)
    assert "dns.mute" in str(post.blocks)


def test_a_muted_cluster_is_only_named(redis: Redis, slack: SlackServer) -> None:
    """It stands last in the table, says that it is muted, and has no reply; the mute ends by itself."""
    reports = HealthReports(redis)
    reports.mute(CHANNEL, "cluster-b", user="U0ALICE")
    reports.begin_tick(report())
    carry_out(spine.tools(redis, slack.url, checks(), open_cluster=only("cluster-b")))

    assert ["cluster-b", "\N{LARGE RED CIRCLE} problem (muted)"] == table(slack)[-1][:2]
    assert [] == slack.api.replies(CHANNEL, slack.api.posts(CHANNEL)[0].ts)
    assert 0 < redis.ttl(f"muted:{CHANNEL}:cluster-b") <= 86400
    assert reports.unmute(CHANNEL, "cluster-b")
    assert not reports.unmute(CHANNEL, "cluster-b")


def test_the_report_shows_what_was_measured(redis: Redis, slack: SlackServer) -> None:
    """The p95 of the answers through the ClusterIP, and how it differs from the last time."""
    made = spine.tools(redis, slack.url, (_measuring(0.012),), open_cluster=only(""))
    HealthReports(redis).begin_tick(report())
    carry_out(made)
    HealthReports(redis).begin_tick(report(name="report_next", tick=NINE + 86400))
    carry_out(spine.tools(redis, slack.url, (_measuring(0.4),), open_cluster=only("")))

    assert [["12 ms", "\N{EN DASH}"]] * 3 == [row[2:] for row in table(slack, 0)[1:]]
    assert [["400 ms", "+388 ms"]] * 3 == [row[2:] for row in table(slack)[1:]]


def test_evidence_that_cannot_be_read_costs_a_figure_alone(redis: Redis, slack: SlackServer) -> None:
    """Evidence of another version, or damaged: the report is posted without what it measured."""
    made = spine.tools(redis, slack.url, (_measuring(0.012),), open_cluster=only(""))
    HealthReports(redis).begin_tick(report(clusters=("cluster-a",)))
    Reporter(made).round()
    spine.work(made)
    redis.hset(
        f"run:{HealthReports(redis).runs('report_nine')['cluster-a']}:evidence", "dns-through-cluster-ip", b"odd"
    )
    carry_out(made)

    assert [["cluster-a", "\N{LARGE GREEN CIRCLE} healthy", "\N{EN DASH}", "\N{EN DASH}"]] == table(slack)[1:]


def test_people_come_first(redis: Redis, slack: SlackServer) -> None:
    """While somebody's check waits for a worker, the report asks for none; its runs are joined by nobody."""
    made = spine.tools(redis, slack.url, checks(), open_cluster=only(""))
    HealthReports(redis).begin_tick(report())
    ask: Any = {"user": "U0ALICE", "team": spine.TEAM, "channel": spine.CHANNEL}
    mine = made.runs.ask(_question("cluster-b"), **ask)
    reporter = Reporter(made)
    reporter.round()
    assert {} == HealthReports(redis).runs("report_nine")
    spine.work(made)
    reporter.round()
    quiet = HealthReports(redis).runs("report_nine")["cluster-a"]
    again = made.runs.ask(_question("cluster-a"), **ask)

    assert not again.joined
    assert again.run != quiet
    carry_out(made)
    assert ["Healthy"] * 2 == [post.text.split(" · ")[0] for post in slack.api.posts(spine.CHANNEL)]
    assert made.runs.get(mine.run).state == "done"  # type: ignore[union-attr]
    assert 1 == len(slack.api.posts(CHANNEL))


def test_a_report_is_posted_without_what_takes_too_long(
    redis: Redis, slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check that no worker comes to an end with could not be checked; the report does not wait for it for ever."""
    made = spine.tools(redis, slack.url, checks(), open_cluster=only(""))
    HealthReports(redis).begin_tick(report())
    reporter = Reporter(made)
    reporter.round()
    spine.work(made)
    begun = HealthReports(redis).get("report_nine")
    assert begun is not None
    monkeypatch.setattr("workers.jobs.reporting.clock", lambda _redis: begun.begun + OVERDUE + 1)
    reporter.round()
    while redis.zcard("unsent"):
        Mailer(redis, made.slack).round()

    assert ["could not check", "could not check", "healthy"] == [row[1][2:] for row in table(slack)[1:]]


def test_whoever_dies_the_report_is_posted_once(redis: Redis, slack: SlackServer) -> None:
    """Written again after a crash before its end was noted: the rows are there already."""
    made = spine.tools(redis, slack.url, checks(), open_cluster=only("cluster-b"))
    reports = HealthReports(redis)
    reports.begin_tick(report())
    carry_out(made)
    redis.zadd("reports", {"report_nine": 1})
    redis.delete("schedule:nine:standings")
    carry_out(made)

    assert 1 == len(slack.api.posts(CHANNEL))
    assert 1 == len(slack.api.replies(CHANNEL, slack.api.posts(CHANNEL)[0].ts))


def test_two_reporters_do_not_do_it_twice(redis: Redis, slack: SlackServer) -> None:
    """A report whose lease another holds is left alone."""
    made = spine.tools(redis, slack.url, checks(), open_cluster=only(""))
    HealthReports(redis).begin_tick(report())
    lease = Leases(redis).take("report_nine", "another")
    assert lease is not None
    Reporter(made).round()
    assert {} == HealthReports(redis).runs("report_nine")
    Leases(redis).release(lease)
    carry_out(made)

    assert 1 == len(slack.api.posts(CHANNEL))


def test_a_report_that_cannot_be_read_does_not_stop_the_others(redis: Redis, slack: SlackServer) -> None:
    """Of an older or newer version, or damaged: it is given up, and said in the log."""
    redis.zadd("reports", {"report_bad": 1})
    redis.set("report:report_bad", b'{"clusters": 3}')
    HealthReports(redis).begin_tick(report())
    carry_out(spine.tools(redis, slack.url, checks(), open_cluster=only("")))

    assert 1 == len(slack.api.posts(CHANNEL))


def test_what_is_remembered_survives(redis: Redis) -> None:
    """Standings of the last report, by cluster; of no schedule there are none."""
    reports = HealthReports(redis)
    reports.end(report(), {"cluster-a": Standing(status=Status.AT_RISK, p95=0.25)})

    assert {"cluster-a": Standing(status=Status.AT_RISK, p95=0.25)} == reports.standings("nine")
    assert {} == reports.standings("")
    assert frozenset() == reports.muted(CHANNEL, ())


def _question(cluster: str) -> Question:
    return Question(cluster=cluster)


def _measuring(seconds: float) -> Any:
    facts = make_dataclass("Measured", [("p95", float)], frozen=True)
    return replace(
        spine.check("service"),
        name="dns-through-cluster-ip",
        facts=facts,
        collect=lambda _cluster: facts(seconds),
        diagnose=lambda _facts: iter(()),
        describe=lambda _facts: "measured",
    )
