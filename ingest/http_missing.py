"""Why a web server does not give a file: it is not there, or the server refuses it, or it refuses us everything."""

import time
from datetime import date

import requests

from ingest.datasets import ZONE_LOOKUP_PATH
from ingest.errors import SourceError
from ingest.http_answers import seconds_to_wait
from ingest.http_client import HttpClient
from ingest.publication import is_due, not_published
from ingest.retry import RetryPolicy, TransientError
from ingest.source import SourceDownError

# How often 403 is answered for a month that should be there, and 200 for the zone lookup, until that is believed.
_ROUNDS_WHEN_DUE = 3


def explain_missing(
    client: HttpClient, response: requests.Response, path: str, policy: RetryPolicy, today: date
) -> SourceError | TransientError:
    """What the `response` of status 403, 404 or 410 to a request for `path` means.

    TLC's CDN answers 403 for a month that is not there, and for every file to those it takes for a burst. A file that
    is surely there tells the two apart; the month is then asked for again, for the burst may have ended in between.
    """
    shown = client.shown(path)
    if response.status_code != 403:
        return not_published(path, shown, today, response.status_code)
    rounds = _ROUNDS_WHEN_DUE if is_due(path, today) else 1
    for number in range(1, rounds + 1):
        surely_there = 403 if path == ZONE_LOOKUP_PATH else client.status(ZONE_LOOKUP_PATH)
        if surely_there == 403:
            return TransientError(_blocked(client, path), seconds_to_wait(response.headers))
        if surely_there >= 300 or client.status(path) != 403:
            return client.refusal(response, path)
        if number < rounds:
            time.sleep(policy.pause(number))
    return not_published(path, shown, today, 403)


def _blocked(client: HttpClient, path: str) -> SourceDownError:
    if path == ZONE_LOOKUP_PATH:
        what = f"{client.shown(path)} is not there, or the source blocks this address: it answers 403"
    else:
        what = f"{client.location} answers 403 to everything, {client.shown(path)} among it: it blocks this address"
    return SourceDownError(
        f"{what}, or takes us for a burst",
        "Wait an hour and run again; from a blocked address (many clouds are), copy the files elsewhere and have the "
        "setting `source` name that folder or bucket",
    )
