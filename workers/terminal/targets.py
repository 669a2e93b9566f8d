"""Which cluster a word of the command line means."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from contract.clusters import ClusterEntry, Clusters, load
from contract.refusal import Refused

EKS = re.compile(r"eks:(?P<region>[a-z]{2}(-[a-z]+)+-\d)/(?P<name>[A-Za-z0-9][A-Za-z0-9_-]{0,99})")
DNS_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
POD = re.compile(rf"{DNS_LABEL}/[a-z0-9]([-a-z0-9.]{{0,251}}[a-z0-9])?")
NAME = re.compile(
    r"(?=.{1,253}\.?$)([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\.?"
)


def clusters_file() -> Clusters:
    """The clusters file that DNSMEDIC_CLUSTERS names, else clusters.yaml here. Raises Refused."""
    path = os.environ.get("DNSMEDIC_CLUSTERS", "").strip() or "clusters.yaml"
    if not Path(path).exists() and not os.environ.get("DNSMEDIC_CLUSTERS"):
        raise Refused(
            "no clusters file: set DNSMEDIC_CLUSTERS to its path (clusters.example.yaml shows one), or name the cluster as "
            "context:NAME or eks:REGION/NAME"
        )
    return load(Path(path))


def entry_of(word: str) -> ClusterEntry:
    """The cluster that a word means: context:NAME, eks:REGION/NAME, or a name of the clusters file. Raises Refused."""
    if word.startswith("context:"):
        context = word.removeprefix("context:")
        if not context:
            raise Refused("context: needs the name of a context of your kubeconfig")
        return ClusterEntry(
            name=word,
            eks_name=context,
            kubeconfig=os.environ.get("KUBECONFIG", "") or "~/.kube/config",
            context=context,
        )
    if word.startswith("eks:"):
        found = EKS.fullmatch(word)
        if found is None:
            raise Refused(f"{word[:120]!r} is not eks:REGION/NAME, as in eks:us-east-1/cluster-a")
        return ClusterEntry(name=word, eks_name=found["name"], region=found["region"])
    known = clusters_file()
    entry = known.get(word)
    if entry is None:
        near = difflib.get_close_matches(word, known.names, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise Refused(
            f"{word[:120]!r} is no cluster of the clusters file; it has {', '.join(known.names) or 'none'}.{hint}"
        )
    return entry


def checked_name(name: str) -> str:
    """A DNS name as given, or Refused."""
    if name and (not NAME.fullmatch(name) or re.fullmatch(r"[\d.]+", name)):
        raise Refused(f"{name[:120]!r} is no DNS name")
    return name.rstrip(".")


def checked_pod(pod: str) -> str:
    """NAMESPACE/POD (or a workload's name) as given, or Refused."""
    if pod and not POD.fullmatch(pod):
        raise Refused(f"{pod[:120]!r} is not NAMESPACE/POD, as in shop/web-5d9c")
    return pod
