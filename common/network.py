"""What variables on proxies and certificates do to a client's way to an address: said by their names."""

import os
import ssl
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from common.environment import BUNDLES, PROXIES
from common.errors import SettingError

GOOGLE = "https://storage.googleapis.com/"

_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def check_way_to(address: str) -> None:
    """Raise SettingError that names the variable by which `address`, of a web server, cannot be reached."""
    from requests.utils import get_environ_proxies, select_proxy

    if urlsplit(address).scheme.lower() == "https":
        _check_certificates()
    if proxy := select_proxy(address, get_environ_proxies(address)):
        _check_proxy(proxy)


def check_way_to_google() -> None:
    """The same for Google's services, and whether the key file is there that a variable names."""
    check_way_to(GOOGLE)
    name = "GOOGLE_APPLICATION_CREDENTIALS"
    if (path := os.environ.get(name)) and not Path(path).is_file():
        raise SettingError(f"The variable {name} names {path}, which is not a file", f"Correct it, or `unset {name}`")


def hindrance(error: BaseException) -> str:
    """Why a request failed, where that was its proxy or the server's certificate; '' where it was neither."""
    from requests.exceptions import ProxyError

    causes = list(causes_of(error))
    if isinstance(error, ProxyError):
        said = next((str(cause) for cause in causes if "Tunnel connection failed" in str(cause)), "")
        system = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), "")
        why = said.rpartition("Tunnel connection failed: ")[2].strip("')") or system or "it does not answer"
        return f"the proxy that HTTP_PROXY, HTTPS_PROXY or ALL_PROXY names does not let us through ({why})"
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message
            return f"its certificate is not trusted ({why}); SSL_CERT_FILE can name a file of those whom you trust"
    return ""


def causes_of(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it. urllib3 and requests keep the cause among an error's arguments."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        reasons = [getattr(cause, "reason", None), *cause.args]
        within = next((reason for reason in reasons if isinstance(reason, BaseException)), None)
        cause = within or cause.__cause__ or cause.__context__


def _check_certificates() -> None:
    for name in reversed(BUNDLES):  # REQUESTS_CA_BUNDLE last: it may be a copy, see common.environment
        path = os.environ.get(name)
        if not path:
            continue
        try:
            if Path(path).is_dir():
                os.listdir(path)
            else:
                ssl.create_default_context(cafile=path)
        except OSError as error:  # ssl.SSLError is one
            why = "it holds no certificate in PEM form" if isinstance(error, ssl.SSLError) else error.strerror
            raise SettingError(
                f"The variable {name} names {path}, by which TLS can trust nobody: {why}",
                f"Have it name a file of certificates, or `unset {name}`",
            ) from None


def _check_proxy(proxy: str) -> None:
    name = next((one for one in PROXIES if os.environ.get(one) == proxy), "HTTPS_PROXY")
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        is_address = bool(parts.hostname) and parts.port != 0 and parts.scheme.lower() in _SCHEMES
    except ValueError:
        is_address = False
    if not is_address:
        raise SettingError(
            f"The variable {name} names no proxy that we can use",
            f"Write it as http://host:port (or socks5h://host:port), or `unset {name}`",
        )
    if parts.scheme.lower().startswith("socks") and not find_spec("socks"):
        raise SettingError(
            f"The variable {name} names a SOCKS proxy, and the package PySocks, which speaks to one, is not installed",
            f"Install it with `.venv/bin/python -m pip install pysocks`, or have {name} name an HTTP proxy",
        )
