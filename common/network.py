"""Whether the variables on proxies and certificates let a client reach an address: said before it tries."""

import os
import ssl
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from common.environment import CERTIFICATES, PROXIES
from common.errors import SettingError

_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def check(address: str) -> None:
    """Raise SettingError that names the variable which keeps `address`, of a web server, from being reached."""
    from requests.utils import get_environ_proxies, select_proxy

    if urlsplit(address).scheme.lower() == "https":
        _check_certificates()
    if proxy := select_proxy(address, get_environ_proxies(address)):
        _check_proxy(proxy)


def _check_certificates() -> None:
    for name in reversed(CERTIFICATES):  # REQUESTS_CA_BUNDLE last: it may be ours, see common.environment
        path = os.environ.get(name)
        if not path:
            continue
        try:
            if name == "SSL_CERT_DIR" or Path(path).is_dir():
                os.listdir(path)
            else:
                ssl.create_default_context(cafile=path)
        except OSError as error:  # SSLError is one
            why = "no certificate in PEM form is in it" if isinstance(error, ssl.SSLError) else error.strerror
            raise SettingError(
                f"The variable {name} names {path}, which cannot be used: {why}",
                f"Have it name the certificates of those whom TLS is to trust, or `unset {name}`",
            ) from None


def _check_proxy(proxy: str) -> None:
    name = next((one for one in PROXIES if os.environ.get(one) == proxy), "HTTPS_PROXY")
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        is_address = bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or parts.scheme.lower() not in _SCHEMES:
        raise SettingError(
            f"The variable {name} names no proxy that we can use",
            "Write it as http://host:port, or socks5h://host:port for a SOCKS proxy",
        )
    if parts.scheme.lower().startswith("socks") and not find_spec("socks"):
        raise SettingError(
            f"The variable {name} names a SOCKS proxy, for which the package PySocks is missing",
            f"Install it (`.venv/bin/pip install pysocks`), or have {name} name an HTTP proxy",
        )
