"""The environment of this program and of every process it starts: built here, from a list of what may pass.

A shell's variables are meant for many programs, and our parts read hundreds of them: DBT_FULL_REFRESH empties a table,
PGSSLMODE keeps clients from a server, DESTINATION__… changes where dlt loads. What is not listed here reaches none of
them. docs/environment.md is the same list for people.
"""

import os
from collections.abc import Mapping

# What a program needs to run at all.
SYSTEM = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
# How people see the output. TZ is the clock of the lines on stderr; servers and stored times are UTC.
TERMINAL = ("TERM", "COLORTERM", "COLUMNS", "LINES", "NO_COLOR", "TZ", "LANG", "LANGUAGE")
# Who we are to Google: application-default credentials, and where a machine of Google's is asked for them.
GOOGLE = (
    *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_QUOTA_PROJECT", "CLOUDSDK_CONFIG", "CLOUDSDK_CORE_PROJECT"),
    *("GCE_METADATA_HOST", "GCE_METADATA_IP", "GCE_METADATA_ROOT", "NO_GCE_CHECK"),
)
# Whom TLS trusts. requests, and with it Google's clients, read the first two; OpenSSL, and with it libpq, the others.
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
CERTIFICATES = (*BUNDLES, "SSL_CERT_DIR")
# Which of several tasks of one job we are: orchestration/plan/shares.py.
TASKS = ("CLOUD_RUN_TASK_INDEX", "CLOUD_RUN_TASK_COUNT", "JOB_COMPLETION_INDEX")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
SETTINGS = "TAXI_"

# What never goes through a proxy, in the forms that requests, urllib and gRPC understand.
LOOPBACK = ("localhost", "127.0.0.1", "::1", "127.0.0.0/8")


def clean(given: Mapping[str, str]) -> dict[str, str]:
    """Of the variables `given` to this program those that it keeps, with its clients. Empty ones are left out."""
    listed = (*SYSTEM, *TERMINAL, *GOOGLE, *TASKS)
    ours = (name for name in given if name.startswith((SETTINGS, "LC_")))
    passed = {name: given[name] for name in (*listed, *ours) if given.get(name)}
    return passed | _certificates(given) | _proxies(given)


def for_server(**ours: str) -> dict[str, str]:
    """The environment of an embedded server: SYSTEM and the variables given. No credential, proxy or setting.

    The locale is C: PostgreSQL refuses to start by one that is not installed.
    """
    return _some_of(os.environ, SYSTEM) | {"LC_ALL": "C", "TZ": "UTC"} | ours


def for_client(**ours: str) -> dict[str, str]:
    """The environment of a client of Google or of our servers: the clean one and the variables given; no setting."""
    here = clean(os.environ)
    kept = {name: value for name, value in here.items() if not name.startswith((SETTINGS, "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"} | ours


def _some_of(given: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: given[name] for name in names if given.get(name)}


def _certificates(given: Mapping[str, str]) -> dict[str, str]:
    """One bundle for all clients, whichever of the variables names it."""
    passed = _some_of(given, CERTIFICATES)
    bundle = next((passed[name] for name in BUNDLES if name in passed), "")
    return passed | ({"REQUESTS_CA_BUNDLE": bundle} if bundle else {})


def _proxies(given: Mapping[str, str]) -> dict[str, str]:
    """Each under both its names, as some clients read only one; loopback is left out of them.

    Where both are given the lower-case name counts, as for curl and urllib: empty, it switches the other off.
    """
    passed = {name: given.get(name.lower(), given.get(name, "")) for name in PROXIES}
    if not any(passed.values()):
        return {}
    direct = given.get("no_proxy", given.get("NO_PROXY", ""))
    if direct.strip() != "*":  # which is everything, and is understood only when it stands alone
        named = [name for part in direct.split(",") if (name := part.strip())]
        direct = ",".join([*named, *(name for name in LOOPBACK if name not in named)])
    both = {**passed, "NO_PROXY": direct.strip()}
    return {form: value for name, value in both.items() if value for form in (name, name.lower())}
