"""The limits of the pretend Slack: messages of every shape that the product sends are taken, and no more than that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from sandbox.slack import SlackServer, typical_workspace

Block = dict[str, Any]
INCIDENTS = "C0INCIDENTS"


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackServer]:
    """One pretend Slack for all of these tests: none of them minds what the others posted."""
    with SlackServer(typical_workspace(), rate_limits=False) as server:
        yield server


@pytest.fixture
def client(slack: SlackServer) -> WebClient:
    """Slack's client, which sends nothing twice."""
    return WebClient(token="xoxb-test", base_url=slack.url, retry_handlers=[])


def plain(text: str = "text") -> Block:
    """A plain_text object."""
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "*text*") -> Block:
    """A mrkdwn object."""
    return {"type": "mrkdwn", "text": text}


def section(text: str = "*text*", **more: Any) -> Block:
    """A section."""
    return {"type": "section", "text": mrkdwn(text), **more}


def button(**more: Any) -> Block:
    """A button."""
    return {"type": "button", "text": plain("Stop"), "action_id": "dns.stop", "value": "run_7f3a", **more}


def actions(*elements: Block) -> Block:
    """A row of buttons and menus."""
    return {"type": "actions", "elements": list(elements)}


def option(text: str = "Download evidence", value: str = "run_7f3a evidence") -> Block:
    """An option of a menu."""
    return {"text": plain(text), "value": value}


def rich(text: str = "2/2 ready") -> Block:
    """A rich_text with one section."""
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }


def fenced(text: str = "$ dig +tries=1") -> Block:
    """A rich_text with preformatted text."""
    part = {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [part]}


def task(number: int = 1, **more: Any) -> Block:
    """A task of a plan."""
    return {"task_id": f"check-{number}", "title": "CoreDNS pods are ready", "status": "complete", **more}


def plan(*tasks: Block) -> Block:
    """A plan."""
    return {"type": "plan", "title": "4 ok · 2 problems", "tasks": list(tasks)}


def table(*rows: list[str], **more: Any) -> Block:
    """A table of plain cells."""
    return {"type": "table", "rows": [[{"type": "raw_text", "text": cell} for cell in row] for row in rows], **more}


def container(*children: Block, **more: Any) -> Block:
    """A container that is closed at first."""
    head = {"type": "container", "title": plain("Per-pod results"), "is_collapsible": True, "default_collapsed": True}
    return {**head, "child_blocks": list(children), **more}


CONFIRM = {
    "title": plain("Stop?"),
    "text": plain("Posted steps stay."),
    "confirm": plain("Stop"),
    "deny": plain("Keep"),
}
MORE = {"type": "overflow", "action_id": "dns.more", "options": [option()]}
ASSIGN = {"type": "users_select", "action_id": "inc.assign", "placeholder": plain("Assign…")}
CONTEXT = {"type": "context", "elements": [mrkdwn("run `run_7f3a` · <@U0ALICE>")]}
HEADER = {"type": "header", "text": plain("DNS health · Mon 23 Nov")}
IMAGE = {"type": "image", "image_url": "https://example.com/p95.png", "alt_text": "p95 of a day"}

MESSAGES = {
    "private answer": [section(":hourglass_flowing_sand: Queued")],
    "refusal with a way out": [section("not here"), actions(button())],
    "running": [
        section("running"),
        plan(task(1, output=rich()), task(2, status="pending")),
        CONTEXT,
        actions(button(confirm=CONFIRM)),
    ],
    "done": [
        section("done", block_id="h-v9"),
        plan(*(task(number, output=rich(), details=rich()) for number in range(6))),
        actions(button(style="primary"), button(action_id="dns.rerun"), MORE),
        CONTEXT,
    ],
    "step": [section(":x: *4/6*"), fenced(), container(table(["pod", "ok"], ["coredns-abc", "13"])), CONTEXT],
    "approval": [
        section(),
        fenced("-  replicas: 2"),
        actions(button(style="danger", visible_to_user_ids=["U0BOB"])),
        CONTEXT,
    ],
    "incident": [section("<https://example.com|Open>"), actions(button(), ASSIGN), CONTEXT],
    "daily": [
        HEADER,
        table(["Cluster"], ["cluster-a"], column_settings=[{"align": "left"}]),
        CONTEXT,
        actions(button()),
    ],
    "classic": [section(":white_check_mark: ok\n:x: not"), actions(button()), CONTEXT],
    "others": [
        {"type": "divider"},
        IMAGE,
        {"type": "markdown", "text": "# Title"},
        section(fields=[mrkdwn(), plain()], accessory=MORE),
        {"type": "file", "external_id": "ABC", "source": "remote"},
        {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "action_id": "name"}},
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "positive_button": {"text": plain(), "value": "+"},
                    "negative_button": {"text": plain(), "value": "-"},
                }
            ],
        },
    ],
}


@pytest.mark.parametrize("name", MESSAGES)
def test_messages_of_every_shape_are_taken(slack: SlackServer, client: WebClient, name: str) -> None:
    """Each kind of message that the product sends is posted, edited and validated without complaint."""
    answer = client.chat_postMessage(channel=INCIDENTS, text="text", blocks=MESSAGES[name])
    client.chat_update(channel=INCIDENTS, ts=answer["ts"], text="text", blocks=MESSAGES[name])
    client.api_call("blocks.validate", json={"message": {"blocks": MESSAGES[name]}})

    message = slack.api.message(INCIDENTS, answer["ts"])
    assert [block["type"] for block in MESSAGES[name]] == [block["type"] for block in message.blocks]
    assert all(block["block_id"] for block in message.blocks)


def inputs(element: Block) -> Block:
    """An input block."""
    return {"type": "input", "label": plain(), "element": element}


def select(count: int, **more: Any) -> Block:
    """A static_select with so many options."""
    return {"type": "static_select", "action_id": "dns.next", "options": [option()] * count, **more}


REFUSED: dict[str, tuple[Block, str, str]] = {
    "unknown block": ({"type": "alarm"}, "/type", "unsupported type: alarm"),
    "no type": ({"text": plain()}, "/type", "missing required field: type"),
    "alert outside a modal": ({"type": "alert", "text": plain()}, "/type", "unsupported type: alert"),
    "unknown key": (section(colour="red"), "/colour", "invalid additional property: colour"),
    "section without text": ({"type": "section"}, "", "must define one of: text, fields"),
    "long section": (section("x" * 3001), "/text/text", "must be less than 3001 characters"),
    "empty section": (section(""), "/text/text", "must be more than 0 characters"),
    "long field": (section(fields=[mrkdwn("x" * 2001)]), "/fields/0/text", "must be less than 2001 characters"),
    "many fields": (section(fields=[mrkdwn()] * 11), "/fields", "no more than 10 items allowed"),
    "long header": ({"type": "header", "text": plain("x" * 151)}, "/text/text", "must be less than 151 characters"),
    "mrkdwn header": ({"type": "header", "text": mrkdwn()}, "/text/type", "unsupported type: mrkdwn"),
    "many context elements": (
        {"type": "context", "elements": [mrkdwn()] * 11},
        "/elements",
        "no more than 10 items allowed",
    ),
    "empty context": ({"type": "context", "elements": []}, "/elements", "no fewer than 1 items allowed"),
    "many context actions": (
        {"type": "context_actions", "elements": [{"type": "icon_button", "icon": "trash", "text": plain()}] * 6},
        "/elements",
        "no more than 5 items allowed",
    ),
    "many actions": (
        actions(*(button(action_id=f"a{number}") for number in range(26))),
        "/elements",
        "no more than 25 items allowed",
    ),
    "same action twice": (actions(button(), button()), "/elements/1/action_id", "action_id already exists: dns.stop"),
    "long button": (actions(button(text=plain("x" * 76))), "/elements/0/text/text", "must be less than 76 characters"),
    "mrkdwn button": (actions(button(text=mrkdwn())), "/elements/0/text/type", "unsupported type: mrkdwn"),
    "long value": (actions(button(value="x" * 2001)), "/elements/0/value", "must be less than 2001 characters"),
    "long url": (
        actions(button(url="https://example.com/" + "x" * 3000)),
        "/elements/0/url",
        "must be less than 3001 characters",
    ),
    "odd url": (actions(button(url="javascript:x")), "/elements/0/url", "does not match the required format"),
    "odd style": (actions(button(style="green")), "/elements/0/style", "must be a valid enum value"),
    "long action_id": (
        actions(button(action_id="x" * 256)),
        "/elements/0/action_id",
        "must be less than 256 characters",
    ),
    "long block_id": (section(block_id="x" * 256), "/block_id", "must be less than 256 characters"),
    "many viewers": (
        actions(button(visible_to_user_ids=[f"U{number}" for number in range(11)])),
        "/elements/0/visible_to_user_ids",
        "no more than 10 items allowed",
    ),
    "long label": (
        actions(button(accessibility_label="x" * 76)),
        "/elements/0/accessibility_label",
        "must be less than 76 characters",
    ),
    "long confirm title": (
        actions(button(confirm=CONFIRM | {"title": plain("x" * 101)})),
        "/elements/0/confirm/title/text",
        "must be less than 101 characters",
    ),
    "long confirm text": (
        actions(button(confirm=CONFIRM | {"text": plain("x" * 301)})),
        "/elements/0/confirm/text/text",
        "must be less than 301 characters",
    ),
    "long confirm button": (
        actions(button(confirm=CONFIRM | {"deny": plain("x" * 31)})),
        "/elements/0/confirm/deny/text",
        "must be less than 31 characters",
    ),
    "half a confirm": (
        actions(button(confirm={"title": plain()})),
        "/elements/0/confirm/text",
        "missing required field: text",
    ),
    "many overflow options": (
        actions(MORE | {"options": [option()] * 6}),
        "/elements/0/options",
        "no more than 5 items allowed",
    ),
    "long option": (
        actions(MORE | {"options": [option("x" * 76)]}),
        "/elements/0/options/0/text/text",
        "must be less than 76 characters",
    ),
    "long option value": (
        actions(MORE | {"options": [option(value="x" * 151)]}),
        "/elements/0/options/0/value",
        "must be less than 151 characters",
    ),
    "many options": (actions(select(101)), "/elements/0/options", "no more than 100 items allowed"),
    "no options": (actions(select(0)), "/elements/0/options", "no fewer than 1 items allowed"),
    "long placeholder": (
        actions(select(1, placeholder=plain("x" * 151))),
        "/elements/0/placeholder/text",
        "must be less than 151 characters",
    ),
    "multi select in actions": (
        actions({"type": "multi_users_select"}),
        "/elements/0/type",
        "unsupported type: multi_users_select",
    ),
    "typing in actions": (
        actions({"type": "plain_text_input"}),
        "/elements/0/type",
        "unsupported type: plain_text_input",
    ),
    "button as input": (inputs(button()), "/element/type", "unsupported type: button"),
    "image without address": ({"type": "image", "alt_text": "x"}, "", "must define one of: image_url, slack_file"),
    "image without words": (
        {"type": "image", "image_url": "https://example.com/a.png"},
        "/alt_text",
        "missing required field: alt_text",
    ),
    "long markdown": ({"type": "markdown", "text": "x" * 12_001}, "/text", "must be less than 12001 characters"),
    "empty rich text": ({"type": "rich_text", "elements": []}, "/elements", "no fewer than 1 items allowed"),
    "empty text in rich text": (rich(""), "/elements/0/elements/0/text", "must be more than 0 characters"),
    "unknown rich text": (
        {"type": "rich_text", "elements": [{"type": "rich_text_code"}]},
        "/elements/0/type",
        "unsupported type: rich_text_code",
    ),
    "plan without title": ({"type": "plan", "tasks": []}, "/title", "missing required field: title"),
    "many tasks": (plan(*(task(number) for number in range(51))), "/tasks", "no more than 50 items allowed"),
    "same task twice": (plan(task(1), task(1)), "/tasks/1/task_id", "task_id already exists: check-1"),
    "odd status": (plan(task(status="completed")), "/tasks/0/status", "must be a valid enum value"),
    "typed task": (plan(task(type="task_card")), "/tasks/0/type", "invalid additional property: type"),
    "plain output": (plan(task(output="2/2 ready")), "/tasks/0/output", "must provide an object"),
    "empty output": (
        plan(task(output=rich(""))),
        "/tasks/0/output/elements/0/elements/0/text",
        "must be more than 0 characters",
    ),
    "many rows": (table(*[["x"]] * 101), "/rows", "no more than 100 items allowed"),
    "no rows": (table(), "/rows", "no fewer than 1 items allowed"),
    "many columns": (table(["x"] * 21), "/rows/0", "no more than 20 items allowed"),
    "empty cell": (table(["x", ""]), "/rows/0/1/text", "must be more than 0 characters"),
    "much in cells": (table(*[["x" * 1001] * 10]), "/rows", "must be less than 10001 characters"),
    "many children": (container(*[section()] * 11), "/child_blocks", "no more than 10 items allowed"),
    "no children": (container(), "/child_blocks", "no fewer than 1 items allowed"),
    "rich text in a container": (container(rich()), "/child_blocks/0/type", "unsupported type: rich_text"),
    "container in a container": (
        container(container(section())),
        "/child_blocks/0/type",
        "unsupported type: container",
    ),
    "blocks in a container": (
        {"type": "container", "title": plain(), "blocks": [section()]},
        "/child_blocks",
        "missing required field: child_blocks",
    ),
    "long container title": (
        container(section(), title=plain("x" * 151)),
        "/title/text",
        "must be less than 151 characters",
    ),
    "divider and collapsible": (
        container(section(), has_header_divider=True),
        "/has_header_divider",
        "has_header_divider cannot be set together with is_collapsible",
    ),
    "long child": (container(section("x" * 3001)), "/child_blocks/0/text/text", "must be less than 3001 characters"),
    "list instead of text": (section(["x"]), "/text/text", "must provide a string"),  # type: ignore[arg-type]
    "null": (section(accessory=None), "/accessory", "must provide an object"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_block_beyond_its_limits_is_refused_with_its_place(client: WebClient, name: str) -> None:
    """One bad block drops the whole message, and Slack says where and why; blocks.validate says the same."""
    block, pointer, message = REFUSED[name]
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=INCIDENTS, text="text", blocks=[section(), block])
    with pytest.raises(SlackApiError) as validated:
        client.api_call("blocks.validate", json={"blocks": [section(), block]})

    answer, line = caught.value.response, f"{message} [json-pointer:/blocks/1{pointer}]"
    assert answer["error"] == "invalid_blocks"
    assert line in answer["errors"]
    assert f"[ERROR] {line}" in answer["response_metadata"]["messages"]
    errors = validated.value.response["errors"]
    assert (f"/1{pointer}", message) in [(each["pointer"], each["message"]) for each in errors]


WHOLE: dict[str, tuple[Any, str]] = {
    "51 blocks": ([section()] * 51, "msg_blocks_too_many"),
    "text in total": ([section("x" * 3000)] * 4, "msg_blocks_too_long"),
    "no list": ({"type": "section"}, "invalid_blocks_format"),
    "no JSON": ("[{", "invalid_blocks_format"),
    "two tables": ([table(["x"]), table(["y"])], "invalid_blocks"),
    "a table beside one in a container": ([table(["x"]), container(table(["y"]))], "invalid_blocks"),
    "plan beside a task": ([plan(task()), {"type": "task_card", **task(2)}], "invalid_blocks"),
    "block_id twice": ([section(block_id="a"), section(block_id="a")], "invalid_blocks"),
    "markdown in total": ([{"type": "markdown", "text": "x" * 6001}] * 2, "invalid_blocks"),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_message_beyond_its_limits_is_refused(client: WebClient, name: str) -> None:
    """Posts, edits and private answers have the same limits on a message as a whole."""
    blocks, error = WHOLE[name]
    ts = client.chat_postMessage(channel=INCIDENTS, text="text")["ts"]
    calls: list[tuple[str, Block]] = [
        ("chat.postMessage", {}),
        ("chat.update", {"ts": ts}),
        ("chat.postEphemeral", {"user": "U0ALICE"}),
    ]
    errors = []
    for method, more in calls:
        with pytest.raises(SlackApiError) as caught:
            client.api_call(method, json={"channel": INCIDENTS, "text": "text", "blocks": blocks, **more})
        errors.append(caught.value.response["error"])

    assert errors == [error] * 3


def test_what_is_just_within_the_limits_is_taken(client: WebClient) -> None:
    """The last value that each limit allows is allowed."""
    client.chat_postMessage(channel=INCIDENTS, text="x" * 40_000, blocks=[section("x" * 3000)] * 3)
    client.chat_postMessage(channel=INCIDENTS, text="text", blocks=[section("x")] * 50)
    client.chat_postMessage(channel=INCIDENTS, text="text", blocks=[plan(*(task(number) for number in range(50)))])
    client.chat_postMessage(channel=INCIDENTS, text="text", blocks=[table(*[["x"] * 20] * 100)])
    ts = client.chat_postMessage(channel=INCIDENTS, text="text", blocks=[actions(select(100), MORE)])["ts"]

    assert client.chat_update(channel=INCIDENTS, ts=ts, text="x" * 4000)["ok"]


@pytest.mark.parametrize(
    "metadata,error",
    [
        ("[]", "invalid_metadata_format"),
        ("{", "invalid_metadata_format"),
        ({"event_type": "dnsmedic_run"}, "invalid_metadata_schema"),
        ({"event_type": "", "event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "dnsmedic_run", "event_payload": "run"}, "invalid_metadata_schema"),
        ({"event_type": "dnsmedic_run", "event_payload": {}, "more": 1}, "invalid_metadata_schema"),
        ({"event_type": "dnsmedic_run", "event_payload": {"run": "x" * 8000}}, "metadata_too_large"),
    ],
    ids=["list", "no JSON", "no payload", "no type", "text", "more keys", "large"],
)
def test_metadata_has_one_form(client: WebClient, metadata: Any, error: str) -> None:
    """Metadata is an event type and an object, and not too large."""
    with pytest.raises(SlackApiError) as caught:
        client.api_call("chat.postMessage", json={"channel": INCIDENTS, "text": "text", "metadata": metadata})

    assert caught.value.response["error"] == error


def test_markdown_text_stands_alone(slack: SlackServer, client: WebClient) -> None:
    """markdown_text goes with neither text nor blocks, and ends at 12,000 characters."""
    ts = client.api_call("chat.postMessage", json={"channel": INCIDENTS, "markdown_text": "# Title"})["ts"]
    errors = []
    for more in ({"markdown_text": "x", "text": "y"}, {"markdown_text": "x" * 12_001}):
        with pytest.raises(SlackApiError) as caught:
            client.api_call("chat.postMessage", json={"channel": INCIDENTS, **more})
        errors.append(caught.value.response["error"])

    assert errors == ["markdown_text_conflict", "msg_too_long"]
    assert slack.api.message(INCIDENTS, ts).blocks[0]["text"] == "# Title"


def test_more_than_a_hundred_attachments_are_refused(client: WebClient) -> None:
    """Old-style attachments have a limit too."""
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=INCIDENTS, text="text", attachments=[{"text": "x"}] * 101)

    assert caught.value.response["error"] == "too_many_attachments"


@pytest.mark.parametrize("block", [plan(task()), container(section()), table(["x"])], ids=lambda block: block["type"])
def test_an_old_workspace_knows_no_modern_blocks(block: Block) -> None:
    """A workspace without the newer features refuses plan, container and table, and takes the classic rung."""
    with SlackServer(typical_workspace(), rate_limits=False) as slack:
        slack.admin.set_modern_blocks(known=False)
        client = WebClient(token="xoxb-test", base_url=slack.url, retry_handlers=[])
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=INCIDENTS, text="text", blocks=[block])
        client.chat_postMessage(channel=INCIDENTS, text="text", blocks=MESSAGES["classic"])

    answer = caught.value.response
    assert answer["error"] == "invalid_blocks"
    assert answer["errors"] == [f"unsupported type: {block['type']} [json-pointer:/blocks/0/type]"]


def test_validation_wants_one_thing_at_a_time_and_no_token(slack: SlackServer) -> None:
    """blocks.validate takes blocks, a message or a view from anybody."""
    nobody = WebClient(base_url=slack.url, retry_handlers=[])
    errors = []
    calls: list[Block] = [{}, {"blocks": [], "message": {}}, {"view": {"type": "modal"}}, {"message": {"blocks": [{}]}}]
    for given in calls:
        with pytest.raises(SlackApiError) as caught:
            nobody.api_call("blocks.validate", json=given)
        errors.append(caught.value.response["error"])

    assert errors == ["invalid_arguments", "invalid_arguments", "invalid_view", "invalid_message"]
    assert nobody.api_call("blocks.validate", json={"blocks": [section()]})["ok"]


# Views


def modal(**more: Any) -> Block:
    """A modal."""
    return {"type": "modal", "title": plain("Check DNS"), "blocks": [section()], **more}


def test_a_modal_within_its_limits_is_taken(slack: SlackServer, client: WebClient) -> None:
    """A modal with every kind of input, and a Home tab, are taken."""
    every: list[Block] = [
        {"type": "external_select", "action_id": "cluster", "min_query_length": 0},
        {"type": "checkboxes", "action_id": "steps", "options": [option()]},
        {"type": "radio_buttons", "action_id": "one", "options": [option()]},
        {"type": "plain_text_input", "action_id": "name", "max_length": 253},
        {"type": "conversations_select", "action_id": "where", "default_to_current_conversation": True},
        {"type": "multi_users_select", "action_id": "who"},
        {"type": "datepicker", "action_id": "day", "initial_date": "2026-11-23"},
        {"type": "number_input", "action_id": "seconds", "is_decimal_allowed": False},
    ]
    view = modal(submit=plain("Check"), blocks=[*(inputs(each) for each in every), {"type": "alert", "text": plain()}])
    trigger = slack.state.new_trigger("U0ALICE")
    opened = client.views_open(trigger_id=trigger, view=view)["view"]
    client.views_publish(user_id="U0ALICE", view={"type": "home", "blocks": [section()] * 100})

    assert slack.api.views[-1].id == opened["id"]
    home = slack.api.home("U0ALICE")
    assert home is not None
    assert len(home.payload["blocks"]) == 100


@pytest.mark.parametrize(
    "view,line",
    [
        (modal(title=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/title/text]"),
        (modal(submit=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/submit/text]"),
        (modal(close=plain("x" * 25)), "must be less than 25 characters [json-pointer:/view/close/text]"),
        (modal(private_metadata="x" * 3001), "must be less than 3001 characters [json-pointer:/view/private_metadata]"),
        (modal(blocks=[section()] * 101), "no more than 100 items allowed [json-pointer:/view/blocks]"),
        (modal(blocks=[plan(task())]), "unsupported type: plan [json-pointer:/view/blocks/0/type]"),
        (modal(blocks=[table(["x"])]), "unsupported type: table [json-pointer:/view/blocks/0/type]"),
        (
            modal(blocks=[inputs({"type": "plain_text_input"})]),
            "missing required field: submit [json-pointer:/view/submit]",
        ),
        ({"type": "modal", "blocks": []}, "missing required field: title [json-pointer:/view/title]"),
        ({"type": "home", "blocks": []}, "unsupported type: home [json-pointer:/view/type]"),
    ],
    ids=["title", "submit", "close", "private_metadata", "blocks", "plan", "table", "no submit", "no title", "home"],
)
def test_a_modal_beyond_its_limits_is_refused(slack: SlackServer, client: WebClient, view: Block, line: str) -> None:
    """views.open says where and why, and leaves the trigger unspent."""
    trigger = slack.state.new_trigger("U0ALICE")
    with pytest.raises(SlackApiError) as caught:
        client.views_open(trigger_id=trigger, view=view)
    client.views_open(trigger_id=trigger, view=modal())

    answer = caught.value.response
    assert answer["error"] == "invalid_arguments"
    assert f"[ERROR] {line}" in answer["response_metadata"]["messages"]


def test_a_view_has_a_size(slack: SlackServer, client: WebClient) -> None:
    """A view of more than 250 kB is refused as a whole."""
    view = modal(blocks=[section("ü" * 1500)] * 100)
    with pytest.raises(SlackApiError) as caught:
        client.views_open(trigger_id=slack.state.new_trigger("U0ALICE"), view=view)

    assert caught.value.response["error"] == "view_too_large"
