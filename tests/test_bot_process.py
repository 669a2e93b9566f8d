"""The bot as a process: over HTTP and over a socket, from its start to SIGTERM; and any payload at all."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.slack import SlackServer, typical_workspace
from tests.running_bot import CLUSTERS, RunningBot, running_bot

SECRET = "testing-signing-secret"


def free_port() -> int:
    """A port on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.fixture
def environment(tmp_path: Path, redis_url: str) -> dict[str, str]:
    """What every bot needs; without Slack's address and without a way in."""
    path = tmp_path / "clusters.yaml"
    path.write_text(CLUSTERS)
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "PYTHONPATH", "VIRTUAL_ENV")}
    return kept | {"SLACK_BOT_TOKEN": "xoxb-test", "REDIS_URL": redis_url, "DNSMEDIC_CLUSTERS": str(path)}


def start(environment: dict[str, str]) -> subprocess.Popen[str]:
    """`dnsmedic bot`."""
    command = [sys.executable, "-m", "dnsmedic", "bot"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


def status(url: str) -> int:
    """The status of a GET, 0 while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - loopback
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket"])
def test_the_process_answers_and_ends(environment: dict[str, str], *, socket_mode: bool) -> None:
    """It says when it is ready, answers in both modes, tells its metrics, and leaves with 0 on SIGTERM."""
    port, health = free_port(), free_port()
    environment |= {"DNSMEDIC_HTTP": f"127.0.0.1:{port}", "DNSMEDIC_METRICS": f"127.0.0.1:{health}"}
    environment |= {"SLACK_APP_TOKEN": "xapp-test"} if socket_mode else {"SLACK_SIGNING_SECRET": SECRET}
    with SlackServer(typical_workspace()) as slack:
        slack.deliver_to("" if socket_mode else f"http://127.0.0.1:{port}/slack/events")
        with start(environment | {"SLACK_API_URL": slack.url}) as process:
            slack.api.wait_for(lambda: status(f"http://127.0.0.1:{health}/ready") == 200, 30)
            told = slack.command("U0ALICE", "C0INCIDENTS", "/dns-check", "cluster-a")
            with urllib.request.urlopen(f"http://127.0.0.1:{health}/metrics", timeout=5) as response:
                metrics = response.read().decode()
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=30)

    assert told.body["text"].startswith(":hourglass_flowing_sand: Queued *DNS check* on `cluster-a`")
    assert 'dnsmedic_runs{state="queued"} 1.0' in metrics
    assert 0 == process.returncode
    assert "Traceback" not in log
    assert "xoxb-test" not in log


def test_every_mistake_ends_it_with_2(environment: dict[str, str]) -> None:
    """Without a signing secret it does not listen at all, and a broken clusters file is told with its line."""
    without = start(environment)
    _, first = without.communicate(timeout=30)
    Path(environment["DNSMEDIC_CLUSTERS"]).write_text("clusters:\n  a: {regoin: us-east-1}\n")
    broken = start(environment | {"SLACK_SIGNING_SECRET": SECRET})
    _, second = broken.communicate(timeout=30)

    assert (2, 2) == (without.returncode, broken.returncode)
    assert first.startswith("SLACK_SIGNING_SECRET is not set")
    assert "clusters.yaml line 2: cluster a knows no `regoin` (did you mean `region`?)" in second


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory, redis_server_session: Any) -> Iterator[RunningBot]:
    """One bot for thousands of payloads."""
    with running_bot(tmp_path_factory.mktemp("bot"), redis_server_session.url) as running:
        yield running


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 2)
    | st.sampled_from(["", "U0ALICE", "C0INCIDENTS", "dns.stop", "x\u0000"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["id", "type", "ts", "action_id", "value", "text", "values"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)
TYPES = st.sampled_from(
    ["block_actions", "view_submission", "view_closed", "block_suggestion", "message_action", "shortcut",
     "event_callback", "workflow_step_edit", "interactive_message", "dialog_submission", "nothing"]
)  # fmt: skip
NAMES = st.sampled_from(
    ["user", "team", "channel", "actions", "view", "message", "container", "event", "action_id", "callback_id",
     "enterprise", "trigger_id", "authorizations", "event_id", "team_id", "state", "is_enterprise_install",
     "function_data", "bot_access_token", "response_urls", "value", "block_id", "action", "event_context"]
)  # fmt: skip
USUAL = st.sampled_from(
    [
        {},
        {"actions": [{"type": "button", "action_id": "dns.stop", "block_id": "b", "value": "run_x"}]},
        {"view": {"callback_id": "dns.form", "type": "modal", "private_metadata": "C0INCIDENTS"}},
        {"event": {"type": "app_mention", "text": "<@U0DNSMEDIC> help"}, "team_id": "T0EXAMPLE"},
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(TYPES, USUAL, st.dictionaries(NAMES, VALUES, max_size=5), st.booleans())
def test_no_signed_payload_makes_a_5xx(
    fuzzed: RunningBot,
    kind: str,
    usual: dict[str, Any],
    more: dict[str, Any],
    as_event: bool,  # noqa: FBT001 - drawn
) -> None:
    """Whatever is missing, null or of another type: turned away or answered."""
    payload = {"type": kind, **usual, **more}
    answer = fuzzed.event(payload) if as_event else fuzzed.interaction(payload)

    assert answer.status in (200, 400)
