"""The only code that talks to AWS, Kubernetes or DNS."""

from .errors import CannotRead, DoesNotApply, Gap, Gaps, Why
from .opening import open_cluster, sweep
from .reader import Log, Told, matches
from .survey import Asked, Looked, ResolvConf, Survey, Target
from .whole import Cluster

__all__ = [
    "Asked",
    "CannotRead",
    "Cluster",
    "DoesNotApply",
    "Gap",
    "Gaps",
    "Log",
    "Looked",
    "ResolvConf",
    "Survey",
    "Target",
    "Told",
    "Why",
    "matches",
    "open_cluster",
    "sweep",
]
