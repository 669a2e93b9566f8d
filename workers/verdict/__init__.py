"""The verdict: from all step results to causes, as a pure function."""

from .judge import judge
from .settled import settled

__all__ = ["judge", "settled"]
