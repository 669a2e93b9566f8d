"""The rules of single blocks, as Slack has them: each yields the name of Slack's error and what is wrong where."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from contract.blocks.text import size

Faults = Iterator[tuple[str, str]]


def texts(value: object) -> Iterator[str]:
    """Every text that is shown."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in ("text", "title") and isinstance(inner, str):
                yield inner
            else:
                yield from texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts(inner)


def _bad(path: str, why: str) -> tuple[str, str]:
    return "invalid_blocks", f"{path}: {why}"


def block_faults(block: Mapping[str, Any], path: str) -> Faults:
    """What is wrong with one block at a path like /blocks/0."""
    rule = _RULES.get(str(block.get("type")))
    if rule is None:
        yield _bad(path, f"unsupported type {block.get('type')!r}")
        return
    if size(str(block.get("block_id", ""))) > 255:
        yield _bad(f"{path}/block_id", "is too long")
    yield from rule(block, path)


def words_faults(value: object, path: str, most: int, kinds: tuple[str, ...] = ("plain_text",)) -> Faults:
    """What is wrong with a text object."""
    if not isinstance(value, Mapping) or value.get("type") not in kinds:
        yield _bad(path, f"is no {' or '.join(kinds)}")
    elif not 1 <= size(str(value.get("text", ""))) <= most:
        yield _bad(path, f"has {size(str(value.get('text', '')))} characters, 1 to {most} are allowed")


def _section(block: Mapping[str, Any], path: str) -> Faults:
    fields = block.get("fields", ())
    if "text" not in block and not fields:
        yield _bad(path, "needs text or fields")
    if "text" in block:
        yield from words_faults(block["text"], f"{path}/text", 3_000, ("mrkdwn", "plain_text"))
    if len(fields) > 10:
        yield _bad(f"{path}/fields", "are more than 10")
    for number, field in enumerate(fields):
        yield from words_faults(field, f"{path}/fields/{number}", 2_000, ("mrkdwn", "plain_text"))


def _header(block: Mapping[str, Any], path: str) -> Faults:
    yield from words_faults(block.get("text"), f"{path}/text", 150)


def _context(block: Mapping[str, Any], path: str) -> Faults:
    elements = block.get("elements", ())
    if not 1 <= len(elements) <= 10:
        yield _bad(f"{path}/elements", f"are {len(elements)}, 1 to 10 are allowed")
    for number, element in enumerate(elements):
        yield from words_faults(element, f"{path}/elements/{number}", 3_000, ("mrkdwn", "plain_text"))


def _actions(block: Mapping[str, Any], path: str) -> Faults:
    elements = block.get("elements", ())
    if not 1 <= len(elements) <= 25:
        yield _bad(f"{path}/elements", f"are {len(elements)}, 1 to 25 are allowed")
    for number, element in enumerate(elements):
        yield from _element(element, f"{path}/elements/{number}")


def _element(element: Mapping[str, Any], path: str) -> Faults:
    if size(str(element.get("action_id", ""))) > 255:
        yield _bad(f"{path}/action_id", "is too long")
    if element.get("type") == "button":
        yield from words_faults(element.get("text"), f"{path}/text", 75)
        if size(str(element.get("value", ""))) > 2_000:
            yield _bad(f"{path}/value", "is too long")
        if element.get("style", "primary") not in ("primary", "danger"):
            yield _bad(f"{path}/style", "is neither primary nor danger")
    if "placeholder" in element:
        yield from words_faults(element["placeholder"], f"{path}/placeholder", 150)
    yield from _options(element, path)
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{path}/confirm")


def _confirm(confirm: Mapping[str, Any], path: str) -> Faults:
    for key, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        kinds = ("plain_text", "mrkdwn") if key == "text" else ("plain_text",)
        yield from words_faults(confirm.get(key), f"{path}/{key}", most, kinds)


def _options(element: Mapping[str, Any], path: str) -> Faults:
    options = element.get("options", ())
    if len(options) > (5 if element.get("type") == "overflow" else 100):
        yield _bad(f"{path}/options", f"are {len(options)}")
    for number, option in enumerate(options):
        yield from words_faults(option.get("text"), f"{path}/options/{number}/text", 75)
        if size(str(option.get("value", ""))) > 150:
            yield _bad(f"{path}/options/{number}/value", "is too long")


def _input(block: Mapping[str, Any], path: str) -> Faults:
    yield from words_faults(block.get("label"), f"{path}/label", 2_000)
    if "hint" in block:
        yield from words_faults(block["hint"], f"{path}/hint", 2_000)
    yield from _element(block.get("element", {}), f"{path}/element")


def _rich_text(block: Mapping[str, Any], path: str) -> Faults:
    if not block.get("elements"):
        yield _bad(f"{path}/elements", "are none")
    if any(not text for text in texts(block)):
        yield _bad(path, "has an empty text")


def _plan(block: Mapping[str, Any], path: str) -> Faults:
    tasks = block.get("tasks", ())
    if not block.get("title") or not 1 <= len(tasks) <= 50:
        yield _bad(f"{path}/tasks", f"are {len(tasks)}, 1 to 50 are allowed, with a title")
    ids = [task.get("task_id") for task in tasks]
    if len(ids) != len(set(ids)) or not all(ids):
        yield _bad(f"{path}/tasks", "have a task_id twice or none")
    for number, task in enumerate(tasks):
        if task.get("status") not in ("pending", "in_progress", "complete", "error"):
            yield _bad(f"{path}/tasks/{number}/status", f"is {task.get('status')!r}")
        if not task.get("title"):
            yield _bad(f"{path}/tasks/{number}/title", "is empty")
        for key in ("details", "output"):
            if key in task:
                yield from _rich_text(task[key], f"{path}/tasks/{number}/{key}")
                if sum(size(text) for text in texts(task[key])) > 230:
                    yield _bad(f"{path}/tasks/{number}/{key}", "is too long")


def _container(block: Mapping[str, Any], path: str) -> Faults:
    yield from words_faults(block.get("title"), f"{path}/title", 150)
    children = block.get("child_blocks", ())
    if not 1 <= len(children) <= 10:
        yield _bad(f"{path}/child_blocks", f"are {len(children)}, 1 to 10 are allowed")
    for number, child in enumerate(children):
        if child.get("type") not in ("actions", "context", "divider", "header", "image", "section", "table", "video"):
            yield _bad(f"{path}/child_blocks/{number}", f"unsupported type {child.get('type')!r}")
        yield from block_faults(child, f"{path}/child_blocks/{number}")


def _table(block: Mapping[str, Any], path: str) -> Faults:
    rows = block.get("rows", ())
    if not 1 <= len(rows) <= 100 or any(not 1 <= len(row) <= 20 for row in rows):
        yield _bad(f"{path}/rows", "are not 1 to 100 of 1 to 20 cells")
    if any(not cell.get("text") for row in rows for cell in row if cell.get("type") == "raw_text"):
        yield _bad(f"{path}/rows", "have an empty cell")


def _divider(block: Mapping[str, Any], path: str) -> Faults:
    if set(block) - {"type", "block_id"}:
        yield _bad(path, "has more than a type")


_RULES: Mapping[str, Callable[[Mapping[str, Any], str], Faults]] = {
    "actions": _actions,
    "container": _container,
    "context": _context,
    "divider": _divider,
    "header": _header,
    "input": _input,
    "plan": _plan,
    "rich_text": _rich_text,
    "section": _section,
    "table": _table,
}
