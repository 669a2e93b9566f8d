"""The server behind the demo's page: whom it serves, what it shows, and what it does for people and for the panel."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackRequestError

from sandbox.demo.clock import MovableClock
from sandbox.demo.controls import Controls
from sandbox.demo.redis_switch import RedisSwitch
from sandbox.demo.troubles import TROUBLES, TroubleSwitches
from sandbox.demo.workspace import workspace
from sandbox.slack import SlackServer
from sandbox.web import PageServer

ALICE, BOB, GUEST, INCIDENTS = "U0ALICE", "U0BOB", "U0GUEST", "C0INCIDENTS"


@dataclass(frozen=True)
class Page:
    """A page server without any process of the product behind it."""

    controls: Controls
    server: PageServer

    @property
    def client(self) -> WebClient:
        """The app, as it calls Slack."""
        return WebClient("xoxb-test", base_url=self.controls.slack.url, retry_handlers=[])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body of an answer. headers: `_` for `-`."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port, timeout=20)
        given = {"Content-Type": "application/json"} if body is not None else {}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, None if body is None else json.dumps(body), given)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def act(self, what: str, **given: Any) -> str:
        """Do something as a person (`who`); the sentence that comes back."""
        given["as"] = given.pop("who", ALICE)
        return str(json.loads(self.ask("POST", f"/api/act/{what}", given)[2])["error"])

    def steer(self, what: str, **given: Any) -> str:
        """Use a switch of the panel; the sentence that comes back."""
        return str(json.loads(self.ask("POST", f"/api/panel/{what}", given)[2])["error"])


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """A page server on a fresh workspace."""
    with SlackServer(workspace(), rate_limits=False) as slack:
        controls = Controls(slack, [], {}, RedisSwitch(tmp_path), TroubleSwitches(slack), MovableClock(tmp_path))
        with PageServer(controls, 0) as server:
            yield Page(controls, server)


class Stream:
    """The stream of changes, as a browser reads it."""

    def __init__(self, page: Page, user: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", page.server.server_port, timeout=20)
        self.connection.request("GET", f"/api/live?as={user}")
        self.answer = self.connection.getresponse()

    def next(self) -> dict[str, Any]:
        """The next event."""
        while True:
            line = self.answer.readline().decode()
            if line.startswith("data: "):
                return dict(json.loads(line.removeprefix("data: ")))


# Whom it serves


def test_the_page_loads_nothing_from_elsewhere(page: Page) -> None:
    """Page, script and style come from the server itself, under a policy that allows nothing else."""
    status, headers, body = page.ask("GET", "/")
    policy = headers["Content-Security-Policy"]

    assert 200 == status
    assert b'<script type="module" src="/page.js">' in body
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert [200, 200] == [page.ask("GET", path)[0] for path in ("/page.js", "/page.css")]


@pytest.mark.parametrize("path", ["/nothing", "/../server.py", "/%2e%2e/server.py", "//etc/passwd", "/files/F1"])
def test_nothing_but_the_page_is_served(page: Page, path: str) -> None:
    """No other file of the machine has an address."""
    status, _, body = page.ask("GET", path)

    assert 404 == status
    assert json.loads(body)["error"].endswith(".")


def test_another_site_cannot_use_it(page: Page) -> None:
    """A page from elsewhere in the same browser gets nothing: not under a name of its own, and not by a form."""
    heal: dict[str, Any] = {}
    foreign_host = page.ask("GET", "/", Host="evil.example")[0]
    foreign_origin = page.ask("POST", "/api/panel/heal", heal, Origin="http://evil.example")[0]
    form = page.ask("POST", "/api/panel/heal", heal, Content_Type="text/plain")[0]
    own = page.ask("POST", "/api/act/home", heal, Origin=page.server.url)[0]

    assert [403, 403, 403, 200] == [foreign_host, foreign_origin, form, own]


@pytest.mark.parametrize(
    "path", ["/api/act/fly", "/api/panel/fly", "/api/act/write", "/api/act/click", "/api/panel/kill"]
)
def test_what_makes_no_sense_gets_a_sentence(page: Page, path: str) -> None:
    """Unknown deeds and missing words are answered in plain words, never with a crash."""
    status, _, body = page.ask("POST", path, {"as": ALICE})

    assert 200 == status
    assert json.loads(body)["error"].endswith(".")


@pytest.mark.parametrize("body", ["text", [], 3])
def test_other_shapes_are_refused(page: Page, body: Any) -> None:
    """What is no object is turned away."""
    status, _, _ = page.ask("POST", "/api/act/write", body)

    assert 400 == status


def test_too_much_is_refused(page: Page) -> None:
    """A body beyond the limit is not read."""
    status, _, _ = page.ask("POST", "/api/act/write", None, Content_Type="application/json", Content_Length="9000000")

    assert 413 == status


# What it shows


def test_the_stream_tells_everything_then_changes(page: Page) -> None:
    """First comes all that a person sees; then only what became different, and what is gone."""
    stream = Stream(page, ALICE)
    first = stream.next()["set"]
    message = page.controls.slack.say(BOB, INCIDENTS, "Hello")
    second = stream.next()
    page.controls.slack.admin.delete_message(INCIDENTS, message.ts)
    third = stream.next()
    name = f"message:{INCIDENTS}:{message.ts}"

    assert {"workspace", "panel", f"channel:{INCIDENTS}"} <= set(first)
    assert ([name], "Hello") == (list(second["set"]), second["set"][name]["text"])
    assert ({}, [name]) == (third["set"], third["gone"])


def test_people_see_only_their_own(page: Page) -> None:
    """A guest sees the channels that they are in; a private answer is told to its person alone."""
    page.client.chat_postEphemeral(channel=INCIDENTS, user=ALICE, text="Only you")
    alice, bob, guest = (Stream(page, user).next()["set"] for user in (ALICE, BOB, GUEST))

    assert ["Only you"] == [each["text"] for name, each in alice.items() if name.startswith("private:")]
    assert [] == [name for name in (*bob, *guest) if name.startswith("private:")]
    assert ["channel:C0VENDORS"] == [name for name in guest if name.startswith("channel:")]


def test_a_stranger_gets_no_stream(page: Page) -> None:
    """Somebody who is not in the workspace is told so."""
    assert 404 == page.ask("GET", "/api/live?as=U0NOBODY")[0]


def test_a_file_is_downloaded_as_it_was_uploaded(page: Page) -> None:
    """Any file is handed over for saving, byte for byte, and never shown as a page of this server."""
    content = b"<script>alert(1)</script>\x00\xff"
    page.client.files_upload_v2(content=content, filename="run é.html", channel=INCIDENTS)
    [file] = page.controls.slack.api.files
    status, headers, body = page.ask("GET", f"/files/{file.id}")

    assert (200, content, "application/octet-stream") == (status, body, headers["Content-Type"])
    assert "attachment; filename*=UTF-8''run%20%C3%A9.html" == headers["Content-Disposition"]
    assert "nosniff" == headers["X-Content-Type-Options"]


# What it does


def test_a_message_is_said(page: Page) -> None:
    """What is typed without a slash stands in the channel, under the name of whoever typed it."""
    said = page.act("write", who=BOB, channel=INCIDENTS, text="It is always DNS")

    assert ("", [(BOB, "It is always DNS")]) == (
        said, [(each.user, each.text) for each in page.controls.slack.api.posts(INCIDENTS)]
    )  # fmt: skip


def test_a_command_without_a_bot_is_a_sentence(page: Page) -> None:
    """Where no bot runs, the person reads why nothing happened."""
    said = page.act("write", channel=INCIDENTS, text="/dns-check cluster-a")

    assert "dnsmedic cannot be reached at the moment. The panel shows whether its bot runs." == said


@pytest.mark.parametrize(
    "given,words",
    [
        ({"text": "/remind me"}, "/remind is not a valid command"),
        ({"text": "/dns-check a", "thread": "1.000001"}, "slash commands of apps cannot be used in threads"),
        ({"text": "hello", "who": GUEST}, "is not a member"),
        ({"text": ""}, "did not say 'text'"),
    ],
)
def test_what_slack_does_not_allow_is_a_sentence(page: Page, given: dict[str, str], words: str) -> None:
    """The page says no where Slack's own screens would."""
    said = page.act("write", channel=INCIDENTS, **given)

    assert said.startswith("Slack does not allow that: ")
    assert words in said


@pytest.mark.parametrize("name", [each.name for each in TROUBLES])
def test_each_trouble_is_switched_on_and_off(page: Page, name: str) -> None:
    """A trouble of the panel is met by the calls of the app, and gone once it is switched off."""
    on = page.steer("trouble", name=name, on=True)
    is_on = page.controls.troubles.is_on(name)
    met = name in ("slow", "old") or _meets(page)
    off = page.steer("trouble", name=name, on=False)

    assert ("", True, True, "") == (on, is_on, met, off)
    assert not page.controls.troubles.is_on(name)
    assert not _meets(page)


def _meets(page: Page) -> bool:
    """Whether one of three posts of the app fails."""
    failed = 0
    for _ in range(3):
        try:
            page.client.chat_postMessage(channel="C0HEALTH", text="Hello")
        except (SlackApiError, SlackRequestError, OSError):
            failed += 1
    return failed > 0


def test_the_panel_stops_redis_at_the_next_press(page: Page) -> None:
    """Armed, the next command finds Redis stopped; healing starts it again."""
    page.steer("redis", do="start")
    page.steer("redis", do="arm")
    armed = (page.controls.is_armed, page.controls.redis.is_on)
    page.act("write", channel=INCIDENTS, text="/dns-check cluster-a")
    fired = (page.controls.is_armed, page.controls.redis.is_on)
    page.steer("heal")
    healed = page.controls.redis.is_on
    page.controls.redis.stop()

    assert ((True, True), (False, False), True) == (armed, fired, healed)


def test_the_address_is_of_this_machine_alone(page: Page) -> None:
    """The server listens on loopback, and on no other address."""
    assert "127.0.0.1" == urlsplit(page.server.url).hostname
    assert "127.0.0.1" == page.server.server_address[0]
