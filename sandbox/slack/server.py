"""The pretend Slack as a whole: start it, point an app at it, act as its people, look at what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Event, Thread
from types import TracebackType
from typing import Self

from sandbox.slack.admin import Admin
from sandbox.slack.clock import Clock, WallClock
from sandbox.slack.delivery import EVENT_RETRIES, Post
from sandbox.slack.faults import Faults
from sandbox.slack.limits.rates import Rates
from sandbox.slack.listener import Listener
from sandbox.slack.observer import Observer
from sandbox.slack.people import People
from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.state import State
from sandbox.slack.web import Web
from sandbox.slack.workspace import Workspace

ACK_SECONDS = 3.0


class SlackServer(People):
    """A Slack on loopback, for `with`.

    The methods of People act as a person; `api` looks; `faults` breaks things; `admin` changes the workspace;
    `socket_mode` ends connections.

    It listens from the moment it is made, on a free port where `port` is 0. The app gets `url` as its SLACK_API_URL;
    `deliver_to` says where the app's own request URL is, else the app must connect by Socket Mode.
    rate_limits: whether Slack's limits hold. ack_seconds: the time that the app has for its answers.
    event_retries: seconds before each further attempt to deliver an event.
    """

    def __init__(
        self,
        workspace: Workspace,
        port: int = 0,
        *,
        clock: Clock | None = None,
        rate_limits: bool = True,
        ack_seconds: float = ACK_SECONDS,
        event_retries: Sequence[float] = EVENT_RETRIES,
    ) -> None:
        self.state = State(workspace, clock or WallClock())
        self.faults = Faults()
        self.rates = Rates(self.state.clock, enforced=rate_limits)
        self.api = Observer(self.state)
        self.admin = Admin(self.state)
        self.socket_mode = SocketMode(workspace.app.id, ack_seconds, self._changed)
        self._closing = Event()
        web = Web(self.state, self.faults, self.rates, self._closing, lambda: self._base, self.socket_mode.new_url)
        self._listener = Listener(web, port)
        self._base = f"http://127.0.0.1:{self._listener.server_address[1]}/"
        post = Post(
            self.state,
            self.faults,
            self.socket_mode,
            self._closing,
            ack_seconds=ack_seconds,
            event_retries=event_retries,
        )
        self._deliveries = post
        super().__init__(self.state, post, self._base)

    @property
    def url(self) -> str:
        """The address of the Web API, which ends in /api/."""
        return f"{self._base}api/"

    def deliver_to(self, request_url: str) -> None:
        """Deliver over HTTP to this address of the app, which must be on loopback; "" is Socket Mode again."""
        if request_url and not request_url.startswith(("http://127.0.0.1:", "http://localhost:")):
            raise ValueError("the pretend Slack talks to loopback only")
        self._deliveries.request_url = request_url

    def __enter__(self) -> Self:
        """Start to serve."""
        self.socket_mode.start()
        Thread(target=self._listener.serve_forever, args=(0.05,), name="sandbox-slack", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop serving, and wait for deliveries under way."""
        self._closing.set()
        self._deliveries.stop()
        self._listener.shutdown()
        self._listener.server_close()
        self.socket_mode.stop()

    def _changed(self) -> None:
        with self.state.changing():
            pass
