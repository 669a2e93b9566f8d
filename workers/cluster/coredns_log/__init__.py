"""CoreDNS' logs, read by what they mean."""

from .facts import LogFacts, Running, Seen, classify
from .lines import Said
from .queries import Client, QueryFacts, read_queries

__all__ = [
    "Client",
    "LogFacts",
    "QueryFacts",
    "Running",
    "Said",
    "Seen",
    "classify",
    "read_queries",
]
