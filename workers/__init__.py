"""The side that looks: signs in to clusters, runs the checks, judges, and tells."""
