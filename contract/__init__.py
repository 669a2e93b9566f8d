"""What the bot and the workers must agree on, and nothing that only one side needs."""
