"""Rotates the password of one PostgreSQL user, in the shape that AWS Lambda's rotation functions have.

The function is told of the secret and a step, asks Secrets Manager for all the rest, and logs in
with what it finds there. It knows of nothing but AWS's API.
"""

import json
import logging
import os

import boto3
import psycopg2

logger = logging.getLogger()
logger.setLevel(logging.INFO)

ENGINES = ("postgres", "aurora-postgresql")
REQUIRED = ("engine", "host", "username", "password")
CONNECT_TIMEOUT = 5


def lambda_handler(event, context):
    arn = event["SecretId"]
    token = event["ClientRequestToken"]
    step = event["Step"]
    client = boto3.client(
        "secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"]
    )

    secret = client.describe_secret(SecretId=arn)
    if not secret.get("RotationEnabled", False):
        raise ValueError("Secret %s is not enabled for rotation" % arn)
    stages = secret["VersionIdsToStages"]
    if token not in stages:
        raise ValueError(
            "Secret version %s has no stage for rotation of secret %s." % (token, arn)
        )
    if "AWSCURRENT" in stages[token]:
        logger.info("Version %s is current already.", token)
        return
    if "AWSPENDING" not in stages[token]:
        raise ValueError(
            "Secret version %s not set as AWSPENDING for rotation of secret %s."
            % (token, arn)
        )

    steps = {
        "createSecret": create_secret,
        "setSecret": set_secret,
        "testSecret": test_secret,
        "finishSecret": finish_secret,
    }
    if step not in steps:
        raise ValueError("Invalid step parameter %s for secret %s" % (step, arn))
    steps[step](client, arn, token)


def create_secret(client, arn, token):
    """Stores a copy of the current value with a new password, unless that was done before."""
    current = read(client, arn, "AWSCURRENT")
    try:
        read(client, arn, "AWSPENDING", token)
        logger.info("createSecret: version %s has its value already.", token)
        return
    except client.exceptions.ResourceNotFoundException:
        pass
    current["password"] = random_password(client)
    client.put_secret_value(
        SecretId=arn,
        ClientRequestToken=token,
        SecretString=json.dumps(current),
        VersionStages=["AWSPENDING"],
    )


def set_secret(client, arn, token):
    """Sets the pending password with the current one, or the one before where that is in force."""
    pending = read(client, arn, "AWSPENDING", token)
    connection = connect(pending)
    if connection:
        connection.close()
        logger.info("setSecret: the pending password is in force already.")
        return

    current = read(client, arn, "AWSCURRENT")
    if pending["username"] != current["username"]:
        raise ValueError(
            "Attempting to modify user %s other than current user %s"
            % (pending["username"], current["username"])
        )
    if pending["host"] != current["host"]:
        raise ValueError(
            "Attempting to modify user for host %s other than current host %s"
            % (pending["host"], current["host"])
        )

    connection = connect(current)
    if not connection:
        connection = connect(previous(client, arn, current))
    if not connection:
        raise ValueError(
            "Unable to log into database with previous, current, or pending secret of secret arn %s"
            % arn
        )
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT quote_ident(%s)", (pending["username"],))
            name = cursor.fetchone()[0]
            cursor.execute(
                "ALTER USER %s" % name + " WITH PASSWORD %s", (pending["password"],)
            )
        connection.commit()
    finally:
        connection.close()


def test_secret(client, arn, token):
    """Logs in with the pending password."""
    connection = connect(read(client, arn, "AWSPENDING", token))
    if not connection:
        raise ValueError(
            "Unable to log into database with pending secret of secret ARN %s" % arn
        )
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT NOW()")
        connection.commit()
    finally:
        connection.close()


def finish_secret(client, arn, token):
    """Moves AWSCURRENT to the new version."""
    versions = client.describe_secret(SecretId=arn)["VersionIdsToStages"]
    current = next((v for v, stages in versions.items() if "AWSCURRENT" in stages), None)
    if current == token:
        logger.info("finishSecret: version %s is current already.", token)
        return
    client.update_secret_version_stage(
        SecretId=arn,
        VersionStage="AWSCURRENT",
        MoveToVersionId=token,
        RemoveFromVersionId=current,
    )


def previous(client, arn, current):
    """The value before the current one, or None if there is none for the same user and host."""
    try:
        value = read(client, arn, "AWSPREVIOUS")
    except client.exceptions.ResourceNotFoundException:
        return None
    for member in ("username", "host"):
        if value[member] != current[member]:
            raise ValueError("The previous version of %s is for another %s" % (arn, member))
    if "ssl" in current:
        value["ssl"] = current["ssl"]
    return value


def connect(value):
    """A connection with a value's credentials, or None if they or the server don't let it be."""
    if value is None:
        return None
    for mode in modes(value):
        try:
            return psycopg2.connect(
                host=value["host"],
                port=int(value.get("port", 5432)),
                user=value["username"],
                password=value["password"],
                dbname=value.get("dbname", "postgres"),
                connect_timeout=CONNECT_TIMEOUT,
                sslmode=mode,
            )
        except psycopg2.Error as error:
            logger.info("no connection (sslmode %s): %s", mode, type(error).__name__)
    return None


def modes(value):
    """How to connect: with TLS and then without, unless the value says which of them."""
    ssl = value.get("ssl")
    if isinstance(ssl, str):
        ssl = {"true": True, "false": False}.get(ssl.lower())
    if ssl is True:
        return ("require",)
    if ssl is False:
        return ("disable",)
    return ("require", "disable")


def read(client, arn, stage, token=None):
    """The value of a version, which has to be one of a PostgreSQL user."""
    request = {"SecretId": arn, "VersionStage": stage}
    if token:
        request["VersionId"] = token
    value = json.loads(client.get_secret_value(**request)["SecretString"])
    for member in REQUIRED:
        if member not in value:
            raise KeyError("%s key is missing from secret JSON" % member)
    if value["engine"] not in ENGINES:
        raise KeyError("Database engine must be one of %s" % ", ".join(ENGINES))
    return value


def random_password(client):
    """A password of the service's, by the rules of the function's environment."""

    def flag(name, otherwise):
        return os.environ.get(name, otherwise).lower() == "true"

    answer = client.get_random_password(
        PasswordLength=int(os.environ.get("PASSWORD_LENGTH", "32")),
        ExcludeCharacters=os.environ.get("EXCLUDE_CHARACTERS", ":/@\"'\\"),
        ExcludeNumbers=flag("EXCLUDE_NUMBERS", "false"),
        ExcludePunctuation=flag("EXCLUDE_PUNCTUATION", "false"),
        ExcludeUppercase=flag("EXCLUDE_UPPERCASE", "false"),
        ExcludeLowercase=flag("EXCLUDE_LOWERCASE", "false"),
        RequireEachIncludedType=flag("REQUIRE_EACH_INCLUDED_TYPE", "true"),
    )
    return answer["RandomPassword"]
