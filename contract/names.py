"""Which texts are names: of a cluster, of a DNS domain, of a pod. What is none never reaches a cluster.

A name that somebody gives is asked inside their cluster, so it must be a name and nothing else: no address, no URL,
no pattern. Names are ASCII; an international one is written in its xn-- form, as DNS carries it.
"""

from __future__ import annotations

import re
import unicodedata

COMMANDS = ("help", "list", "status", "stop")
"""The words that stand in chat where a cluster's name could; no cluster may be called so."""

CLUSTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
"""The rule of EKS for a cluster's name; to be used with `fullmatch`."""

NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
"""A Kubernetes namespace (RFC 1123 label); to be used with `fullmatch`."""

_POD = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*")
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
_NUMERIC = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)")
_LONGEST = 253
_LONGEST_LABEL = 63


def domain_fault(name: str) -> str:
    """Why this is no DNS name that may be asked for, as the end of a sentence ("has ..."); "" if it is one.

    One dot at the end is allowed. Underscores are, as in `_srv._tcp.example.org`. Addresses in any form are not.
    """
    bare = name.removesuffix(".")
    if not bare:
        return "is empty"
    if not name.isascii():
        return "has letters outside ASCII; write it in its xn-- form"
    if len(bare) > _LONGEST:
        return f"has {len(bare)} characters; a DNS name has {_LONGEST} at most"
    labels = bare.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return "is a number or an address; give a name"
    return next((fault for fault in map(_label_fault, labels) if fault), "")


def _label_fault(label: str) -> str:
    if not label:
        return "has an empty part between two dots"
    if len(label) > _LONGEST_LABEL:
        return f"has a part of {len(label)} characters; {_LONGEST_LABEL} is the most"
    if label.lower().startswith("xn--"):
        return _international_fault(label)
    return (
        "" if _LABEL.fullmatch(label) else "has other characters than letters, digits, dashes and dots in their places"
    )


def _international_fault(label: str) -> str:
    """Why an xn-- label stands for nothing: it must decode to text that is not plain ASCII."""
    try:
        decoded = label[4:].lower().encode("ascii").decode("punycode")
    except (UnicodeError, OverflowError):
        return "has an xn-- part that stands for nothing"
    unwritable = any(unicodedata.category(letter).startswith(("C", "Z")) for letter in decoded)
    if unwritable or decoded.isascii() or not _LABEL.fullmatch(label):
        return "has an xn-- part that stands for nothing"
    return ""


def pod_fault(pod: str) -> str:
    """Why this is no pod (NAMESPACE/NAME), as the end of a sentence; "" if it is one."""
    namespace, slash, name = pod.partition("/")
    if not slash:
        return "needs a namespace: write it as namespace/pod"
    if not NAMESPACE.fullmatch(namespace):
        return "has no valid namespace before the slash"
    if len(name) > _LONGEST or not _POD.fullmatch(name):
        return "has no valid pod name after the slash"
    return ""
