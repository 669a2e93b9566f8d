"""Service accounts as the API server knows them: the user and the groups to ask about in an access review."""

from __future__ import annotations


def user(namespace: str, account: str) -> str:
    """The user name of a service account."""
    return f"system:serviceaccount:{namespace}:{account}"


def groups(namespace: str) -> tuple[str, ...]:
    """The groups of every service account of a namespace."""
    return ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
