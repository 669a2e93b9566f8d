"""Uploading files: a ticket, the bytes, and the message that shows them."""

from __future__ import annotations

from sandbox.slack.limits.messages import POST_TEXT
from sandbox.slack.methods.contents import blocks_given
from sandbox.slack.methods.registry import Request, method
from sandbox.slack.records import File, Message
from sandbox.slack.wire import Json, Refusal, invalid_arguments

SNIPPET_BYTES = 1_000_000


@method("files.getUploadURLExternal", scopes=["files:write"], required=["filename", "length"])
def get_upload_url(request: Request) -> Json:
    """A ticket for one file of so many bytes."""
    length = request.number("length", 0)
    if length == 0:
        raise Refusal("missing_argument")
    if request.has("snippet_type") and length > SNIPPET_BYTES:
        raise Refusal("snippet_too_large")
    if len(request.text("alt_txt")) > 1000:
        raise Refusal("alt_txt_too_large")
    file = File(id=request.state.next_id("F"), name=request.text("filename"), length=length)
    with request.state.changing():
        request.state.files[file.id] = file
    return {"upload_url": f"{request.url}upload/v1/{file.id}", "file_id": file.id}


@method("files.completeUploadExternal", scopes=["files:write"], required=["files"])
def complete_upload(request: Request) -> Json:
    """Finish uploads, and show them in a channel or thread where one is named."""
    listed = request.json("files")
    if (
        not isinstance(listed, list)
        or not listed
        or not all(isinstance(each, dict) and "id" in each for each in listed)
    ):
        raise invalid_arguments("must provide an array of files with ids [json-pointer:/files]")
    files = [_uploaded(request, str(each["id"])) for each in listed]
    channel = request.text("channel_id") or request.text("channels")
    if channel:
        _may_share(request, channel)
    blocks = blocks_given(request) or []
    with request.state.changing():
        for each, file in zip(listed, files, strict=True):
            file.title = str(each.get("title") or file.name)
            file.channel, file.thread_ts, file.shared = channel, request.text("thread_ts"), bool(channel)
    if channel:
        _show(request, channel, files, blocks)
    return {"files": [{"id": file.id, "title": file.title} for file in files]}


def _uploaded(request: Request, file: str) -> File:
    found = request.state.files.get(file)
    if found is None or found.content is None:
        raise Refusal("file_not_found")
    return found


def _may_share(request: Request, channel: str) -> None:
    if channel in request.state.users or not request.state.bot_sees(channel):
        raise Refusal("channel_not_found")
    if not request.state.bot_is_in(channel):
        raise Refusal("not_in_channel")
    if request.state.channels[channel].is_archived:
        raise Refusal("posting_to_channel_denied")


def _show(request: Request, channel: str, files: list[File], blocks: list[Json]) -> None:
    app = request.state.workspace.app
    request.state.add(
        Message(
            channel=channel,
            ts=request.state.next_ts(),
            user=app.bot_user,
            bot_id=app.bot_id,
            text=request.text("initial_comment")[:POST_TEXT],
            blocks=blocks,
            thread_ts=request.text("thread_ts"),
            files=[{"id": each.id, "name": each.name, "title": each.title, "size": each.length} for each in files],
        )
    )
