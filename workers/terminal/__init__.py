"""The diagnosis in a terminal: `check`, `replay`, `explain`, `doctor`. Each returns the exit status of the command."""

from .check import check
from .doctor import doctor
from .explain import explain
from .replay import replay

__all__ = ["check", "doctor", "explain", "replay"]
