"""EventBridge by boto3 as programs use it, against a running service: exceptions by class and message, paginators and
types. The environment says where it is and who is calling. Prints nothing if all is well.
"""

import datetime
import json
import os

import boto3
from botocore.config import Config

events = boto3.client("events", endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                      config=Config(retries={"total_max_attempts": 1}))
errors = events.exceptions
pattern = json.dumps({"source": ["my.app"]})


def refused(kind, message, call, **members):
    """The call must end in an exception of this class, with this message."""
    try:
        call(**members)
    except kind as e:
        error = e.response["Error"]
        if error["Message"] != message or e.response["ResponseMetadata"]["HTTPStatusCode"] != 400:
            print(members, "ended in", e.response)
    else:
        print(members, "was not refused")


def same(what, got, want):
    if got != want:
        print(what, "is", repr(got), "not", repr(want))


refused(errors.ResourceNotFoundException, "Rule x does not exist on EventBus default.", events.describe_rule, Name="x")
refused(errors.InvalidEventPatternException, 'Event pattern is not valid. Reason: "int" must be an object or an array\n'
        ' at [Source: (String)"{"int": 42}"; line: 1, column: 11]', events.put_rule, Name="x", EventPattern='{"int": 42}')
refused(errors.ResourceNotFoundException, "Event bus other does not exist.", events.list_rules, EventBusName="other")
for i in range(7):
    events.put_rule(Name=f"r{i}", EventPattern=pattern, ScheduleExpression="rate(1 hour)")
pages = events.get_paginator("list_rules").paginate(NamePrefix="r", PaginationConfig={"PageSize": 3})
same("the rules", [r["Name"] for page in pages for r in page["Rules"]], [f"r{i}" for i in range(7)])
account = boto3.client("sts", endpoint_url=os.environ["AWS_ENDPOINT_URL"]).get_caller_identity()["Account"]
topic = f"arn:aws:sns:{events.meta.region_name}:{account}:t"
for i in range(5):
    out = events.put_targets(Rule="r0", Targets=[{"Id": str(i), "Arn": topic}])
    same("what fails", (out["FailedEntryCount"], out["FailedEntries"]), (0, []))
refused(errors.LimitExceededException, "The requested resource exceeds the maximum number allowed.", events.put_targets,
        Rule="r0", Targets=[{"Id": "5", "Arn": topic}])
pages = events.get_paginator("list_targets_by_rule").paginate(Rule="r0", PaginationConfig={"PageSize": 2})
same("the targets", [t["Id"] for page in pages for t in page["Targets"]], list("01234"))

out = events.put_events(Entries=[{"Source": "my.app", "DetailType": "T", "Detail": "{}",
                                  "Time": datetime.datetime(2026, 1, 2), "Resources": ["a"]}, {"DetailType": "T"}])
same("what fails", out["FailedEntryCount"], 1)
same("why", out["Entries"][1], {"ErrorCode": "InvalidArgument", "ErrorMessage": "Parameter Source is not valid. "
                                "Reason: Source is a required argument."})
same("the length of an id", len(out["Entries"][0]["EventId"]), 36)

made = events.create_connection(Name="c", AuthorizationType="BASIC", AuthParameters={
    "BasicAuthParameters": {"Username": "u", "Password": "p"},
    "InvocationHttpParameters": {"HeaderParameters": [{"Key": "X-A", "Value": "v", "IsValueSecret": True}]}})
same("the type of a time", type(made["CreationTime"]), datetime.datetime)
shown = events.describe_connection(Name="c")["AuthParameters"]
same("what is shown", shown, {"BasicAuthParameters": {"Username": "u"},
                              "InvocationHttpParameters": {"HeaderParameters": [{"Key": "X-A", "IsValueSecret": True}]}})
refused(errors.ResourceAlreadyExistsException, "Connection c already exists.", events.create_connection, Name="c",
        AuthorizationType="BASIC", AuthParameters={"BasicAuthParameters": {"Username": "u", "Password": "p"}})
