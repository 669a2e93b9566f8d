"""Who may do what, where: the rules as tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot import answers, policy
from bot.policy import Caller
from contract.clusters import load
from contract.model import Question
from contract.records import RunRecord

CLUSTERS = load(
    """\
clusters:
  cluster-a: {region: us-east-1, channels: [C0INCIDENTS], approvers: [U0BOB, S0SRE]}
  cluster-b: {region: us-east-1, channels: [C0INCIDENTS, C0HEALTH]}
  anywhere: {region: us-east-1}
"""
)
ALICE = Caller(user="U0ALICE", team="T0EXAMPLE", channel="C0INCIDENTS")
RUN = RunRecord(
    run="run_7f3a",
    question=Question(cluster="cluster-a"),
    state="running",
    user="U0ALICE",
    team="T0EXAMPLE",
    channel="C0INCIDENTS",
    joined=("U0CAROL",),
    parent_ts="1.000001",
)


@pytest.mark.parametrize(
    "change, home, may",
    [
        ({}, "T0EXAMPLE", True),
        ({"team": "T0OTHER"}, "T0EXAMPLE", False),
        ({"team": ""}, "T0EXAMPLE", False),
        ({"outsider": True}, "T0EXAMPLE", False),
        ({}, "", False),
        ({"team": ""}, "", False),
    ],
)
def test_only_members_of_our_workspace_are_listened_to(change: dict[str, Any], home: str, *, may: bool) -> None:
    """Guests, strangers and other workspaces are not, nor anybody before we know who we are."""
    assert may == (policy.may_speak(replace(ALICE, **change), home) == "")


@pytest.mark.parametrize(
    "channel, expected",
    [
        ("C0INCIDENTS", ("cluster-a", "cluster-b", "anywhere")),
        ("C0HEALTH", ("cluster-b", "anywhere")),
        ("D0ALICE", ("anywhere",)),
        ("C0INCIDENT", ("anywhere",)),
        ("", ("anywhere",)),
    ],
)
def test_clusters_are_bound_to_channels_by_id(channel: str, expected: tuple[str, ...]) -> None:
    """A cluster is checked where the file says, one without channels anywhere."""
    assert expected == policy.here(replace(ALICE, channel=channel), CLUSTERS)


def test_unknown_and_forbidden_are_the_same() -> None:
    """Nobody learns from an answer which clusters there are elsewhere."""
    caller = replace(ALICE, channel="C0HEALTH")
    without = load("clusters: {cluster-b: {region: us-east-1, channels: [C0HEALTH]}, anywhere: {region: us-east-1}}")
    told = {
        (
            policy.may_check(caller, clusters.get("cluster-a")),
            answers.denied("cluster-a", policy.here(caller, clusters), None).text,
        )
        for clusters in (CLUSTERS, without)
    }

    assert 1 == len(told)


@pytest.mark.parametrize(
    "user, may", [("U0ALICE", True), ("U0CAROL", True), ("U0BOB", True), ("U0EVE", False), ("S0SRE", True), ("", False)]
)
def test_a_run_is_stopped_by_those_it_concerns(user: str, *, may: bool) -> None:
    """By who asked, who joined, and the approvers of the cluster."""
    assert may == (policy.may_stop(replace(ALICE, user=user), RUN, CLUSTERS.get("cluster-a")) == "")


def test_a_scheduled_run_is_not_everybodys() -> None:
    """A run that nobody asked for is not stopped by somebody without a name."""
    scheduled = replace(RUN, user="", joined=())

    assert policy.may_stop(replace(ALICE, user=""), scheduled, CLUSTERS.get("cluster-a"))


@pytest.mark.parametrize(
    "channel, message_ts, thread_ts, right",
    [
        ("C0INCIDENTS", "1.000001", "", True),
        ("C0INCIDENTS", "1.000009", "1.000001", True),
        ("C0INCIDENTS", "1.000009", "", False),
        ("C0INCIDENTS", "1.000009", "1.000002", False),
        ("C0HEALTH", "1.000001", "", False),
    ],
)
def test_a_button_counts_on_its_own_message_only(channel: str, message_ts: str, thread_ts: str, *, right: bool) -> None:
    """An id that was moved to another message or channel does nothing."""
    assert right == policy.is_its_message(RUN, channel, message_ts, thread_ts)
