"""What goes wrong with a Cloud Storage bucket, as errors that people understand."""

from google.api_core.exceptions import (
    ClientError,
    Forbidden,
    GoogleAPICallError,
    NotFound,
    PreconditionFailed,
    TooManyRequests,
    Unauthorized,
)
from google.auth.exceptions import GoogleAuthError, TransportError

from ingest.errors import NotPublishedError, SettingError, SourceError, TaxiError
from ingest.http_answers import FAULTS, is_lasting, is_timeout, seconds_to_wait, why
from ingest.http_client import TRIES_AFTER_TIMEOUT
from ingest.retry import TransientError
from ingest.source import LATER, SourceDownError

FAILURES = (GoogleAPICallError, GoogleAuthError, *FAULTS)
"""What the client raises."""


def explain(failure: Exception, shown: str, location: str) -> TaxiError | TransientError:
    """The client's error as ours. `shown` is what was asked for, `location` the source, both for people."""
    match failure:
        case NotFound():
            return NotPublishedError(f"{shown} does not exist", "Check the setting `source`")
        case PreconditionFailed():
            return changed(shown)
        case Forbidden():
            return SourceError(
                f"{shown} may not be read with these credentials",
                "Grant them the role Storage Object Viewer on the bucket",
            )
        case Unauthorized() | GoogleAuthError() if not isinstance(failure, TransportError):
            return SettingError(
                f"There is no Google login with which to read {location}, the setting `source`",
                "Run `gcloud auth application-default login`, or have GOOGLE_APPLICATION_CREDENTIALS name the key "
                "file of a service account",
            )
    is_answer = isinstance(failure, GoogleAPICallError)
    what = f"{shown} cannot be {'read' if is_answer else 'reached'}: {reason(failure)}"
    if is_lasting(failure):
        return SourceDownError(what, "Check the setting `gcs_endpoint`, and this machine's clock and certificates")
    if isinstance(failure, ClientError) and not isinstance(failure, TooManyRequests):
        return SourceError(what, "Check the settings `gcs_endpoint` and `source`: it will not pass")
    response = getattr(failure, "response", None)
    return TransientError(
        SourceDownError(what, f"Check the network, and the settings `gcs_endpoint` and `source`. {LATER}"),
        retry_after=seconds_to_wait(response.headers) if response is not None else 0.0,
        no_answer=not is_answer,
        most_tries=TRIES_AFTER_TIMEOUT if is_timeout(failure) else None,
    )


def changed(shown: str) -> TransientError:
    """The object is another one than when the download began."""
    return TransientError(SourceError(f"{shown} changed while it was fetched", LATER))


def reason(failure: Exception) -> str:
    """Why, in a few words."""
    if isinstance(failure, GoogleAPICallError):
        return f"Cloud Storage answers {failure.code} {type(failure).__name__}"
    return why(failure, "nothing came in time")
