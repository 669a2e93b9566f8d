"""Minor versions of Kubernetes, out of version strings and image references."""

from __future__ import annotations

import re

VERSION = re.compile(r"v?(\d{1,3})\.(\d{1,4})(?:[.+-]|$)")


def minor(version: str) -> int | None:
    """34 for `v1.34.4-eks-1234` and `1.34`; None where it is no version 1."""
    found = VERSION.match(version.strip())
    return int(found[2]) if found and found[1] == "1" else None


def image_minor(image: str) -> int | None:
    """34 for `registry/eks/kube-proxy:v1.34.4-minimal-eksbuild.1`; None where no tag says."""
    tag = image.partition("@")[0].rpartition("/")[2].rpartition(":")
    return minor(tag[2]) if tag[1] else None
