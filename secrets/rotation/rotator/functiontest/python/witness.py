#!/usr/bin/python3 -B
"""Stores the credentials that it was given as the pending value, and then fails and says too much."""

import json
import os
import sys

import boto3

event = json.load(sys.stdin)
client = boto3.client(
    "secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"]
)
if event["Step"] != "createSecret":
    current = client.get_secret_value(SecretId=event["SecretId"])["SecretString"]
    sys.exit("the witness has seen\n" + current)
names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
client.put_secret_value(
    SecretId=event["SecretId"],
    ClientRequestToken=event["ClientRequestToken"],
    SecretString=json.dumps({name: os.environ[name] for name in names}),
    VersionStages=["AWSPENDING"],
)
