"""The Web API of the pretend Slack, called by Slack's own client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from sandbox.slack import (
    ALL,
    Dropped,
    Html,
    Impossible,
    LostReply,
    ManualClock,
    Posting,
    Refuse,
    SlackServer,
    Slow,
    Status,
    TokenState,
    TooMany,
    typical_workspace,
)

INCIDENTS = "C0INCIDENTS"


@pytest.fixture
def clock() -> ManualClock:
    """A time that only the test moves."""
    return ManualClock()


@pytest.fixture
def slack(clock: ManualClock) -> Iterator[SlackServer]:
    """A pretend Slack without limits on rates."""
    with SlackServer(typical_workspace(), clock=clock, rate_limits=False) as server:
        yield server


@pytest.fixture
def client(slack: SlackServer) -> WebClient:
    """Slack's client, which sends nothing twice."""
    return _client(slack)


def _client(slack: SlackServer, token: str = "xoxb-test", timeout: int = 10) -> WebClient:
    return WebClient(token=token, base_url=slack.url, retry_handlers=[], timeout=timeout)


def _error(client: WebClient, method: str, **arguments: Any) -> str:
    """The error with which Slack refuses a call."""
    with pytest.raises(SlackApiError) as caught:
        client.api_call(method, json=arguments)
    return str(caught.value.response["error"])


def _section(text: str = "hello") -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


# Signing in


@pytest.mark.parametrize(
    "token,error",
    [
        ("", "not_authed"),
        ("xoxb-unknown", "invalid_auth"),
        ("xoxb-revoked", "token_revoked"),
        ("xapp-test", "not_allowed_token_type"),
    ],
)
def test_a_bad_token_is_refused(slack: SlackServer, token: str, error: str) -> None:
    """A missing, unknown, revoked or app-level token opens nothing."""
    assert error == _error(_client(slack, token), "auth.test")


def test_auth_test_says_who_and_with_which_scopes(client: WebClient) -> None:
    """The answer names the bot, and its header the scopes of the token."""
    answer = client.auth_test()

    assert ("U0DNSMEDIC", "T0EXAMPLE") == (answer["user_id"], answer["team_id"])
    assert "chat:write" in answer.headers["X-OAuth-Scopes"].split(",")


def test_a_missing_scope_says_what_is_needed_and_what_is_there(slack: SlackServer, client: WebClient) -> None:
    """Slack names the scope that would help."""
    slack.admin.set_scopes("xoxb-test", ["users:read"])
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=INCIDENTS, text="hello")

    answer = caught.value.response
    assert ("missing_scope", "chat:write", "users:read") == (answer["error"], answer["needed"], answer["provided"])


def test_a_token_that_is_revoked_stops_working(slack: SlackServer, client: WebClient) -> None:
    """What worked before is refused once the token is not good any more."""
    client.auth_test()
    slack.admin.set_token_state("xoxb-test", TokenState.INACTIVE)

    assert _error(client, "auth.test") == "account_inactive"


def test_an_unknown_method_is_refused(client: WebClient) -> None:
    """A method that is not there is not a success."""
    assert _error(client, "chat.sing") == "unknown_method"


def test_the_log_has_every_call_and_no_token(slack: SlackServer, client: WebClient) -> None:
    """Calls are kept with their arguments and outcome; the token is kept nowhere."""
    client.chat_postMessage(channel=INCIDENTS, text="one")
    _error(client, "chat.postMessage", channel="C0NOWHERE", text="two", token="xoxb-test")

    calls = slack.api.calls("chat.postMessage")
    assert [(INCIDENTS, ""), ("C0NOWHERE", "channel_not_found")] == [(c.args["channel"], c.error) for c in calls]
    assert "xoxb" not in repr(calls)


# Posting


def test_every_post_has_a_later_ts(client: WebClient) -> None:
    """Even while time stands still, ts only grows."""
    stamps = [client.chat_postMessage(channel=INCIDENTS, text="hello")["ts"] for _ in range(5)]

    assert sorted(set(stamps)) == stamps


@pytest.mark.parametrize(
    "channel,error",
    [
        ("C0NOWHERE", "channel_not_found"),
        ("G0SECRET", "channel_not_found"),
        ("C0RANDOM", "not_in_channel"),
        ("C0OLD", "is_archived"),
        ("C0NEWS", "restricted_action_read_only_channel"),
    ],
)
def test_a_channel_that_cannot_be_posted_to_says_why(client: WebClient, channel: str, error: str) -> None:
    """Unknown, private, foreign, archived and read-only channels each have their own error."""
    assert error == _error(client, "chat.postMessage", channel=channel, text="hello")


def test_a_public_channel_takes_posts_of_strangers_with_the_scope_for_it(slack: SlackServer, client: WebClient) -> None:
    """chat:write.public makes the membership unnecessary."""
    slack.admin.set_scopes("xoxb-test", ["chat:write", "chat:write.public"])
    client.chat_postMessage(channel="#random", text="hello")

    assert ["hello"] == [message.text for message in slack.api.posts("C0RANDOM")]


def test_a_post_to_a_person_is_a_direct_message(slack: SlackServer, client: WebClient) -> None:
    """A person's id is a channel for posts."""
    answer = client.chat_postMessage(channel="U0ALICE", text="psst")

    assert answer["channel"].startswith("D")
    assert ["psst"] == [message.text for message in slack.api.direct("U0ALICE")]


def test_channel_settings_say_what_may_be_posted(slack: SlackServer, client: WebClient) -> None:
    """Thread-only, non-threadable and restricted channels and locked threads refuse what they do not take."""
    ts = client.chat_postMessage(channel=INCIDENTS, text="parent")["ts"]
    errors = []
    for posting, thread in ((Posting.THREAD_ONLY, None), (Posting.NON_THREADABLE, ts), (Posting.RESTRICTED, None)):
        slack.admin.restrict(INCIDENTS, posting)
        arguments = {"thread_ts": thread} if thread else {}
        errors.append(_error(client, "chat.postMessage", channel=INCIDENTS, text="hello", **arguments))
    slack.admin.restrict(INCIDENTS, Posting.OPEN)
    slack.admin.lock_thread(INCIDENTS, ts)
    errors.append(_error(client, "chat.postMessage", channel=INCIDENTS, text="hello", thread_ts=ts))

    assert errors == [
        "restricted_action_thread_only_channel",
        "restricted_action_non_threadable_channel",
        "restricted_action",
        "restricted_action_thread_locked",
    ]


def test_a_message_needs_something_to_say(client: WebClient) -> None:
    """Neither text nor blocks is an error; so are arguments that are missing."""
    assert _error(client, "chat.postMessage", channel=INCIDENTS) == "no_text"
    assert _error(client, "chat.postMessage", text="hello") == "invalid_arguments"
    assert _error(client, "chat.postMessage", channel=INCIDENTS, blocks=[]) == "no_text"


def test_replies_stay_out_of_the_channel_unless_broadcast(slack: SlackServer, client: WebClient) -> None:
    """Threads hold replies in order; a broadcast one stands in the channel as well."""
    ts = client.chat_postMessage(channel=INCIDENTS, text="parent")["ts"]
    first = client.chat_postMessage(channel=INCIDENTS, text="first", thread_ts=ts)["ts"]
    client.chat_postMessage(channel=INCIDENTS, text="second", thread_ts=first, reply_broadcast=True)

    assert ["parent", "first", "second"] == [message.text for message in slack.api.thread(INCIDENTS, ts)]
    assert ["parent", "second"] == [message.text for message in slack.api.posts(INCIDENTS)]
    assert _error(client, "chat.postMessage", channel=INCIDENTS, text="x", thread_ts="1.000001") == (
        "cannot_reply_to_message"
    )


def test_form_and_json_bodies_mean_the_same(slack: SlackServer, client: WebClient) -> None:
    """Blocks may come as JSON or as a form's text that holds JSON."""
    client.api_call("chat.postMessage", json={"channel": INCIDENTS, "blocks": [_section("json")]})
    form = '[{"type":"section","text":{"type":"mrkdwn","text":"form"}}]'
    client.api_call("chat.postMessage", data={"channel": INCIDENTS, "blocks": form})

    assert ["json", "form"] == [message.blocks[0]["text"]["text"] for message in slack.api.posts(INCIDENTS)]


def test_a_long_text_is_cut_with_a_warning(slack: SlackServer, client: WebClient) -> None:
    """Text beyond 40,000 characters is cut in a post, as Slack does."""
    answer = client.chat_postMessage(channel=INCIDENTS, text="x" * 40_001)

    assert answer["warning"] == "message_truncated"
    assert 40_000 == len(slack.api.posts(INCIDENTS)[0].text)


# Editing and deleting


def test_an_edit_replaces_the_contents_and_keeps_the_former_ones(slack: SlackServer, client: WebClient) -> None:
    """What a message said before stays known; metadata stays until it is taken away."""
    metadata = {"event_type": "dnsmedic_run", "event_payload": {"run": "run_7f3a"}}
    ts = client.chat_postMessage(channel=INCIDENTS, text="one", blocks=[_section("one")], metadata=metadata)["ts"]
    client.chat_update(channel=INCIDENTS, ts=ts, text="two", blocks=[_section("two")])
    kept = slack.api.message(INCIDENTS, ts).metadata
    client.chat_update(channel=INCIDENTS, ts=ts, text="three", metadata={})

    message = slack.api.message(INCIDENTS, ts)
    assert ("three", [], {}) == (message.text, message.blocks, message.metadata)
    assert ["one", "two"] == [edit.text for edit in message.edits]
    assert kept == metadata


def test_an_edit_is_refused_where_slack_refuses_it(slack: SlackServer, client: WebClient, clock: ManualClock) -> None:
    """Unknown messages, other people's, archived channels, long texts and late edits each have their own error."""
    ts = client.chat_postMessage(channel=INCIDENTS, text="mine")["ts"]
    theirs = slack.say("U0ALICE", INCIDENTS, "theirs").ts
    edit = {"channel": INCIDENTS, "ts": ts}
    errors = [
        _error(client, "chat.update", channel=INCIDENTS, ts="1.000001", text="x"),
        _error(client, "chat.update", channel=INCIDENTS, ts=theirs, text="x"),
        _error(client, "chat.update", **edit, text="x" * 4001),
        _error(client, "chat.update", **edit),
    ]
    slack.admin.set_edit_window(60)
    client.chat_update(channel=INCIDENTS, ts=ts, text="in time")
    clock.advance(61)
    errors.append(_error(client, "chat.update", **edit, text="late"))
    slack.admin.archive(INCIDENTS)
    errors.append(_error(client, "chat.update", **edit, text="archived"))

    assert errors == [
        "message_not_found",
        "cant_update_message",
        "msg_too_long",
        "no_text",
        "edit_window_closed",
        "is_inactive",
    ]


def test_only_own_messages_can_be_deleted(slack: SlackServer, client: WebClient) -> None:
    """The app deletes what it posted, and nothing else; a deleted message cannot be edited."""
    ts = client.chat_postMessage(channel=INCIDENTS, text="mine")["ts"]
    theirs = slack.say("U0ALICE", INCIDENTS, "theirs")
    client.chat_delete(channel=INCIDENTS, ts=ts)

    assert [theirs] == slack.api.posts(INCIDENTS)
    assert _error(client, "chat.delete", channel=INCIDENTS, ts=theirs.ts) == "cant_delete_message"
    assert _error(client, "chat.update", channel=INCIDENTS, ts=ts, text="x") == "message_not_found"


def test_a_private_answer_reaches_members_only(slack: SlackServer, client: WebClient) -> None:
    """Ephemerals are for one member, and are no messages that could be edited."""
    client.chat_postEphemeral(channel=INCIDENTS, user="U0ALICE", text="psst")

    [private] = slack.api.ephemerals("U0ALICE")
    assert ("psst", []) == (private.text, slack.api.posts(INCIDENTS))
    assert _error(client, "chat.update", channel=INCIDENTS, ts=private.ts, text="x") == "message_not_found"
    assert _error(client, "chat.postEphemeral", channel="G0SRE", user="U0CAROL", text="x") == "user_not_in_channel"
    assert _error(client, "chat.postEphemeral", channel="C0RANDOM", user="U0ALICE", text="x") == "not_in_channel"


def test_a_permalink_names_channel_message_and_thread(client: WebClient) -> None:
    """The address of a reply says which thread it is in."""
    ts = client.chat_postMessage(channel=INCIDENTS, text="parent")["ts"]
    reply = client.chat_postMessage(channel=INCIDENTS, text="reply", thread_ts=ts)["ts"]
    link = client.chat_getPermalink(channel=INCIDENTS, message_ts=reply)["permalink"]

    expected = (
        f"https://example.slack.com/archives/{INCIDENTS}/p{reply.replace('.', '')}?thread_ts={ts}&cid={INCIDENTS}"
    )
    assert link == expected


# Reading


def test_metadata_is_read_back_where_asked_for(client: WebClient) -> None:
    """History and replies hold metadata with include_all_metadata, and not without."""
    metadata = {"event_type": "dnsmedic_run", "event_payload": {"run": "run_7f3a", "seq": 1}}
    ts = client.chat_postMessage(channel=INCIDENTS, text="parent")["ts"]
    client.chat_postMessage(channel=INCIDENTS, text="reply", thread_ts=ts, metadata=metadata)
    replies = client.conversations_replies(channel=INCIDENTS, ts=ts, include_all_metadata=True)["messages"]
    plain = client.conversations_replies(channel=INCIDENTS, ts=ts)["messages"]

    assert [None, metadata] == [message.get("metadata") for message in replies]
    assert [None, None] == [message.get("metadata") for message in plain]
    assert replies[0]["reply_count"] == 1


def test_history_comes_newest_first_and_in_pages(client: WebClient) -> None:
    """A cursor leads through all of a channel's messages, once each."""
    stamps = [client.chat_postMessage(channel=INCIDENTS, text=str(number))["ts"] for number in range(5)]
    pages = client.conversations_history(channel=INCIDENTS, limit=2)
    texts = [message["text"] for page in pages for message in page["messages"]]
    after = client.conversations_history(channel=INCIDENTS, oldest=stamps[2])["messages"]

    assert texts == ["4", "3", "2", "1", "0"]
    assert ["4", "3"] == [message["text"] for message in after]
    assert _error(client, "conversations.history", channel=INCIDENTS, cursor="nonsense") == "invalid_cursor"


def test_history_needs_its_scope() -> None:
    """Without the optional scopes nothing can be looked up."""
    with SlackServer(typical_workspace(history=False)) as slack:
        client = _client(slack)

        assert _error(client, "conversations.history", channel=INCIDENTS) == "missing_scope"
        assert _error(client, "conversations.replies", channel=INCIDENTS, ts="1.0") == "missing_scope"
        assert _error(client, "conversations.open", users="U0ALICE") == "missing_scope"


def test_people_channels_and_groups_can_be_looked_up(slack: SlackServer, client: WebClient) -> None:
    """The app sees the people, the groups, and the channels that are not hidden from it."""
    channels = client.conversations_list(types="public_channel,private_channel", exclude_archived=True)["channels"]
    slack.admin.deactivate("U0CAROL")

    assert "G0SRE" in [channel["id"] for channel in channels]
    assert not {"G0SECRET", "C0OLD"} & {channel["id"] for channel in channels}
    assert client.users_info(user="U0GUEST")["user"]["is_restricted"]
    assert client.conversations_info(channel="C0RANDOM")["channel"]["is_member"] is False
    assert "U0ALICE" in client.conversations_members(channel=INCIDENTS)["members"]
    assert client.usergroups_users_list(usergroup="S0APPROVERS")["users"] == ["U0BOB"]
    assert _error(client, "users.info", user="U0NOBODY") == "user_not_found"
    assert _error(client, "usergroups.users.list", usergroup="S0NONE") == "no_such_subteam"
    assert _error(client, "conversations.info", channel="G0SECRET") == "channel_not_found"


def test_marks_are_put_once(slack: SlackServer, client: WebClient) -> None:
    """A reaction or a pin that is there already is refused, as is one that is not."""
    ts = client.chat_postMessage(channel=INCIDENTS, text="hello")["ts"]
    mark = {"channel": INCIDENTS, "timestamp": ts}
    client.reactions_add(name="eyes", **mark)
    client.pins_add(**mark)
    again = [_error(client, "reactions.add", name="eyes", **mark), _error(client, "pins.add", **mark)]
    reacted = slack.api.message(INCIDENTS, ts).reactions
    shown = {"eyes": list(reacted["eyes"])}
    client.reactions_remove(name="eyes", **mark)

    assert again == ["already_reacted", "already_pinned"]
    assert shown == {"eyes": ["U0DNSMEDIC"]}
    assert _error(client, "reactions.remove", name="eyes", **mark) == "no_reaction"
    assert _error(client, "reactions.add", name="not a name", **mark) == "invalid_name"


# Files


def test_a_file_is_uploaded_and_shown_in_a_thread(slack: SlackServer, client: WebClient) -> None:
    """The three steps of an upload end in a message with the file."""
    ts = client.chat_postMessage(channel=INCIDENTS, text="parent")["ts"]
    client.files_upload_v2(
        channel=INCIDENTS, thread_ts=ts, filename="run_7f3a.json", content="{}", initial_comment="evidence"
    )

    [reply] = slack.api.replies(INCIDENTS, ts)
    [file] = slack.api.files
    assert ("evidence", "run_7f3a.json", b"{}") == (reply.text, reply.files[0]["name"], file.content)


def test_a_file_needs_its_bytes_and_a_channel_with_the_bot(client: WebClient) -> None:
    """A ticket without bytes, a channel without the bot and an empty file are refused."""
    ticket = client.files_getUploadURLExternal(filename="a.txt", length=2)
    files = [{"id": ticket["file_id"]}]

    assert _error(client, "files.completeUploadExternal", files=files) == "file_not_found"
    assert _error(client, "files.getUploadURLExternal", filename="a.txt", length=0) == "missing_argument"
    with pytest.raises(SlackApiError) as caught:
        client.files_upload_v2(channel="C0RANDOM", filename="a.txt", content="hi")
    assert caught.value.response["error"] == "not_in_channel"


# Rates and faults


def test_posts_to_one_channel_are_limited(clock: ManualClock) -> None:
    """After a short burst one post a second is taken; other channels have an allowance of their own."""
    with SlackServer(typical_workspace(), clock=clock) as slack:
        client = _client(slack)
        for _ in range(5):
            client.chat_postMessage(channel=INCIDENTS, text="hello")
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=INCIDENTS, text="one too many")
        client.chat_postMessage(channel="C0HEALTH", text="elsewhere")
        clock.advance(1)
        client.chat_postMessage(channel=INCIDENTS, text="a second later")

    answer = caught.value.response
    assert (429, "1", "ratelimited") == (answer.status_code, answer.headers["Retry-After"], answer["error"])
    assert 6 == len(slack.api.posts(INCIDENTS))


def test_each_tier_has_its_allowance_a_minute(clock: ManualClock) -> None:
    """The 51st edit within a minute is refused until the first is a minute old."""
    with SlackServer(typical_workspace(), clock=clock) as slack:
        client = _client(slack)
        ts = client.chat_postMessage(channel=INCIDENTS, text="hello")["ts"]
        for _ in range(50):
            client.chat_update(channel=INCIDENTS, ts=ts, text="edited")
        clock.advance(20)
        with pytest.raises(SlackApiError) as caught:
            client.chat_update(channel=INCIDENTS, ts=ts, text="one too many")
        clock.advance(40)
        client.chat_update(channel=INCIDENTS, ts=ts, text="in time")

    assert caught.value.response.headers["Retry-After"] == "40"
    assert slack.api.message(INCIDENTS, ts).text == "in time"


def test_a_lost_reply_leaves_the_message(slack: SlackServer, client: WebClient) -> None:
    """The connection is reset after the post was taken, here on every second call."""
    slack.faults.set("chat.postMessage", LostReply(), every=2)
    client.chat_postMessage(channel=INCIDENTS, text="one")
    with pytest.raises(ConnectionResetError):
        client.chat_postMessage(channel=INCIDENTS, text="two")
    client.chat_postMessage(channel=INCIDENTS, text="three")

    assert ["one", "two", "three"] == [message.text for message in slack.api.posts(INCIDENTS)]


def test_a_dropped_call_leaves_nothing(slack: SlackServer, client: WebClient) -> None:
    """The connection is reset before anything was done, once."""
    slack.faults.set(ALL, Dropped(), times=1)
    with pytest.raises(ConnectionResetError):
        client.chat_postMessage(channel=INCIDENTS, text="one")
    client.chat_postMessage(channel=INCIDENTS, text="two")

    assert ["two"] == [message.text for message in slack.api.posts(INCIDENTS)]
    assert ["dropped", ""] == [call.error for call in slack.api.calls()]


def test_every_fault_shows_as_slack_would_show_it(slack: SlackServer, client: WebClient) -> None:
    """Bare statuses, 429, pages instead of JSON and refusals reach the caller, and nothing is done."""
    seen = []
    for fault in (Status(500), TooMany(7), Html(), Refuse("ratelimited"), Refuse("not_in_channel")):
        slack.faults.set("chat.postMessage", fault, times=1)
        with pytest.raises(SlackApiError) as caught:
            client.chat_postMessage(channel=INCIDENTS, text="hello")
        answer = caught.value.response
        seen.append((answer.status_code, answer.headers.get("Retry-After"), answer.get("error")))

    assert [(500, None), (429, "7"), (200, None), (200, None), (200, None)] == [each[:2] for each in seen]
    assert ["ratelimited", "ratelimited", "not_in_channel"] == [seen[number][2] for number in (1, 3, 4)]
    assert slack.api.posts(INCIDENTS) == []


def test_a_slow_call_is_done_though_the_caller_gave_up(slack: SlackServer) -> None:
    """A caller that waits a second does not see the answer that comes after two; the post is there all the same."""
    slack.faults.set("chat.postMessage", Slow(1.5), when=lambda args: args["text"] == "slow")
    client = _client(slack, timeout=1)
    client.chat_postMessage(channel=INCIDENTS, text="quick")
    with pytest.raises(TimeoutError):
        client.chat_postMessage(channel=INCIDENTS, text="slow")

    found = slack.api.wait_for(lambda: [each.text for each in slack.api.posts(INCIDENTS) if each.text == "slow"])
    assert found == ["slow"]


def test_faults_can_be_switched_off(slack: SlackServer, client: WebClient) -> None:
    """After `clear` the method works again."""
    slack.faults.set("chat.update", Refuse("edit_window_closed"))
    ts = client.chat_postMessage(channel=INCIDENTS, text="one")["ts"]
    error = _error(client, "chat.update", channel=INCIDENTS, ts=ts, text="two")
    slack.faults.clear("chat.update")
    client.chat_update(channel=INCIDENTS, ts=ts, text="three")

    assert ("edit_window_closed", "three") == (error, slack.api.posts(INCIDENTS)[0].text)


# Answers to interactions


def test_a_response_url_is_good_five_times(slack: SlackServer) -> None:
    """The sixth answer is refused, and each of the others is a private one to who asked."""
    key = slack.state.new_response_url(INCIDENTS, "U0ALICE")
    webhook = WebhookClient(f"{slack.url.removesuffix('api/')}respond/{key}")
    statuses = [webhook.send(text=f"answer {number}").status_code for number in range(6)]

    assert statuses == [200] * 5 + [404]
    assert 5 == len(slack.api.ephemerals("U0ALICE"))


def test_a_response_url_is_good_for_half_an_hour(slack: SlackServer, clock: ManualClock) -> None:
    """After 30 minutes nothing is taken any more."""
    key = slack.state.new_response_url(INCIDENTS, "U0ALICE")
    webhook = WebhookClient(f"{slack.url.removesuffix('api/')}respond/{key}")
    webhook.send(text="in time", response_type="in_channel")
    clock.advance(1801)
    late = webhook.send(text="late")

    assert (404, "expired_url") == (late.status_code, late.body)
    assert ["in time"] == [message.text for message in slack.api.posts(INCIDENTS)]


def test_the_bench_lets_people_do_only_what_slack_lets_them(slack: SlackServer) -> None:
    """Outsiders, those who left, unknown commands and commands in threads are refused."""
    for user, channel, command, thread in (
        ("U0CAROL", "G0SRE", "/dns-check", ""),
        ("U0LEFT", INCIDENTS, "/dns-check", ""),
        ("U0ALICE", INCIDENTS, "/unknown", ""),
        ("U0ALICE", INCIDENTS, "/dns-check", "1.000001"),
    ):
        with pytest.raises(Impossible):
            slack.command(user, channel, command, thread_ts=thread)


def test_the_bench_talks_to_loopback_only(slack: SlackServer) -> None:
    """A request URL elsewhere is refused."""
    with pytest.raises(ValueError, match="loopback"):
        slack.deliver_to("http://example.com/slack/events")


def test_a_workspace_is_plain_data() -> None:
    """A test changes a workspace by replacing parts of it."""
    workspace = replace(typical_workspace(), domain="elsewhere")
    with SlackServer(workspace) as slack:
        assert _client(slack).auth_test()["url"] == "https://elsewhere.slack.com/"
