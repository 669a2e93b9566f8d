"""Which C library the asked pod's image has, as far as that can be told without running anything in it.

Most certain are the loader files of its processes; then the words that its log uses for a failed look-up, since each
library has its own; then the name of its image.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .clients import Client
from .errors import Gaps
from .names import Libc
from .whole import Cluster

MUSL_WORDS = ("Name does not resolve", "Name has no usable address")
GLIBC_WORDS = (
    "Name or service not known",
    "Temporary failure in name resolution",
    "No address associated with hostname",
)
LOG_LINES = 200
ALPINE = re.compile(r"alpine[:-]?v?3\.(\d{1,2})(?!\d)", re.IGNORECASE)
TCP_SINCE = 18
"""Alpine 3.18 has musl 1.2.4, the first that asks again over TCP after a truncated answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownLibc:
    """A C library and how it is known. libc: None where nothing tells. sure: whether it was seen rather than guessed.

    old: whether its version is known to be from before musl 1.2.4; None where it is not known.
    """

    libc: Libc | None = None
    how: str = ""
    sure: bool = False
    old: bool | None = None


def known(client: Client, loaders: Sequence[str] = (), log: str = "") -> KnownLibc:
    """The C library of CLIENT by the LOADERS of its processes, its LOG, and the names of its images."""
    old = _old(client)
    musl, glibc = (any(word in path for path in loaders) for word in ("ld-musl", "ld-linux"))
    if musl:  # an image with both has musl, and glibc's loader for foreign programs
        return KnownLibc(libc=Libc.MUSL, how="its processes have the loader of musl", sure=not glibc, old=old)
    if glibc:
        return KnownLibc(libc=Libc.GLIBC, how="its processes have the loader of glibc", sure=True, old=False)
    for libc, words in ((Libc.MUSL, MUSL_WORDS), (Libc.GLIBC, GLIBC_WORDS)):
        said = next((word for word in words if word in log), "")
        if said:
            return KnownLibc(libc=libc, how=f'its log says "{said}", the words of {libc}', sure=True, old=old)
    if client.musl_by_name:
        return KnownLibc(libc=Libc.MUSL, how=f"its image is called {client.musl_by_name}", old=old)
    return KnownLibc()


def _old(client: Client) -> bool | None:
    found = [int(match.group(1)) for image in client.images for match in [ALPINE.search(image)] if match]
    return min(found) < TCP_SINCE if found else None


def asked_libc(cluster: Cluster, client: Client, gaps: Gaps) -> KnownLibc:
    """The C library of the pod that somebody asked about; what could not be looked at is a gap. Of the log nothing is kept."""
    inside = gaps.of(cluster.pod_survey, None)
    loaders = inside.loaders if inside else ()
    found = known(client, loaders)
    if found.sure:
        return found
    pod = cluster.asked_pod()
    first = pod.spec.containers[0].name if pod and pod.spec.containers else ""
    if pod is None or not first:
        return found
    log = gaps.of(lambda: cluster.log(pod, first, lines=LOG_LINES), None)
    return known(client, loaders, log.text if log else "")
