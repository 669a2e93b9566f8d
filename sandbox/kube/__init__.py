"""A pretend Kubernetes API server on loopback: TLS, sign-in, the shipped roles, pods that really run the probe."""

from __future__ import annotations

from .access import Access, Attributes, User
from .api import Asked, KubeApi
from .objects import Objects
from .trouble import Trouble

__all__ = ["Access", "Asked", "Attributes", "KubeApi", "Objects", "Trouble", "User"]
