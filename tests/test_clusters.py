"""The clusters file: read whole, or refused with every mistake and its line."""

from __future__ import annotations

import contextlib
from datetime import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.clusters import ClusterEntry, ClustersFile, Schedule, load
from contract.clusters import file as clusters_file
from contract.refusal import Refused

WHOLE = """\
clusters:
  cluster-a:
    eks_name: cluster-a-eks
    region: us-east-1
    role_arn: arn:aws:iam::123456789012:role/dnsmedic-read
    change_role_arn: arn:aws:iam::123456789012:role/dnsmedic-change
    external_id: my-org
    names: {internal: kubernetes.default.svc.cluster.local, external: example.org}
    app_namespaces: [shop]
    channels: [C0INCIDENTS]
    approvers: [U0ALICE, U0BOB, S0SRE]
    approvals: 2
    capture_approvals: 1
    capture_bucket: my-org-dnsmedic
    canary_service: true
  dev: {kubeconfig: ~/.kube/config, context: kind-dev}
schedules:
  - {kind: health, at: "09:00", timezone: Europe/Paris, channel: C0HEALTH, clusters: all, when: always}
  - {kind: health, at: 10:30, timezone: Asia/Kathmandu, channel: C0HEALTH, clusters: [dev]}
"""
ROLE = " is no ARN of a role, as arn:aws:iam::123456789012:role/dnsmedic-read is"
CHANNEL = " is no channel id, as C0123456789 is (Slack shows it at the end of the channel's details)"


def mistakes(text: str) -> list[str]:
    """What is wrong with a text, a line each."""
    with pytest.raises(Refused) as caught:
        load(text)
    return str(caught.value).splitlines()


def test_every_field_is_read() -> None:
    """What the file says arrives, and nothing else."""
    clusters = load(WHOLE)
    expected = ClusterEntry(
        name="cluster-a",
        eks_name="cluster-a-eks",
        region="us-east-1",
        role_arn="arn:aws:iam::123456789012:role/dnsmedic-read",
        change_role_arn="arn:aws:iam::123456789012:role/dnsmedic-change",
        external_id="my-org",
        names_external="example.org",
        app_namespaces=("shop",),
        channels=("C0INCIDENTS",),
        approvers=("U0ALICE", "U0BOB", "S0SRE"),
        approvals=2,
        capture_approvals=1,
        capture_bucket="my-org-dnsmedic",
        canary_service=True,
    )

    assert expected == clusters.get("cluster-a")
    assert ("cluster-a", "dev") == clusters.names


def test_what_is_left_out_has_its_default() -> None:
    """A cluster needs no more than its region."""
    entry = load("clusters: {prod: {region: eu-west-1}}").get("prod")

    assert ClusterEntry(name="prod", eks_name="prod", region="eu-west-1") == entry
    assert entry is not None
    assert ("kubernetes.default.svc.cluster.local", "amazon.com", 1, 0) == (
        entry.names_internal,
        entry.names_external,
        entry.approvals,
        entry.capture_approvals,
    )


def test_schedules_keep_the_time_as_it_is_written() -> None:
    """`10:30` without quotes is a time, although YAML 1.1 takes it for 630."""
    clusters = load(WHOLE)
    second = Schedule(kind="health", at="10:30", timezone="Asia/Kathmandu", channel="C0HEALTH", clusters=("dev",))

    assert second == clusters.schedules[1]
    assert time(10, 30) == second.time
    assert [["cluster-a", "dev"], ["dev"]] == [
        [entry.name for entry in clusters.of(schedule)] for schedule in clusters.schedules
    ]


def test_all_mistakes_come_at_once_with_their_lines() -> None:
    """One look at the message is enough to repair the whole file."""
    text = """\
clusters:
  cluster-a:
    regoin: us-east-1
    role_arn: dnsmedic-read
    approvals: 0
    canary_service: maybe
    channels: ["#sre"]
    app_namespaces: []
    names: {internal: 10.0.0.1, extern: a.example}
  _b: {region: moon}
  cluster-a: {region: us-east-1}
schedules:
  - {kind: helth, at: 9am, timezone: Mars/Base, channel: general, clusters: [cluster-x], when: never, why: x}
  - {kind: health}
channels: []
"""
    expected = [
        "line 3: cluster cluster-a knows no `regoin` (did you mean `region`?)",
        "line 3: cluster cluster-a needs a region, or a kubeconfig where it is not reached through EKS",
        "line 4: cluster cluster-a: role_arn: 'dnsmedic-read'" + ROLE,
        "line 5: cluster cluster-a: approvals should be a whole number from 1 to 10",
        "line 6: cluster cluster-a: canary_service should be true or false",
        "line 7: cluster cluster-a: channels: '#sre'" + CHANNEL,
        "line 8: cluster cluster-a: app_namespaces is an empty list; leave it out instead",
        "line 9: cluster cluster-a: names knows no `extern` (did you mean `external`?)",
        "line 9: cluster cluster-a: names: internal: '10.0.0.1' is a number or an address; give a name",
        "line 10: '_b' is no cluster name: 1 to 100 letters, digits, dashes and underscores, a letter or digit first",
        "line 10: cluster _b: region: 'moon' is no AWS region, as us-east-1 is",
        "line 11: clusters has `cluster-a` twice",
        "line 13: schedule 1 knows no `why`",
        "line 13: schedule 1: kind: 'helth' is not health",
        "line 13: schedule 1: at: '9am' is no time of day, as \"09:00\" is",
        "line 13: schedule 1: timezone: 'Mars/Base' is no time zone, as Europe/Paris is",
        "line 13: schedule 1: channel: 'general'" + CHANNEL,
        "line 13: schedule 1: when: 'never' is not one of always, on-change, weekdays",
        "line 13: schedule 1: clusters: 'cluster-x' is no cluster of this file (did you mean `cluster-a`?)",
        "line 14: schedule 2 needs at",
        "line 14: schedule 2 needs timezone",
        "line 14: schedule 2 needs channel",
        "line 15: the file knows no `channels`",
    ]

    assert [f"clusters file {line}" for line in expected] == mistakes(text)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("", "line 1: the file is empty; it needs `clusters:` with a cluster in it"),
        ("# nothing\n", "line 1: the file is empty; it needs `clusters:` with a cluster in it"),
        ("schedules: []\n", "line 1: there is no cluster: `clusters:` is missing or empty"),
        ("clusters: {}\n", "line 1: there is no cluster: `clusters:` is missing or empty"),
        ("clusters:\n  a: [\n", "line 3: is no YAML: did not find expected node content"),
        ("clusters:\n\ta: 1\n", "line 2: is no YAML: found character that cannot start any token"),
        ("clusters: {a: {region: us-east-1}}\n---\nb: 1\n", "line 2: is no YAML: but found another document"),
        ("clusters: {a: 1}", "line 1: cluster a should be written as `key: value` pairs"),
        ("clusters: {a: {region: [us-east-1]}}", "line 1: cluster a: region should be one text"),
        ("clusters: {a: {region: }}", "line 1: cluster a: region is empty"),
        ("clusters: {a: {region: us-east-1, channels: C1}}", "line 1: cluster a: channels should be a list, as in"),
        (
            "clusters: {a: {region: us-east-1, channels: [C1A, C1A]}}",
            "line 1: cluster a: channels: 'C1A' is listed twice",
        ),
        ("clusters: {a: {region: us-east-1, approvals: 1.5}}", "line 1: cluster a: approvals should be a whole number"),
        ("clusters: {a: {region: us-east-1, approvals: -1}}", "line 1: cluster a: approvals should be a whole number"),
        (
            "clusters: {a: {region: us-east-1, approvers: [U1A], approvals: 2}}",
            "line 1: cluster a: approvals asks for 2 people, approvers lists 1",
        ),
        ("clusters: {a: {region: us-east-1, context: x}}", "line 1: cluster a: context has a meaning only with"),
        (
            "clusters: {a: {region: cn-north-1, role_arn: 'arn:aws:iam::123456789012:role/r'}}",
            "line 1: cluster a: role_arn is of partition aws, but not region cn-north-1",
        ),
        ("clusters: {a: &x {region: us-east-1, names: *x}}", "line 1: cluster a: names knows no `region`"),
        ("clusters: {a: {<<: {region: us-east-1}}}", "line 1: cluster a knows no `<<`"),
        ("clusters: {Stop: {region: us-east-1}}", "line 1: 'Stop' is a word that `/dns-check` itself knows; give"),
        ("clusters: {? [a] : 1}", "line 1: clusters has a key that is no text"),
        ("[" * 100_000, "line 1: is nested too deeply"),
    ],
)
def test_each_mistake_has_its_words(text: str, expected: str) -> None:
    """The first mistake of a broken file, as it is told."""
    assert mistakes(text)[0].startswith(f"clusters file {expected}")


def test_what_refers_to_itself_over_and_over_is_read_in_no_time() -> None:
    """A file that would be gigabytes if it were written out is refused like any other."""
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    found = mistakes("\n".join(lines))

    assert "clusters file line 1: the file knows no `a0`" in found


def test_many_mistakes_are_cut() -> None:
    """A thousand mistakes do not fill a screen."""
    text = "clusters:\n" + "".join(f"  c{number}: {{regoin: x}}\n" for number in range(500))
    found = mistakes(text)

    assert 51 == len(found)
    assert "clusters file: and 950 more mistakes" == found[-1]


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes anything else than a Refused."""
    with contextlib.suppress(Refused):
        load(text)


def test_a_file_that_is_not_there_or_no_text_is_refused(tmp_path: Path) -> None:
    """The message names the file and the reason."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"clusters: \xff")
    large = tmp_path / "large.yaml"
    large.write_text("#" * (1024 * 1024 + 1))
    told = []
    for path in (tmp_path / "none.yaml", binary, large):
        with pytest.raises(Refused) as caught:
            load(path)
        told.append(str(caught.value).replace(str(tmp_path), "..."))

    assert [
        "cannot read the clusters file .../none.yaml: No such file or directory",
        "binary.yaml is not written in UTF-8: byte 11",
        "large.yaml is larger than 1024 KiB",
    ] == told


def test_a_bad_change_keeps_the_old_content(tmp_path: Path) -> None:
    """A typo at noon takes no cluster away from anybody, and the repaired file is taken."""
    path = tmp_path / "clusters.yaml"
    path.write_text("clusters: {a: {region: us-east-1}}")
    held = ClustersFile(path)
    seen = [(held.reload(), held.current().names, bool(held.problem))]
    for text in ("clusters: {b: {region: moon}}", "clusters: {b: {region: us-east-1}, c: {region: us-east-1}}"):
        path.write_text(text)
        seen.append((held.reload(), held.current().names, bool(held.problem)))
    path.unlink()
    seen.append((held.reload(), held.current().names, bool(held.problem)))

    assert [
        (False, ("a",), False),
        (False, ("a",), True),
        (True, ("b", "c"), False),
        (False, ("b", "c"), True),
    ] == seen


def test_a_change_is_found_without_asking_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that comes by a renamed link, as in a mounted ConfigMap."""
    monkeypatch.setattr(clusters_file, "_LOOK_AGAIN_SECONDS", 0.0)
    for name, cluster in (("one", "a"), ("two", "b")):
        (tmp_path / name).write_text(f"clusters: {{{cluster}: {{region: us-east-1}}}}")
    path = tmp_path / "clusters.yaml"
    path.symlink_to(tmp_path / "one")
    held = ClustersFile(path)
    before = held.current().names
    (tmp_path / "new").symlink_to(tmp_path / "two")
    (tmp_path / "new").replace(path)

    assert ("a",) == before
    assert ("b",) == held.current().names
