"""A certificate authority of our own, one for the process: TLS of pretend servers, and client certificates."""

from __future__ import annotations

import functools
import ssl
import threading

import trustme

HOST = "127.0.0.1"


_lock = threading.Lock()


def authority() -> trustme.CA:
    """The authority that everybody trusts here: one, however many clusters start at a time."""
    with _lock:
        return _made()


@functools.cache
def _made() -> trustme.CA:
    return trustme.CA(organization_name="dnsmedic sandbox")


@functools.cache
def stranger() -> trustme.CA:
    """Another one, which nobody trusts."""
    return trustme.CA(organization_name="somebody else")


def authority_pem() -> bytes:
    """The authority's certificate."""
    return authority().cert_pem.bytes()


def server_context(*, trusted: bool = True, host: str = HOST) -> ssl.SSLContext:
    """TLS of a server; trusted: whether the authority that everybody trusts has signed it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    signer = authority() if trusted else stranger()
    signer.issue_cert(host).configure_cert(context)
    authority().configure_trust(context)
    context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_certificate(name: str, group: str) -> tuple[bytes, bytes]:
    """Certificate and key (PEM) of a user by that name in that group."""
    made = authority().issue_cert("client.invalid", common_name=name, organization_name=group)
    return b"".join(blob.bytes() for blob in made.cert_chain_pems), made.private_key_pem.bytes()
