"""Where a cluster's API server is and how one is let in, and the pool of connections that leads there."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

from .timed_tls import context

CONNECTIONS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiServer:
    """One API server, as one identity.

    host: https://ADDRESS. ca: its certificate authority as PEM, ca_file: as a path; neither: those of the system.
    certificate, key: paths of the client's own, "" for none. name: what its certificate must be for, "" for the host's.
    authorization: the header of this moment, "" for none; raises CannotRead where there are no credentials.
    """

    host: str
    ca: str = field(default="", repr=False)
    ca_file: str = ""
    certificate: str = ""
    key: str = ""
    name: str = ""
    authorization: Callable[[], str] = field(default=str, repr=False)

    def tls(self) -> ssl.SSLContext:
        """TLS that verifies it. Raises OSError where a file cannot be used."""
        return context(
            cafile=self.ca_file or None,
            cadata=self.ca or None,
            certificate=self.certificate or None,
            key=self.key or None,
        )

    def pool(self) -> urllib3.PoolManager:
        """Connections to it, through the proxy that the environment names where it does; they never try again."""
        kept: dict[str, Any] = {"maxsize": CONNECTIONS, "retries": False, "ssl_context": self.tls()}
        if self.name:
            kept["server_hostname"] = self.name
        proxy = getproxies().get("https", "")
        if proxy and not proxy_bypass(urlsplit(self.host).netloc):
            return urllib3.ProxyManager(proxy, **kept)
        return urllib3.PoolManager(**kept)
