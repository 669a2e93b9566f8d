"""What the pretend Slack hands to an app: commands, clicks, modals and events, to a real Bolt app in both modes."""

from __future__ import annotations

import json
import socketserver
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from sandbox.slack import Impossible, Kind, ManualClock, SlackServer, signature, typical_workspace

INCIDENTS = "C0INCIDENTS"
SECRET = "testing-signing-secret"
Json = dict[str, Any]


def plain(text: str) -> Json:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


MODAL: Json = {
    "type": "modal",
    "callback_id": "ask",
    "title": plain("Check DNS"),
    "submit": plain("Check"),
    "blocks": [
        {
            "type": "input",
            "block_id": "cluster",
            "label": plain("Cluster"),
            "element": {"type": "external_select", "action_id": "cluster", "min_query_length": 0},
        },
        {
            "type": "input",
            "block_id": "name",
            "label": plain("Name"),
            "optional": True,
            "element": {"type": "plain_text_input", "action_id": "name", "max_length": 253},
        },
        {
            "type": "input",
            "block_id": "where",
            "label": plain("Channel"),
            "element": {
                "type": "conversations_select",
                "action_id": "where",
                "default_to_current_conversation": True,
            },
        },
    ],
}
BUTTONS: list[Json] = [
    {
        "type": "actions",
        "block_id": "a-v1",
        "elements": [
            {"type": "button", "action_id": "dns.rerun", "text": plain("Re-run"), "value": "run_7f3a"},
            {
                "type": "button",
                "action_id": "fix.approve",
                "text": plain("Approve"),
                "value": "ap_9c2e",
                "visible_to_user_ids": ["U0BOB"],
            },
            {
                "type": "overflow",
                "action_id": "dns.more",
                "options": [{"text": plain("Download evidence"), "value": "run_7f3a evidence"}],
            },
            {"type": "users_select", "action_id": "inc.assign"},
        ],
    }
]


class _Bench:
    """A small Bolt app that answers everything and keeps what it was sent."""

    def __init__(self, slack: SlackServer) -> None:
        self.client = WebClient(token="xoxb-test", base_url=slack.url, retry_handlers=[])
        self.app = App(
            client=self.client, signing_secret=SECRET, process_before_response=True, token_verification_enabled=False
        )
        self.seen: list[Json] = []
        self.submit_answer: Json = {}
        self._register()

    def _register(self) -> None:
        self.app.command("/dns-check")(self._check)
        self.app.command("/dns-health")(self._ask)
        self.app.action("dns.rerun")(self._rerun)
        for name in ("dns.more", "inc.assign", "fix.approve"):
            self.app.action(name)(self._keep)
        self.app.options("cluster")(self._options)
        self.app.view("ask")(self._submitted)
        self.app.shortcut("dns_check_message")(self._keep)
        for name in ("app_mention", "app_home_opened", "member_joined_channel"):
            self.app.event(name)(self._keep)

    def _keep(self, ack: Callable[..., Any], body: Json, request: BoltRequest) -> None:
        ack()
        self.seen.append({**body, "headers": request.headers})

    def _check(self, ack: Callable[..., Any], command: Json) -> None:
        self.seen.append(command)
        ack({"text": f"Queued DNS check on {command['text']}", "response_type": "ephemeral"})

    def _ask(self, ack: Callable[..., Any], command: Json) -> None:
        ack()
        self.client.views_open(trigger_id=command["trigger_id"], view=MODAL)

    def _rerun(self, ack: Callable[..., Any], body: Json, respond: Callable[..., Any]) -> None:
        ack()
        self.seen.append(body)
        respond(text="Re-run started", replace_original=False)

    def _options(self, ack: Callable[..., Any], payload: Json) -> None:
        names = [name for name in ("cluster-a", "cluster-b") if payload["value"] in name]
        ack(options=[{"text": plain(name), "value": name} for name in names])

    def _submitted(self, ack: Callable[..., Any], view: Json) -> None:
        self.seen.append(view)
        ack(**self.submit_answer)


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of callers that gave up."""


@contextmanager
def serving(answer: Callable[[str, dict[str, str], bytes], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """An HTTP server on loopback that answers with a function of method, headers and body; its address."""

    class Connection(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer."""
            body = self.rfile.read(int(self.headers["Content-Length"]))
            names = {name.lower(): value for name, value in self.headers.items()}
            status, headers, content = answer(self.path, names, body)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with _QuietServer(("127.0.0.1", 0), Connection) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/slack/events"
        server.shutdown()


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    """A pretend Slack that waits a second for answers and repeats events at once."""
    with SlackServer(typical_workspace(), rate_limits=False, ack_seconds=1.0, event_retries=(0, 0, 0)) as server:
        yield server


@pytest.fixture(params=["http", "socket mode"])
def bench(slack: SlackServer, request: pytest.FixtureRequest) -> Iterator[_Bench]:
    """A Bolt app that is connected in each of the two ways."""
    bench = _Bench(slack)
    with _over_http(slack, bench) if request.param == "http" else _over_socket_mode(slack, bench):
        yield bench


@contextmanager
def _over_http(slack: SlackServer, bench: _Bench) -> Iterator[None]:
    def answer(_: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        bolt = bench.app.dispatch(BoltRequest(body=body.decode(), headers=dict(headers)))
        return bolt.status, {name: values[0] for name, values in bolt.headers.items()}, (bolt.body or "").encode()

    with serving(answer) as url:
        slack.deliver_to(url)
        yield


@contextmanager
def _over_socket_mode(slack: SlackServer, bench: _Bench) -> Iterator[None]:
    mode = SocketModeHandler(bench.app, "xapp-test", ping_interval=0.2)
    mode.connect()  # type: ignore[no-untyped-call]
    slack.api.wait_for(lambda: slack.socket_mode.connections)
    try:
        yield
    finally:
        _hang_up(slack, mode)


def _hang_up(slack: SlackServer, mode: SocketModeHandler) -> None:
    """Close from both ends, and wake the client's threads: it alone would wait for its time-outs."""
    mode.client.auto_reconnect_enabled = False
    mode.client.closed = True
    mode.client.enqueue_message('{"type":"hello"}')
    slack.socket_mode.cut()
    mode.close()  # type: ignore[no-untyped-call]


# A Bolt app in both modes


def test_a_command_is_answered_privately(slack: SlackServer, bench: _Bench) -> None:
    """What the app acknowledges with is shown to who asked, in that channel."""
    ack = slack.command("U0ALICE", INCIDENTS, "/dns-check", "cluster-a")

    [private] = slack.api.ephemerals("U0ALICE")
    [payload] = bench.seen
    assert (200, "") == (ack.status, ack.error)
    assert (private.text, private.channel) == ("Queued DNS check on cluster-a", INCIDENTS)
    assert ("U0ALICE", "incidents", "T0EXAMPLE") == (payload["user_id"], payload["channel_name"], payload["team_id"])


def test_a_click_reaches_the_listener_and_is_answered(slack: SlackServer, bench: _Bench) -> None:
    """A button carries its value, its message and a response_url that works."""
    message = slack.api.message(INCIDENTS, _post(bench)["ts"])
    ack = slack.click("U0BOB", message, "dns.rerun")

    [body] = bench.seen
    assert ack.ok
    assert ("run_7f3a", message.ts, "U0BOB") == (
        body["actions"][0]["value"],
        body["container"]["message_ts"],
        body["user"]["id"],
    )
    assert ["Re-run started"] == [private.text for private in slack.api.ephemerals("U0BOB")]


def test_menus_report_what_was_chosen(slack: SlackServer, bench: _Bench) -> None:
    """An overflow menu reports its option, a user menu the user."""
    message = slack.api.message(INCIDENTS, _post(bench)["ts"])
    slack.click("U0BOB", message, "dns.more", "run_7f3a evidence")
    slack.click("U0BOB", message, "inc.assign", "U0CAROL")

    first, second = (body["actions"][0] for body in bench.seen)
    assert first["selected_option"]["value"] == "run_7f3a evidence"
    assert second["selected_user"] == "U0CAROL"
    assert bench.seen[1]["state"]["values"]["a-v1"]["inc.assign"]["selected_user"] == "U0CAROL"


def test_a_modal_is_opened_filled_in_and_sent(slack: SlackServer, bench: _Bench) -> None:
    """The options come from the app, the values reach it, and the modal closes."""
    slack.command("U0ALICE", INCIDENTS, "/dns-health")
    [view] = slack.api.views
    offered = slack.options("U0ALICE", view, "cluster", "-b").body["options"]
    ack = slack.submit("U0ALICE", view, {"cluster": offered[0], "name": "example.org"})

    values = bench.seen[0]["state"]["values"]
    assert ack.ok
    assert slack.api.views == []
    assert values["cluster"]["cluster"]["selected_option"]["value"] == "cluster-b"
    assert values["name"]["name"]["value"] == "example.org"
    assert values["where"]["where"]["selected_conversation"] == INCIDENTS


def test_a_modal_stays_open_with_errors_or_other_contents(slack: SlackServer, bench: _Bench) -> None:
    """The app may refuse a submission, replace the modal, put another on top, or close them all."""
    slack.command("U0ALICE", INCIDENTS, "/dns-health")
    [view] = slack.api.views
    seen = []
    for answer in (
        {"response_action": "errors", "errors": {"name": "no such name"}},
        {"response_action": "update", "view": {**MODAL, "title": plain("Updated")}},
        {"response_action": "push", "view": {**MODAL, "title": plain("Pushed")}},
        {"response_action": "errors", "errors": {"elsewhere": "no such input"}},
        {"response_action": "clear"},
    ):
        bench.submit_answer = answer
        ack = slack.submit("U0ALICE", view, {"cluster": "cluster-a"})
        seen.append((ack.error, [each.payload["title"]["text"] for each in slack.api.views]))

    assert seen == [
        ("", ["Check DNS"]),
        ("", ["Updated"]),
        ("", ["Updated", "Pushed"]),
        ("invalid_response_errors", ["Updated", "Pushed"]),
        ("", []),
    ]


def test_a_required_input_must_be_filled_in(slack: SlackServer, bench: _Bench) -> None:
    """Slack's screen does not send a modal with an empty input, too long a text or an unknown one."""
    slack.command("U0ALICE", INCIDENTS, "/dns-health")
    [view] = slack.api.views
    for values in ({}, {"cluster": "cluster-a", "name": "x" * 254}, {"cluster": "cluster-a", "other": "x"}):
        with pytest.raises(Impossible):
            slack.submit("U0ALICE", view, values)

    assert bench.seen == []


def test_mentions_home_and_joining_are_events(slack: SlackServer, bench: _Bench) -> None:
    """Each arrives as the event that Slack names it."""
    parent = slack.say("U0BOB", INCIDENTS, "DNS is broken")
    acks = [
        slack.mention("U0ALICE", INCIDENTS, "dns-check cluster-a", thread_ts=parent.ts),
        slack.open_home("U0ALICE"),
        slack.invite("U0ALICE", "C0RANDOM", "U0DNSMEDIC"),
    ]

    events = [body["event"] for body in bench.seen]
    assert all(ack.ok for ack in acks)
    assert ["app_mention", "app_home_opened", "member_joined_channel"] == [event["type"] for event in events]
    assert (parent.ts, "<@U0DNSMEDIC> dns-check cluster-a") == (events[0]["thread_ts"], events[0]["text"])
    assert "U0DNSMEDIC" in slack.state.members["C0RANDOM"]


def test_a_message_shortcut_carries_the_message(slack: SlackServer, bench: _Bench) -> None:
    """The app sees the text of the message that it was used on."""
    message = slack.say("U0BOB", INCIDENTS, "cannot resolve example.org")
    slack.shortcut("U0ALICE", message, "dns_check_message")

    [body] = bench.seen
    assert ("cannot resolve example.org", message.ts) == (body["message"]["text"], body["message_ts"])


def test_everything_can_be_delivered_twice(slack: SlackServer, bench: _Bench) -> None:
    """The switch for it delivers the same payload once too often."""
    slack.faults.deliveries = 2
    slack.command("U0ALICE", INCIDENTS, "/dns-check", "cluster-a")

    first, second = bench.seen
    assert first == second
    assert 1 == len(slack.api.ephemerals("U0ALICE"))


def _post(bench: _Bench) -> Any:
    return bench.client.chat_postMessage(channel=INCIDENTS, text="done", blocks=BUTTONS)


# What people cannot do, and what forgers can


def test_people_press_only_what_they_see(slack: SlackServer, bench: _Bench) -> None:
    """A button for others, one that is gone and a foreign value are refused, unless somebody forges them."""
    message = slack.api.message(INCIDENTS, _post(bench)["ts"])
    for user, action, value in (
        ("U0ALICE", "fix.approve", None),
        ("U0BOB", "dns.stop", None),
        ("U0BOB", "dns.rerun", "run_0000"),
        ("U0BOB", "dns.more", "run_0000 evidence"),
    ):
        with pytest.raises(Impossible):
            slack.click(user, message, action, value)
    slack.click("U0ALICE", message, "fix.approve", "ap_0000", tampered=True)

    [body] = bench.seen
    assert ("U0ALICE", "ap_0000") == (body["user"]["id"], body["actions"][0]["value"])


def test_private_answers_can_be_clicked_by_their_owner_only(slack: SlackServer, bench: _Bench) -> None:
    """Of a private answer the app learns the place and not the message."""
    bench.client.chat_postEphemeral(channel=INCIDENTS, user="U0ALICE", text="x", blocks=BUTTONS)
    [private] = slack.api.ephemerals("U0ALICE")
    slack.click("U0ALICE", private, "dns.rerun")
    with pytest.raises(Impossible):
        slack.click("U0BOB", private, "dns.rerun")

    [body] = bench.seen
    assert body["container"]["is_ephemeral"]
    assert "message" not in body


# Signatures, deadlines and retries over HTTP


@contextmanager
def _raw(
    slack: SlackServer, *answers: tuple[int, dict[str, str], bytes]
) -> Iterator[list[tuple[dict[str, str], bytes]]]:
    """An app that gives these answers in turn, the last one again and again, and keeps what it was sent."""
    seen: list[tuple[dict[str, str], bytes]] = []

    def answer(_: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        seen.append((headers, body))
        return answers[min(len(seen), len(answers)) - 1]

    with serving(answer) as url:
        slack.deliver_to(url)
        yield seen


def test_http_deliveries_are_signed(slack: SlackServer) -> None:
    """Slack's own verifier accepts the signature, and no other body with it."""
    with _raw(slack, (200, {}, b"")) as seen:
        slack.command("U0ALICE", INCIDENTS, "/dns-check", "cluster-a & more")

    [(headers, body)] = seen
    verifier = SignatureVerifier(SECRET)
    assert verifier.is_valid_request(body, dict(headers))
    assert not verifier.is_valid_request(body + b"x", dict(headers))
    assert parse_qs(body.decode())["text"] == ["cluster-a & more"]
    assert headers["x-slack-signature"] == signature(SECRET, headers["x-slack-request-timestamp"], body)


def test_a_copy_has_the_same_bytes_and_the_same_signature(slack: SlackServer) -> None:
    """What is delivered twice is a replay to the last byte."""
    slack.faults.deliveries = 2
    with _raw(slack, (200, {}, b"")) as seen:
        slack.command("U0ALICE", INCIDENTS, "/dns-check", "cluster-a")

    [(one, first), (two, second)] = seen
    assert (first, one["x-slack-signature"]) == (second, two["x-slack-signature"])


def test_an_answer_that_is_late_or_broken_is_what_the_person_sees(slack: SlackServer) -> None:
    """Commands and clicks are not repeated: the person sees that it failed."""
    slow = Event()
    with _raw(slack, (404, {}, b""), (200, {"Content-Type": "application/json"}, b'{"blocks":[{"type":"x"}]}')):
        errors = [slack.command("U0ALICE", INCIDENTS, "/dns-check").error for _ in range(2)]
    with serving(lambda *_: (200, {}, b"x" if slow.wait(5) else b"")) as url:
        slack.deliver_to(url)
        errors.append(slack.command("U0ALICE", INCIDENTS, "/dns-check").error)
        slow.set()
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as unused:
        port = unused.server_address[1]
    slack.deliver_to(f"http://127.0.0.1:{port}/slack/events")
    errors.append(slack.command("U0ALICE", INCIDENTS, "/dns-check").error)

    assert errors == ["dispatch_failed", "invalid_command_response", "operation_timeout", "dispatch_failed"]
    assert 4 == len(slack.api.deliveries)
    assert slack.api.ephemerals("U0ALICE") == []


def test_events_are_repeated_until_they_are_taken(slack: SlackServer) -> None:
    """Up to three more attempts carry their number, the reason and the same event_id, signed anew."""
    with _raw(slack, (500, {}, b""), (500, {}, b""), (200, {}, b"")) as seen:
        ack = slack.mention("U0ALICE", INCIDENTS, "hello")
        slack.api.wait_for(lambda: len(seen) == 3)

    numbers = [headers.get("x-slack-retry-num") for headers, _ in seen]
    assert (500, [None, "1", "2"]) == (ack.status, numbers)
    assert ["http_error", "http_error"] == [headers["x-slack-retry-reason"] for headers, _ in seen[1:]]
    assert 1 == len({json.loads(body)["event_id"] for _, body in seen})


def test_an_app_can_ask_not_to_be_sent_an_event_again(slack: SlackServer) -> None:
    """X-Slack-No-Retry ends the attempts; without it there are four in all."""
    with _raw(slack, (500, {"X-Slack-No-Retry": "1"}, b"")) as refused:
        slack.mention("U0ALICE", INCIDENTS, "hello")
    with _raw(slack, (500, {}, b"")) as failed:
        slack.mention("U0ALICE", INCIDENTS, "hello")
        slack.api.wait_for(lambda: len(slack.api.deliveries) == 5)

    assert (1, 4) == (len(refused), len(failed))


def test_retries_come_when_they_are_due() -> None:
    """The first retry comes at once, the next after a minute, the last after five more."""
    clock = ManualClock()
    with SlackServer(typical_workspace(), clock=clock) as slack, _raw(slack, (500, {}, b"")) as seen:
        counts: list[int] = []
        slack.mention("U0ALICE", INCIDENTS, "hello")
        for seconds in (0, 60, 300):
            clock.advance(seconds)
            before = len(counts) + 2
            slack.api.wait_for(lambda before=before: len(slack.api.deliveries) == before)  # type: ignore[misc]
            counts.append(len(seen))

    assert counts == [2, 3, 4]
    assert ["", "http_error", "http_error", "http_error"] == [each.reason for each in slack.api.deliveries]


def test_anything_can_be_handed_over(slack: SlackServer) -> None:
    """Payloads that no person could cause arrive signed, for tests of bad input."""
    with _raw(slack, (200, {"Content-Type": "application/json"}, b'{"challenge":"x"}')) as seen:
        ack = slack.hand_over(Kind.EVENT, {"type": "url_verification", "challenge": "x"})

    assert ack.body == {"challenge": "x"}
    assert json.loads(seen[0][1]) == {"type": "url_verification", "challenge": "x"}


# Triggers


@pytest.fixture
def stopped_clock() -> ManualClock:
    """A time that only the test moves."""
    return ManualClock()


def test_a_trigger_is_good_once_and_for_three_seconds(stopped_clock: ManualClock) -> None:
    """Spent, old and unknown triggers each have their own error."""
    with SlackServer(typical_workspace(), clock=stopped_clock) as slack:
        client = WebClient(token="xoxb-test", base_url=slack.url, retry_handlers=[])
        spent, old = slack.state.new_trigger("U0ALICE"), slack.state.new_trigger("U0ALICE")
        opened = client.views_open(trigger_id=spent, view=MODAL)["view"]
        stopped_clock.advance(3.1)
        errors = [_refused(client, "views.open", trigger_id=each, view=MODAL) for each in (spent, old, "1.2.3")]
        conflict = _refused(client, "views.update", view_id=opened["id"], view=MODAL, hash="1.other")
        client.views_update(view_id=opened["id"], view={**MODAL, "title": plain("Filled")}, hash=opened["hash"])
        missing = _refused(client, "views.update", view_id="V0", view=MODAL)

    assert errors == ["exchanged_trigger_id", "expired_trigger_id", "invalid_trigger_id"]
    assert (conflict, missing) == ("hash_conflict", "not_found")
    assert ["Filled"] == [view.payload["title"]["text"] for view in slack.api.views]


def test_three_views_are_a_full_stack(slack: SlackServer) -> None:
    """A fourth view on top is refused."""
    client = WebClient(token="xoxb-test", base_url=slack.url, retry_handlers=[])
    top = client.views_open(trigger_id=slack.state.new_trigger("U0ALICE"), view=MODAL)["view"]["id"]
    for _ in range(2):
        trigger = slack.state.new_trigger("U0ALICE", view=top)
        top = client.views_push(trigger_id=trigger, view=MODAL)["view"]["id"]

    trigger = slack.state.new_trigger("U0ALICE", view=top)
    assert _refused(client, "views.push", trigger_id=trigger, view=MODAL) == "push_limit_reached"


def _refused(client: WebClient, method: str, **arguments: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


# Socket Mode


def test_socket_mode_needs_its_own_token(slack: SlackServer) -> None:
    """A bot token opens no connection, and an address is good once."""
    bot = WebClient(token="xoxb-test", base_url=slack.url)
    app = WebClient(token="xapp-test", base_url=slack.url)
    with pytest.raises(SlackApiError) as caught:
        bot.apps_connections_open(app_token="xoxb-test")
    url = str(app.apps_connections_open(app_token="xapp-test")["url"])
    with connect(url) as connection:
        hello = json.loads(connection.recv())
    with pytest.raises(InvalidStatus):
        connect(url)

    assert caught.value.response["error"] == "not_allowed_token_type"
    assert ("hello", 1) == (hello["type"], hello["num_connections"])


def test_an_envelope_that_is_not_acknowledged_times_out(slack: SlackServer) -> None:
    """Without an answer the person sees operation_timeout; without a connection dispatch_failed."""
    nobody = slack.command("U0ALICE", INCIDENTS, "/dns-check")
    url = slack.socket_mode.new_url()
    with connect(url) as connection:
        slack.api.wait_for(lambda: slack.socket_mode.connections)
        silent = slack.command("U0ALICE", INCIDENTS, "/dns-check")
        connection.recv()
        envelope = json.loads(connection.recv())

    assert ("dispatch_failed", "operation_timeout") == (nobody.error, silent.error)
    assert ("slash_commands", True) == (envelope["type"], envelope["accepts_response_payload"])
    assert envelope["payload"]["command"] == "/dns-check"


def test_events_are_repeated_over_socket_mode_too(slack: SlackServer) -> None:
    """The envelope says which attempt it is and why."""
    with connect(slack.socket_mode.new_url()) as connection, ThreadPoolExecutor(1) as pool:
        connection.recv()
        slack.api.wait_for(lambda: slack.socket_mode.connections)
        mention = pool.submit(slack.mention, "U0ALICE", INCIDENTS, "hello")
        first, second = json.loads(connection.recv()), json.loads(connection.recv())
        connection.send(json.dumps({"envelope_id": second["envelope_id"]}))
        ack = mention.result()
        slack.api.wait_for(lambda: len(slack.api.deliveries) == 2)

    assert ack.error == "operation_timeout"
    assert [(0, ""), (1, "timeout")] == [(each["retry_attempt"], each["retry_reason"]) for each in (first, second)]
    assert first["payload"]["event_id"] == second["payload"]["event_id"]


@pytest.mark.parametrize("how", ["refresh", "cut"])
def test_a_bolt_app_comes_back_after_its_connection_ends(slack: SlackServer, how: str) -> None:
    """Slack refreshes connections every few hours, and networks lose them; commands work again afterwards."""
    bench = _Bench(slack)
    with _over_socket_mode(slack, bench):
        getattr(slack.socket_mode, how)()
        slack.api.wait_for(lambda: slack.socket_mode.connected == 2 and slack.socket_mode.connections == 1)
        slack.api.wait_for(lambda: slack.command("U0ALICE", INCIDENTS, "/dns-check", "cluster-a").ok)

    assert bench.seen[-1]["text"] == "cluster-a"


def test_an_eleventh_connection_is_sent_away(slack: SlackServer) -> None:
    """An app has ten connections at most, and each envelope goes to one of them."""
    with ExitStack() as ten:
        for _ in range(10):
            ten.enter_context(connect(slack.socket_mode.new_url())).recv()
        slack.api.wait_for(lambda: slack.socket_mode.connections == 10)
        with connect(slack.socket_mode.new_url()) as eleventh:
            farewell = json.loads(eleventh.recv())

    assert ("disconnect", "too_many_websockets") == (farewell["type"], farewell["reason"])
