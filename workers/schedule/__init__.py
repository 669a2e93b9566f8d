"""`dnsmedic scheduler`: begins the reports that the clusters file asks for, at their local times."""

from workers.schedule.main import main

__all__ = ["main"]
