#!/usr/bin/env python3
"""Secrets and keys with boto3.

    . dev-data/env && examples/python/main.py
"""

import json
import os
import uuid

import boto3
from botocore.exceptions import ClientError


def client(service):
    """boto3 reads AWS_ENDPOINT_URL by itself from 1.28 on. Older ones would talk to AWS."""
    return boto3.client(service, endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name=os.environ["AWS_REGION"])


kms, secrets = client("kms"), client("secretsmanager")
name = "python-" + uuid.uuid4().hex

# A key of your own for secrets. Without KmsKeyId they use alias/aws/secretsmanager, which is made on first use.
key = kms.create_key(Description="made by an example", Tags=[{"TagKey": "example", "TagValue": "python"}])["KeyMetadata"]
database = {"host": "db.example.com", "user": "orders", "password": "correct horse"}
secret = secrets.create_secret(Name=name, KmsKeyId=key["KeyId"], SecretString=json.dumps(database))
try:
    opened = secrets.get_secret_value(SecretId=name)
    assert json.loads(opened["SecretString"]) == database
    print("the secret", opened["Name"], "in version", opened["VersionId"])

    # Who may read a secret needs its key too: disable it, and the secret is closed.
    kms.disable_key(KeyId=key["KeyId"])
    try:
        secrets.get_secret_value(SecretId=name)
        raise SystemExit("a secret was read without its key")
    except ClientError as e:
        print("without its key:", e.response["Error"]["Code"])
    kms.enable_key(KeyId=key["KeyId"])
    secrets.get_secret_value(SecretId=name)

    # Paginators work as they do with AWS.
    pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    assert key["KeyId"] in [k["KeyId"] for page in pages for k in page["Keys"]]

    # A ciphertext that is to be opened elsewhere says itself which key it needs.
    sealed = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"hello", EncryptionContext={"for": "orders"})
    hello = kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"for": "orders"})
    assert hello["Plaintext"] == b"hello" and hello["KeyId"] == key["Arn"]
    print("opened by", hello["KeyId"])
finally:
    secrets.delete_secret(SecretId=secret["ARN"], ForceDeleteWithoutRecovery=True)
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
