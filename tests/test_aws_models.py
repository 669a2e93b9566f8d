"""The models of AWS' services: what is read faster is the same."""

from __future__ import annotations

import gzip
from pathlib import Path

import botocore.session
import pytest

from workers.cluster.aws_models import Models, boto3_session


@pytest.mark.parametrize("service", ["ec2", "eks", "sts", "route53", "route53resolver", "cloudwatch"])
def test_a_model_is_what_botocore_reads(service: str) -> None:
    """The clients are made from the same models, with their extras, as botocore's own reader gives."""
    own = botocore.session.get_session().get_component("data_loader")
    made = boto3_session()._session.get_component("data_loader")  # noqa: SLF001 - boto3 has no public way to it

    for kind in ("service-2", "endpoint-rule-set-1"):
        assert own.load_service_model(service, kind) == made.load_service_model(service, kind)


def test_a_model_is_read_once(tmp_path: Path) -> None:
    """Sessions share what was read; a file that is missing is none, and one that is no JSON is an error."""
    (tmp_path / "plain.json").write_text('{"version": "2.0"}')
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(b'{"version": "2.0"}'))
    (tmp_path / "broken.json").write_text('{"version":')

    assert (
        {"version": "2.0"}
        == Models().load_file(str(tmp_path / "plain"))
        == Models().load_file(str(tmp_path / "packed"))
    )
    assert Models().load_file(str(tmp_path / "plain")) is Models().load_file(str(tmp_path / "plain"))
    assert Models().load_file(str(tmp_path / "missing")) is None
    with pytest.raises(ValueError, match="truncated"):
        Models().load_file(str(tmp_path / "broken"))


def test_a_session_keeps_the_search_paths_of_its_owner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS_DATA_PATH still says where else models lie."""
    monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path))
    (tmp_path / "own.json").write_text('{"from": "the owner"}')

    assert {"from": "the owner"} == boto3_session()._session.get_data("own")  # noqa: SLF001 - boto3 has no public way to it
