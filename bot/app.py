"""The bot: puts its parts together, and runs over HTTP or Socket Mode."""

from __future__ import annotations

import gc
import logging
import os
from typing import Any

from prometheus_client import Gauge
from slack_bolt import App, BoltRequest
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient

from bot.commands import Desk
from bot.deadline import REDIS_SECONDS, Deadline
from bot.intake import Intake, Reply
from bot.listeners import Listeners
from bot.people import People
from bot.recorder import Recorder
from bot.serving import over_http, over_socket
from bot.settings import Settings
from bot.waiting import Waiting
from bot.workspace import Workspace
from contract.audit import Audit
from contract.clusters import ClustersFile
from contract.connection import connect
from contract.health import HealthServer, registry
from contract.offers import Offers
from contract.redaction import log_to_stderr
from contract.runs import Runs


class BotApp(App):
    """A Bolt app with what is to be closed after it."""

    def __init__(
        self,
        workspace: Workspace,
        recorder: Recorder,
        deadline: Deadline,
        waiting: Waiting,
        people: People,
        **bolt: Any,
    ) -> None:
        super().__init__(**bolt)
        self.workspace = workspace
        self.waiting = waiting
        self.recorder = recorder
        self.deadline = deadline
        self.people = people

    def close(self) -> None:
        """End the threads behind the app, once nothing calls it any more; what is to be said or recorded still is."""
        self.waiting.close()
        self.deadline.close()
        self.people.close()
        self.workspace.close()
        self.recorder.close()


def build_app(settings: Settings, runs: Runs, clusters: ClustersFile, *, client: WebClient | None = None) -> BotApp:
    """The Bolt app with all that people can do registered. It asks Slack who we are once, in the background.

    Signatures are verified by the `door` before the app sees a request; over Socket Mode Slack has signed in to us.
    """
    client = client or slack_client(settings)
    workspace, deadline = Workspace(client), Deadline()
    people = People(client, lambda: workspace.home().team)
    recorder = Recorder(Audit(runs.redis, settings.key))
    app = BotApp(
        workspace,
        recorder,
        deadline,
        Waiting(runs, workspace),
        people,
        client=client,
        authorize=lambda **_: _identity(workspace, client),
        process_before_response=True,
        raise_error_for_unhandled_request=True,
        request_verification_enabled=False,
        attaching_function_token_enabled=False,
    )
    desk = Desk(runs, clusters, Offers(runs.redis), recorder, workspace.home, people.membership)
    Listeners(desk, workspace, deadline).register(app)
    return app


def slack_client(settings: Settings) -> WebClient:
    """A client that neither waits long nor sends anything twice."""
    return WebClient(token=settings.bot_token, base_url=settings.api_url, timeout=2, retry_handlers=[])


def door(app: App, settings: Settings) -> Intake:
    """The app behind the door that only what Slack signed gets through."""

    def accept(body: str, headers: dict[str, str]) -> Reply:
        response = app.dispatch(BoltRequest(body=body, headers=dict(headers)))
        content_type = response.first_headers().get("content-type", "text/plain; charset=utf-8")
        return Reply(response.status, response.body, content_type)

    return Intake(settings.signing_secrets, accept)


def _identity(workspace: Workspace, client: WebClient) -> AuthorizeResult:
    """Ourselves, without a call to Slack. Never None: Bolt would then write to an address from the request."""
    home = workspace.home()
    return AuthorizeResult(enterprise_id=None, team_id=home.team, bot_user_id=home.bot_user, bot_token=client.token)


def main() -> int:
    """Run the bot until it is told to stop. Raises Refused with every mistake in the settings or the clusters file."""
    settings = Settings.from_env(os.environ)
    log_to_stderr(settings.log)
    # It warns of a token that it was given twice: the client has it, and the environment is its second source.
    logging.getLogger("slack_bolt.App").setLevel(logging.ERROR)
    clusters = ClustersFile(settings.clusters)
    redis = connect(settings.redis_url, timeout=REDIS_SECONDS)
    runs = Runs(redis, settings.key)
    app = build_app(settings, runs, clusters)
    serving = over_socket(app, settings) if settings.socket_mode else over_http(door(app, settings), settings)
    metrics = registry(redis)
    mistaken = Gauge(
        "dnsmedic_clusters_file_mistaken", "Whether a change of the clusters file was not taken.", registry=metrics
    )
    mistaken.set_function(lambda: float(bool(clusters.problem)))
    health = HealthServer(settings.metrics, metrics, serving.ready) if settings.metrics else None
    # What stands now stays: to look through it for garbage would take longer than an answer.
    gc.collect()
    gc.freeze()
    try:
        serving.run()
    finally:
        if health:
            health.close()
        app.close()
    return 0
