"""The verdict: from all step results to causes, as a pure function."""

from .judge import judge

__all__ = ["judge"]
