"""The way of one call to AWS: once a run, all pages, errors in plain words with the IAM action that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from botocore import xform_name

from contract.clusters import ClusterEntry
from workers.cluster.errors import CannotRead
from workers.cluster.memo import Memo
from workers.cluster.session import Session, call

T = TypeVar("T")
BATCH = 150
"""How many values one filter of EC2 takes (200 at the most)."""
MOST = 20_000
"""As many items of a list are read."""


class Calls:
    """What the readings of each service are made of."""

    def __init__(self, session: Session, entry: ClusterEntry) -> None:
        self._session, self._entry, self._memo = session, entry, Memo()

    @property
    def region(self) -> str:
        """The cluster's region, as `--region` takes it; "" where nothing names one."""
        return self._session.region

    def _call(self, service: str, action: str, what: str, **asked: Any) -> Mapping[str, Any]:
        client = self._session.client(service)
        method = getattr(client, xform_name(action))
        answer: Mapping[str, Any] = call(f"{service}:{action}", what, lambda: method(**asked))
        return answer

    def _pages(self, service: str, action: str, key: str, what: str, **asked: Any) -> tuple[Any, ...]:
        client = self._session.client(service)
        if not client.can_paginate(xform_name(action)):
            return tuple(self._call(service, action, what, **asked).get(key) or ())

        def ask() -> tuple[Any, ...]:
            pages = client.get_paginator(xform_name(action)).paginate(**asked, PaginationConfig={"MaxItems": MOST})
            return tuple(item for page in pages for item in page.get(key) or ())

        return call(f"{service}:{action}", what, ask)

    def _filtered(self, action: str, key: str, what: str, name: str, values: Sequence[str]) -> tuple[Any, ...]:
        """All pages of an EC2 list by one filter, whose values go in as many requests as they need."""
        return tuple(
            raw
            for part in parts(values)
            for raw in self._pages("ec2", action, key, what, Filters=[{"Name": name, "Values": list(part)}])
        )


def absent(ask: Callable[[], T]) -> T | None:
    """What `ask` returns; None where AWS says that the thing does not exist."""
    try:
        return ask()
    except CannotRead as problem:
        if problem.reason == "it does not exist":
            return None
        raise


def parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    """VALUES in parts that one filter takes."""
    for at in range(0, len(values), BATCH):
        yield values[at : at + BATCH]
