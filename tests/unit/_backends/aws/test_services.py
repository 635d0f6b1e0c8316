"""Names and endpoints of services against botocore's own, for every Region it knows."""

from __future__ import annotations

import botocore.session
import pytest

from appconfig_env._backends.aws import services
from appconfig_env._backends.aws.services import SERVICES
from appconfig_env._config.aws import AwsSettings

LARGE = ("aws", "aws-cn", "aws-us-gov")
SESSION = botocore.session.Session()
SESSION.set_config_variable("sts_regional_endpoints", "regional")  # the newer botocore's default
REGIONS = {  # of the smallest service that is in all of them: its model is read at collection
    partition: SESSION.get_available_regions("sts", partition)
    for partition in SESSION.get_available_partitions()
}


@pytest.mark.parametrize("partition", LARGE)
def test_no_region_of_the_large_partitions_is_left_to_boto3(partition: str) -> None:
    assert REGIONS[partition]
    assert [name for name in REGIONS[partition] if not services.dns_suffix(name)] == []


@pytest.mark.parametrize("partition", sorted(set(REGIONS) - set(LARGE)))
def test_regions_of_other_partitions_are_left_to_boto3(partition: str) -> None:
    assert [name for name in REGIONS[partition] if services.dns_suffix(name)] == []


def test_a_services_name_in_signatures_is_botocores() -> None:
    for service in set(SERVICES.values()):
        model = SESSION.get_service_model(service)
        assert services.prefix(service) == model.signing_name


@pytest.mark.parametrize("service", sorted(set(SERVICES.values())))
@pytest.mark.parametrize("region", [name for partition in LARGE for name in REGIONS[partition]])
def test_a_url_is_the_one_that_botocore_calls(region: str, service: str) -> None:
    client = SESSION.create_client(
        service, region, aws_access_key_id="a", aws_secret_access_key="b"
    )
    assert services.url(service, region, AwsSettings(region=region)) == client.meta.endpoint_url
    client.close()


@pytest.mark.parametrize(
    "region", ["", "eu", "xx-west-1", "eu-west-1.evil.example/", "us-east-1@x", "aws-global"]
)
def test_an_unknown_region_has_no_endpoint(region: str) -> None:
    assert services.dns_suffix(region) == ""
    assert services.url("ssm", region, AwsSettings()) == ""


def test_a_configured_url_wins_in_every_region() -> None:
    settings = AwsSettings(endpoints={"ssm": "http://127.0.0.1:1"})
    assert services.url("ssm", "nowhere", settings) == "http://127.0.0.1:1"
    assert services.url("sts", "eu-west-1", settings) == "https://sts.eu-west-1.amazonaws.com"
