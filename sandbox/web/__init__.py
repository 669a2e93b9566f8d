"""The page that looks and works like a Slack workspace: its HTTP server on loopback."""

from __future__ import annotations

from sandbox.web.server import PageServer

__all__ = ["PageServer"]
