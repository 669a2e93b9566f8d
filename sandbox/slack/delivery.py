"""Handing things to the app: which way, how often, and events again where the app did not take them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Event, Thread

from sandbox.slack.clock import Clock
from sandbox.slack.envelopes import Envelope, Transport
from sandbox.slack.faults import Faults
from sandbox.slack.http_delivery import HttpTransport
from sandbox.slack.records import Ack, Delivery
from sandbox.slack.socket_mode import SocketMode
from sandbox.slack.state import State

EVENT_RETRIES = (0.0, 60.0, 300.0)
"""Seconds before each further attempt to deliver an event."""


class Post:
    """Delivers to the app: over HTTP where it has a request URL, else over Socket Mode."""

    def __init__(
        self,
        state: State,
        faults: Faults,
        sockets: SocketMode,
        closing: Event,
        *,
        ack_seconds: float,
        event_retries: Sequence[float],
    ) -> None:
        self.request_url = ""
        self._state = state
        self._faults = faults
        self._sockets = sockets
        self._closing = closing
        self._ack_seconds = ack_seconds
        self._event_retries = tuple(event_retries)
        self._retrying: list[Thread] = []

    @property
    def _clock(self) -> Clock:
        return self._state.clock

    def deliver(self, envelope: Envelope) -> Ack:
        """Hand over a command or an interaction, which is never repeated by Slack, and wait for the app."""
        return self._attempt(envelope)

    def deliver_event(self, envelope: Envelope) -> Ack:
        """Hand over an event. Where the app does not take it, further attempts follow in the background."""
        ack = self._attempt(envelope)
        if not ack.ok and ack.headers.get("x-slack-no-retry") != "1" and self._event_retries:
            thread = Thread(target=self._again, args=(envelope, ack), name="sandbox-slack-retry", daemon=True)
            self._retrying.append(thread)
            thread.start()
        return ack

    def stop(self) -> None:
        """Wait for attempts under way; the event that they were given says that it is over."""
        for thread in self._retrying:
            thread.join()

    def _again(self, envelope: Envelope, ack: Ack) -> None:
        for number, seconds in enumerate(self._event_retries, 1):
            if not self._clock.wait(seconds, self._closing):
                return
            ack = self._attempt(replace(envelope, retry=number, reason=self._reason(ack)))
            if ack.ok or ack.headers.get("x-slack-no-retry") == "1":
                return

    def _attempt(self, envelope: Envelope) -> Ack:
        """Deliver once, or as often as the fault switch says, all at the same time. The first answer counts."""
        send, copies = self._transport().prepare(envelope), self._faults.deliveries
        if copies == 1:
            acks = [send()]
        else:
            with ThreadPoolExecutor(copies) as pool:
                acks = [future.result() for future in [pool.submit(send) for _ in range(copies)]]
        with self._state.changing():
            self._state.deliveries += [self._record(envelope, ack) for ack in acks]
        return acks[0]

    def _record(self, envelope: Envelope, ack: Ack) -> Delivery:
        return Delivery(
            kind=envelope.kind.value,
            payload=envelope.payload,
            ack=ack,
            at=self._clock.now(),
            retry=envelope.retry,
            reason=envelope.reason,
        )

    def _transport(self) -> Transport:
        if not self.request_url:
            return self._sockets
        secret = self._state.workspace.app.signing_secret
        return HttpTransport(self.request_url, secret, self._clock, self._ack_seconds)

    def _reason(self, ack: Ack) -> str:
        if ack.error == "operation_timeout":
            return "http_timeout" if self.request_url else "timeout"
        return "http_error" if ack.status else "connection_failed"
