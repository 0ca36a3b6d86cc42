"""CloudTrail's event history by boto3 as programs use it, against a running service with a past: exceptions by class, the
paginator and types. The environment says where it is and who is calling. Prints nothing if all is well.
"""

import datetime
import json
import os

import boto3
from botocore.config import Config

trail = boto3.client(
    "cloudtrail", endpoint_url=os.environ["AWS_ENDPOINT_URL"], config=Config(retries={"mode": "standard", "total_max_attempts": 10})
)
errors = trail.exceptions


def by(key, value):
    return [{"AttributeKey": key, "AttributeValue": value}]


def same(what, got, want):
    if got != want:
        print(what, "is", repr(got), "not", repr(want))


def refused(kind, **members):
    try:
        trail.lookup_events(**members)
    except kind as e:
        same("the status", e.response["ResponseMetadata"]["HTTPStatusCode"], 400)
        return
    print(members, "is accepted, not", kind)


pages = trail.get_paginator("lookup_events")
found = [e for p in pages.paginate(LookupAttributes=by("EventName", "Encrypt"), PaginationConfig={"PageSize": 2}) for e in p["Events"]]
same("the events", [e["EventName"] for e in found], ["Encrypt"] * 3)
event = found[0]
record = json.loads(event["CloudTrailEvent"])
same("the time", type(event["EventTime"]), datetime.datetime)
same("the id", event["EventId"], record["eventID"])
same("read-only", event["ReadOnly"], json.dumps(record["readOnly"]))
same("the user", event["Username"], "root")
same("the order", [e["EventTime"] for e in found], sorted((e["EventTime"] for e in found), reverse=True))
one = trail.lookup_events(LookupAttributes=by("EventId", event["EventId"]))
same("the event", [e["EventId"] for e in one["Events"]], [event["EventId"]])
same("the next page", one.get("NextToken"), None)
now = datetime.datetime.now(datetime.timezone.utc)
recent = trail.lookup_events(StartTime=now - datetime.timedelta(hours=1), EndTime=now + datetime.timedelta(hours=1), MaxResults=5)
same("the page", len(recent["Events"]), 5)
refused(errors.InvalidLookupAttributesException, LookupAttributes=by("EventNames", "x"))
refused(errors.InvalidMaxResultsException, MaxResults=51)
refused(errors.InvalidTimeRangeException, StartTime=now, EndTime=now - datetime.timedelta(days=1))
refused(errors.InvalidNextTokenException, NextToken="x")
refused(errors.InvalidEventCategoryException, EventCategory="x")
