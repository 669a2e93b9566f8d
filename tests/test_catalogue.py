"""Every public code has a page that a person can act on, and the pages agree with the codes and with each other."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from contract import catalogue
from contract.catalogue import CANNOT_SEE, CODES, Page
from contract.model import Severity, Status

CONTRACT = Path(catalogue.__file__).parent
EVERY_CODE = list(CODES)

PUBLISHERS = {
    "alpinelinux.org",
    "awslabs.github.io",
    "coredns.io",
    "docs.aws.amazon.com",
    "github.com",
    "kubernetes.io",
    "repost.aws",
    "wiki.musl-libc.org",
}
SHELL = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
NO_CODES = {
    "aws-node",
    "authorize-security-group-egress",
    "coredns-custom",
    "create-vpc-association-authorization",
    "dns-tcp",
    "domain-name",
    "domain-name-servers",
    "kube-dns",
    "kube-proxy",
    "kube-proxy-config",
    "kube-system",
    "managed-by",
    "node-local-dns",
    "service-ips",
    "single-request-reopen",
    "use-vc",
}


def _text(code: str) -> str:
    return (CONTRACT / "pages" / f"{code}.md").read_text("utf-8")


def _commands() -> str:
    """All shell blocks of all pages, one after the other, with a word in place of each <placeholder>."""
    blocks = [block for code in EVERY_CODE for block in SHELL.findall(_text(code))]
    return re.sub(r"<[a-zA-Z][^<>\n]*>", "placeholder", "\n".join(blocks))


def test_the_codes_are_those_of_the_contract_in_their_order() -> None:
    """The catalogue is codes.json, entry by entry, and the outcome that means: could not look."""
    listed = json.loads((CONTRACT / "codes.json").read_text("utf-8"))
    fields = ("id", "code", "layer", "title", "severity", "status")
    read = [{field: str(getattr(code, field)) for field in fields} for code in CODES.values()]

    last = CODES[CANNOT_SEE]

    assert listed == read[:-1]
    assert [*[entry["code"] for entry in listed], CANNOT_SEE] == EVERY_CODE
    assert ("", Severity.WARNING, Status.CANNOT_SEE) == (last.id, last.severity, last.status)


def test_there_is_one_page_for_each_code_and_no_other() -> None:
    """A page without a code would never be shown, and a code without a page could not be explained."""
    files = {path.name for path in (CONTRACT / "pages").iterdir()}

    assert {f"{code}.md" for code in EVERY_CODE} == files


@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_page_has_all_its_sections(code: str) -> None:
    """Title, the four sections and the source are there, with words in each."""
    read = catalogue.page(code)
    empty = [name for name in Page.__slots__ if not str(getattr(read, name)).strip()]

    assert (CODES[code].title, []) == (read.title, empty)


@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_page_rests_on_a_public_primary_source(code: str) -> None:
    """The source is an https address at a publisher we know, and the reader finds it at the end of the page."""
    address = catalogue.source_of(code)
    parts = urlsplit(address)

    assert ("https", True) == (parts.scheme, parts.hostname in PUBLISHERS)
    assert address == CODES[code].source
    assert f"<{address}>" in catalogue.page(code).source


@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_page_can_be_read_at_night(code: str) -> None:
    """A page says enough to act on, and no more than 450 words."""
    words = len(_text(code).split())

    assert 150 <= words <= 450


@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_page_names_only_codes_that_exist(code: str) -> None:
    """Each word in code font that looks like a code is one, or is a known name of something else."""
    prose = FENCED.sub("", _text(code))
    named = set(re.findall(r"`([a-z0-9]+(?:-[a-z0-9]+)+)`", prose))

    assert set() == named - set(EVERY_CODE) - NO_CODES


@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_page_tells_its_fault_from_others(code: str) -> None:
    """The section on look-alikes names at least one other code, and not the fault itself."""
    named = set(re.findall(r"`([a-z0-9-]+)`", catalogue.page(code).told_apart)) & set(EVERY_CODE)

    assert (True, False) == (bool(named - {code}), code in named)


@pytest.mark.parametrize("code", EVERY_CODE)
def test_a_page_says_codes_not_numbers(code: str) -> None:
    """People know a fault by its code; its number is only for sorting."""
    numbers = re.findall(r"\b(?:F|S)\d\d\b", _text(code))

    assert [] == numbers


def test_every_command_is_valid_shell() -> None:
    """What somebody pastes at night at least parses."""
    script = _commands()
    done = subprocess.run(["sh", "-n"], input=script, capture_output=True, text=True, check=False)

    assert ("", True) == (done.stderr, script.count("\n") > 200)


def test_every_patch_and_value_is_valid_json() -> None:
    """Each JSON argument of kubectl patch and aws eks update-addon parses."""
    script = _commands()
    values = re.findall(r"(?:-p[= ]|--configuration-values )'([^']*)'", script)

    assert len(values) == len([json.loads(value) for value in values])
    assert len(values) > 15


def test_every_manifest_is_a_kubernetes_object() -> None:
    """Each manifest in a page is YAML with a kind, a name and a namespace."""
    manifests = re.findall(r"<<'END'\n(.*?)\nEND\n", _commands(), re.DOTALL)
    read = [yaml.safe_load(manifest) for manifest in manifests]

    assert {"Service", "NetworkPolicy"} == {manifest["kind"] for manifest in read}
    assert [{"name", "namespace"}] * len(read) == [{"name", "namespace"} & set(item["metadata"]) for item in read]


@pytest.mark.parametrize("code", ["", "F01", "no-such-code", "../codes", "cannot-see.md", "COREDNS-PENDING"])
def test_an_unknown_code_has_no_page(code: str) -> None:
    """Only public codes lead to a file; everything else is a KeyError."""
    with pytest.raises(KeyError):
        catalogue.page(code)
    with pytest.raises(KeyError):
        catalogue.source_of(code)

    assert code not in CODES


def test_a_page_of_another_form_is_refused() -> None:
    """A page that lost its source or a section is an error that names the form, never half a page."""
    whole = _text("coredns-pending")
    broken = [
        whole.replace("source: https://", "source: http://", 1),
        whole.replace("## What to do", "## Fix", 1),
        whole.partition("## Source")[0],
        "",
    ]

    for text in broken:
        with pytest.raises(ValueError, match="five sections"):
            catalogue.parse(text)
    assert catalogue.page("coredns-pending") == catalogue.parse(whole)[1]
