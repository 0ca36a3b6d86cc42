#!/usr/bin/python3 -B
"""Runs the lambda_handler beside it for the event on standard input, as a rotator of kind exec."""

import json
import logging
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
logging.basicConfig(stream=sys.stderr)

from lambda_function import lambda_handler  # noqa: E402  its directory is known only now

lambda_handler(json.load(sys.stdin), None)
