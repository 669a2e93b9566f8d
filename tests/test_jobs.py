"""A question becomes a job, a run, and a thread in Slack; a job that is not ours is not run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from contract.model import Question
from sandbox.slack import SlackServer, typical_workspace
from tests import spine

CHANNEL = "C0INCIDENTS"


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A pretend Slack with its rate limits."""
    with SlackServer(typical_workspace()) as server:
        yield server


def test_a_question_ends_as_a_thread_with_the_verdict_last(redis: Redis, slack: SlackServer) -> None:
    """One parent whose first line begins with the status, the steps in order, the verdict as the last reply."""
    tools = spine.tools(redis, slack.url)
    asked = tools.runs.ask(Question(cluster="cluster-a"), user="U0ALICE", team=spine.TEAM, channel=CHANNEL)
    spine.work(tools)
    record = tools.runs.get(asked.run)
    lines = spine.said(slack, CHANNEL)

    assert record is not None
    assert ("done", 3, 1) == (record.state, len(record.steps), record.attempts)
    assert [True, True, True] == [
        line.split(" ·")[0].strip().startswith("Problem") for line in (lines[0], lines[-1], lines[0])
    ]
    assert ["1/3", "2/3", "3/3"] == [number for number in ("1/3", "2/3", "3/3") if number in lines[1]]
    assert 1 == len(slack.api.posts(CHANNEL))
    assert () == tools.runs.live()
