"""The bad input that is words: what people type, what names look like, what Unicode can do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bot import grammar
from bot.grammar import Check, Form, Help, Listing, Standing, Stop
from contract import names
from contract.blocks.text import mrkdwn
from contract.clusters import load
from contract.refusal import Refused

FOLDER = Path(__file__).parent / "badinput"
FILES = ("slash_text", "unicode", "dns_names", "cluster_names")
ENTRIES = [
    pytest.param(json.loads(line), id=f"{name}:{number}")
    for name in FILES
    for number, line in enumerate((FOLDER / f"{name}.jsonl").read_text().splitlines(), 1)
]
WORDS = {Form: "form", Help: "help", Listing: "list", Standing: "status"}


def spelled_out(value: Any) -> str:
    """The input itself; long ones are written as something repeated."""
    if isinstance(value, str):
        return value
    return str(value["before"] + value["repeat"] * value["times"] + value["after"])


def slash(text: str) -> str:
    """What the grammar makes of a text."""
    match grammar.parse(text):
        case Check(question):
            more = [f"{key}={value}" for key, value in (("name", question.name), ("pod", question.pod)) if value]
            return " ".join(["check", question.cluster, *more])
        case Stop(run):
            return f"stop {run}"
        case other:
            return WORDS[type(other)]


def in_file(**fields: str) -> None:
    """Read a clusters file with one cluster of these fields."""
    entry = {"region": "us-east-1"} | fields
    key = entry.pop("name", "cluster-a")
    load(json.dumps({"clusters": {key: entry}}, ensure_ascii=False))


def outcome(entry: dict[str, Any]) -> str:
    """What the sink of an entry makes of its input."""
    text = spelled_out(entry["input"])
    try:
        match entry["sink"]:
            case "slash":
                return slash(text)
            case "mrkdwn":
                return mrkdwn(text, 3000)
            case "dns":
                return "refused" if names.domain_fault(text) else "name"
            case "cluster":
                in_file(name=text)
                return "name" if names.CLUSTER.fullmatch(text) else "refused"
            case "role_arn":
                in_file(role_arn=text, region=entry["region"])
                return "role"
            case "region":
                in_file(region=text)
                return "region"
    except Refused:
        return "refused"
    raise AssertionError(entry["sink"])


@pytest.mark.parametrize("entry", ENTRIES)
def test_bad_words_have_the_outcome_that_is_written_beside_them(entry: dict[str, Any]) -> None:
    """Each text of the corpus is refused, or means exactly what it says."""
    assert entry["expected"] == outcome(entry)
