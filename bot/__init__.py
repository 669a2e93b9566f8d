"""The Slack front end. It holds no AWS or Kubernetes credentials and cannot import what would need them."""
