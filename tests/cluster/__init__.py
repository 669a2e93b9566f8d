"""The real-cluster suite: `make test-cluster`, on whatever cluster the environment points at."""
