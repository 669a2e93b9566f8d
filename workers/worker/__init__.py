"""`dnsmedic worker`: an rq worker that watches over the runs of all workers."""

from workers.worker.main import main, serve

__all__ = ["main", "serve"]
