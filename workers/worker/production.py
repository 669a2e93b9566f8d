"""The tools of a real worker: everything heavy is imported here, once, before the first job is forked."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from contract.clusters import ClusterEntry, Clusters, ClustersFile
from contract.connection import connect
from contract.records import RunRecord
from contract.runs import Runs
from workers import runner
from workers.checks import all_checks
from workers.cluster import CannotRead, Cluster, open_cluster, sweep
from workers.jobs import Tools
from workers.settings import Settings
from workers.thread import connect as connect_slack
from workers.verdict import judge

PATIENCE = 30.0
"""Seconds that what a job writes waits for a Redis that is away."""

log = logging.getLogger(__name__)


def tools(settings: Settings) -> tuple[Tools, Callable[[], None]]:
    """What jobs work with, and what removes the remains of lost runs. Raises Refused for a bad clusters file."""
    clusters = ClustersFile(Path(settings.clusters))
    redis = connect(settings.redis_url, patience=PATIENCE)
    warm(clusters.current())

    def opened(record: RunRecord) -> AbstractContextManager[Cluster]:
        entry = _entry(clusters, record.cluster)
        asked_by = record.user or "schedule"
        return open_cluster(
            entry, record.question, run=record.run, asked_by=asked_by, image=settings.probe_image,
            again=record.dispatches > 1,
        )  # fmt: skip

    def asked_in(cluster: str, channel: str) -> bool:
        entry = clusters.current().get(cluster)
        return entry is not None and entry.asked_in(channel)

    made = Tools(
        redis=redis,
        runs=Runs(redis, settings.key),
        slack=connect_slack(settings.slack_token, settings.slack_url),
        checks=all_checks(),
        open=opened,
        run=runner.run,
        judge=judge,
        asked_in=asked_in,
    )
    return made, lambda: _clean(clusters)


def warm(clusters: Clusters) -> None:
    """Import what reading kubeconfigs takes, where a cluster has one: it is slow, and EKS does without it."""
    if any(entry.kubeconfig or entry.context for entry in clusters.entries.values()):
        importlib.import_module("workers.cluster.kubeconfig")


def _entry(clusters: ClustersFile, name: str) -> ClusterEntry:
    """The cluster of that name as the file now says. Raises CannotRead where it is no longer there."""
    entry = clusters.current().get(name)
    if entry is None:
        raise CannotRead("find", f"cluster {name}", "it is no longer in the clusters file")
    return entry


def _clean(clusters: ClustersFile) -> None:
    """Remove what lost runs left in each cluster."""
    for entry in clusters.current().entries.values():
        try:
            gone = sweep(entry)
        except CannotRead as problem:
            log.warning("%s could not be cleaned: %s", entry.name, problem)
        else:
            if gone:
                log.info("%s: removed what lost runs left: %s", entry.name, ", ".join(gone))
