"""What a run says in Slack: its thread is written to the outbox here, and handed to Slack from there."""

from workers.thread.run_thread import MOST_STEPS, RunThread
from workers.thread.sender import Sender
from workers.thread.slack import connect
from workers.thread.uploads import Uploads

__all__ = ["MOST_STEPS", "RunThread", "Sender", "Uploads", "connect"]
