"""Runs the lambda_handler beside it for one event, and answers as Lambda's runtime for Python does."""

import json
import logging
import sys
import traceback

logging.basicConfig(stream=sys.stderr)

try:
    from lambda_function import lambda_handler

    answer = lambda_handler(json.load(sys.stdin), None)
except Exception as error:
    answer = {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_exc().splitlines(),
    }
    json.dump(answer, sys.stdout)
    sys.exit(1)
json.dump(answer, sys.stdout)
