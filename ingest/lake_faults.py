"""What Cloud Storage's client raises, how long it tries, and how the line puts that."""

from google.api_core.exceptions import BadRequest, Forbidden, GoogleAPIError, NotFound, Unauthorized
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.exceptions import RequestException

from ingest.errors import StoreDownError, StoreError, first_line
from ingest.google_session import SilenceError

# The client's default tries for 2 minutes a request; a server that is down is reported sooner.
RETRY = DEFAULT_RETRY.with_timeout(30)
# What the server says when it has kept the old object. Not among it: 412, "another generation is there", which may be
# our own, where the answer to a first try was lost and the client tried again.
ANSWERS = (BadRequest, Unauthorized, Forbidden, NotFound)
REFUSALS = (GoogleAPIError, GoogleAuthError, DataCorruption, RequestException, ConnectionError)


class MissingObjectError(StoreError):
    """The lake has no object of that month."""


def refused(bucket: storage.Bucket, error: Exception, name: str = "") -> StoreError:
    """The error to raise for one of REFUSALS; StoreDownError where no other object would fare better."""
    if isinstance(error, SilenceError):
        return StoreDownError(str(error), "Check the server, then run again; the old object is untouched")
    kind = StoreError if isinstance(error, ANSWERS) else StoreDownError
    return kind(
        f"Cloud Storage refused gs://{bucket.name}/{name}: {first_line(error)}",
        "Check the bucket, its permissions and the setting bucket; the old object is untouched",
    )
