"""Parameter Store by boto3 as programs use it, against a running service: exceptions by class and message, paginators and
types. The environment says where it is and who is calling. Prints nothing if all is well.
"""

import datetime
import os

import boto3
from botocore.config import Config

ssm = boto3.client("ssm", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(retries={"total_max_attempts": 1}))
errors = ssm.exceptions


def refused(kind, message, call, **members):
    """The call must end in an exception of this class, with this message unless it is None."""
    try:
        call(**members)
    except kind as e:
        error = e.response["Error"]
        name = kind.__name__
        if name not in (error["Code"], "ClientError") or e.response["ResponseMetadata"]["HTTPStatusCode"] != 400:
            print(members, "ended in", e.response)
        if message is not None and error["Message"] != message:
            print(members, "says", repr(error["Message"]), "not", repr(message))
        return
    print(members, "is accepted, not", kind)


def same(what, got, want):
    if got != want:
        print(what, "is", repr(got), "not", repr(want))


put = ssm.put_parameter
same("the tier", put(Name="/py/a", Value="1", Type="String")["Tier"], "Standard")
got = ssm.get_parameter(Name="/py/a")["Parameter"]
same("the time", type(got["LastModifiedDate"]), datetime.datetime)
same("the members", sorted(got), ["ARN", "DataType", "LastModifiedDate", "Name", "Type", "Value", "Version"])

exists = "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
refused(errors.ParameterAlreadyExists, exists, put, Name="/py/a", Value="1", Type="String")
version = "Systems Manager could not find version 7 of /py/a. Verify the version and try again."
refused(errors.ParameterVersionNotFound, version, ssm.get_parameter, Name="/py/a:7")
refused(errors.ParameterNotFound, None, ssm.get_parameter, Name="/py/none")
refused(errors.ParameterNotFound, None, ssm.delete_parameter, Name="/py/none")
refused(errors.ParameterNotFound, None, ssm.get_parameter_history, Name="/py/none")
refused(errors.ParameterNotFound, None, ssm.label_parameter_version, Name="/py/none", Labels=["x"])
mismatch = r"Parameter value, cannot be validated against allowedPattern: ^\d+$"
refused(errors.ParameterPatternMismatchException, mismatch, put, Name="/py/b", Value="x", Type="String", AllowedPattern=r"^\d+$")
refused(errors.InvalidAllowedPatternException, None, put, Name="/py/b", Value="x", Type="String", AllowedPattern="(")
refused(errors.InvalidKeyId, None, put, Name="/py/b", Value="x", Type="SecureString", KeyId="alias/none")
deep = "/" + "/".join("abcdefghijklmnop")
refused(errors.HierarchyLevelLimitExceededException, None, put, Name=deep, Value="x", Type="String")
tags = {"ResourceType": "Parameter", "ResourceId": "/py/none"}
refused(errors.InvalidResourceId, None, ssm.list_tags_for_resource, **tags)
refused(errors.InvalidFilterKey, None, ssm.describe_parameters, ParameterFilters=[{"Key": "Label", "Values": ["x"]}])
refused(errors.InvalidFilterValue, None, ssm.describe_parameters, ParameterFilters=[{"Key": "Name"}])
refused(errors.InvalidFilterOption, None, ssm.describe_parameters, ParameterFilters=[{"Key": "Type", "Values": ["x"]}])
refused(errors.InvalidNextToken, None, ssm.describe_parameters, NextToken="x")
refused(errors.ServiceSettingNotFound, None, ssm.get_service_setting, SettingId="/ssm/none")
refused(errors.ClientError, "A parameter type is required when you create a parameter.", put, Name="/py/b", Value="x")

put(Name="/py/sealed", Value="s3cr3t", Type="SecureString", Tier="Intelligent-Tiering")
for i in range(12):
    put(Name=f"/py/many/{i:02}", Value=str(i), Type="StringList")
pages = list(ssm.get_paginator("get_parameters_by_path").paginate(Path="/py", Recursive=True, WithDecryption=True))
same("pages by path", [len(p["Parameters"]) for p in pages], [10, 4])
same("the last page", "NextToken" in pages[-1], False)
same("the sealed value", pages[-1]["Parameters"][-1]["Value"], "s3cr3t")
found = ssm.get_paginator("describe_parameters").paginate(
    ParameterFilters=[{"Key": "Name", "Option": "Contains", "Values": ["many"]}], PaginationConfig={"PageSize": 5}
)
same("what contains", sum(len(p["Parameters"]) for p in found), 12)
for i in range(3):
    put(Name="/py/a", Value=str(i), Overwrite=True)
history = ssm.get_paginator("get_parameter_history").paginate(Name="/py/a", PaginationConfig={"PageSize": 2})
same("the history", [p["Value"] for p in history.search("Parameters[]")], ["1", "0", "1", "2"])
same("no labels", ssm.get_parameter_history(Name="/py/a")["Parameters"][0]["Labels"], [])
out = ssm.delete_parameters(Names=["/py/a", "/py/none"])
same("what is deleted", (out["DeletedParameters"], out["InvalidParameters"]), (["/py/a"], ["/py/none"]))
