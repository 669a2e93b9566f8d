"""The functions that rq calls: each takes an id, and opens what it needs."""

from workers.jobs.checking import check_cluster
from workers.jobs.evidence import upload_evidence
from workers.jobs.tools import Tools, prepare

__all__ = ["Tools", "check_cluster", "prepare", "upload_evidence"]
