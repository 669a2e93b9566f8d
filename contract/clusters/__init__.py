"""The clusters file: which clusters people may ask about, where, and who must agree to a change.

`load` reads it, `ClustersFile` keeps it fresh. Every mistake is reported with its line, all of them at once.
"""

from contract.clusters.entries import EXTERNAL_NAME, INTERNAL_NAME, ClusterEntry, Clusters, Schedule
from contract.clusters.file import ClustersFile, load

__all__ = ["EXTERNAL_NAME", "INTERNAL_NAME", "ClusterEntry", "Clusters", "ClustersFile", "Schedule", "load"]
