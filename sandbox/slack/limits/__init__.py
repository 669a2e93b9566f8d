"""What Slack takes and what it refuses: blocks, messages, views, rates."""
