"""The diagnosis in a terminal: `check`, `replay`, `explain`, `doctor`. Each returns the exit status of the command."""
