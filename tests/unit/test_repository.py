"""The template's repository: CRLs and CA certificates, at addresses that stand in certificates for years."""

from fnmatch import fnmatchcase

import pytest

from tests.unit.test_queues import RESOURCES

STATEMENTS = {
    each["Sid"]: each
    for each in RESOURCES["RepositoryBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    if "Sid" in each
}
WITHOUT_NAME = ("RepositoryAccess", "RepositoryCaching", "RepositoryBucketPolicy")
"""What the distribution needs so that it answers."""


def listed(value):
    return [value] if isinstance(value, str) else value


def is_about(statement, action):
    if "NotAction" in statement:
        return action not in listed(statement["NotAction"])
    return any(fnmatchcase(action, each) for each in listed(statement["Action"]))


@pytest.mark.parametrize(
    ("action", "denied"),
    [("s3:GetObject", False), ("s3:PutObject", True), ("s3:ListBucket", True), ("s3:GetObjectAcl", True)],
)
def test_a_crl_is_read_without_tls_and_nothing_else_is_done_so(action, denied):
    """CloudFront asks S3 by the protocol of its viewer (AWS: "Require HTTPS for communication between CloudFront
    and your Amazon S3 origin"), and a CRL's address begins with http (RFC 5280, 8).
    """
    behavior = RESOURCES["RepositoryDistribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    assert behavior["ViewerProtocolPolicy"] == "allow-all"
    without_tls = STATEMENTS["OnlyOverTls"]
    assert without_tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (without_tls["Effect"], is_about(without_tls, action)) == ("Deny", denied)


@pytest.mark.parametrize("name", ["RepositoryDistribution", *WITHOUT_NAME])
def test_the_repository_outlives_the_stack_and_leaves_nothing_of_a_first_deployment_that_failed(name):
    resource = RESOURCES[name]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("RepositoryAccess", "OriginAccessControlConfig"),
        ("RepositoryCaching", "CachePolicyConfig"),
    ],
)
def test_names_of_cloudfront_are_of_a_region_since_all_regions_share_it(name, config):
    assert "${AWS::Region}" in RESOURCES[name]["Properties"][config]["Name"]["Fn::Sub"]
