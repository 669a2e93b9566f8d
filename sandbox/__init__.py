"""A pretend world on loopback: Slack, the AWS and Kubernetes APIs, DNS servers. Real protocols, worlds as data."""
