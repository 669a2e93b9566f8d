"""The console command; it imports the side that a subcommand needs only when it needs it."""
