"""Opening a cluster: from its entry in the clusters file to a `Cluster` that is signed in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from contract.clusters import ClusterEntry
from contract.model import Question

from . import probes
from .aws import Aws
from .eks import eks_server
from .errors import CannotRead
from .grants import entry_of
from .kube import Api
from .session import Session
from .whole import Cluster

DEFAULT_IMAGE = "docker.io/library/python:3.13-alpine"
"""A public official image: nothing must be built or pushed before the first check."""


@contextmanager
def open_cluster(
    entry: ClusterEntry, question: Question, *, run: str, asked_by: str = "", image: str = "", again: bool = False
) -> Iterator[Cluster]:
    """The cluster of ENTRY, signed in, for one run. Raises CannotRead where nobody gets in.

    run, asked_by: they name the session of an assumed role. image: of probe pods; "" is the public default. again: whether
    somebody has had the run before, whose probe pods are then deleted.
    """
    api, aws = _signed_in(entry, run=run, asked_by=asked_by)
    if again:
        with suppress(CannotRead):  # they end by themselves, and the janitor deletes them
            probes.sweep(api, run=run)
    cluster = Cluster(entry, question, api, aws, run=run, image=image or DEFAULT_IMAGE)
    try:
        yield cluster
    finally:
        cluster.close()


def sweep(entry: ClusterEntry, *, run: str = "janitor") -> tuple[str, ...]:
    """Delete what lost runs left in the cluster, and return the names. Raises CannotRead."""
    api, _ = _signed_in(entry, run=run, asked_by="janitor")
    try:
        return probes.sweep(api)
    finally:
        api.close()


def _signed_in(entry: ClusterEntry, *, run: str, asked_by: str) -> tuple[Api, Aws | None]:
    if entry.kubeconfig or entry.context:
        from . import kubeconfig  # noqa: PLC0415 - the official client takes long to import, and EKS does without it

        context = kubeconfig.load(entry.kubeconfig, entry.context)
        if context.eks is None:
            return Api(context.server), None
        entry = replace(
            entry,
            eks_name=context.eks.cluster,
            region=context.eks.region or entry.region,
            role_arn=entry.role_arn or context.eks.role_arn,
        )
    session = Session(entry, asked_by=asked_by, run=run)
    aws = Aws(session, entry)
    server, token = eks_server(entry, session, aws.described())
    way_in = entry_of(entry.eks_name, session.region, entry.role_arn)
    return Api(server, renew=token.renew, entry=way_in), aws
