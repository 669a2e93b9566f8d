"""What is refused, in words for the person who asked."""

from __future__ import annotations


class Refused(Exception):
    """A policy or a precondition says no. The message is for the user."""
