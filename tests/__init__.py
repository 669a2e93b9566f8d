"""The tests: `make test` runs all but tests/cluster, which needs a real cluster."""
