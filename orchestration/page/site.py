"""What the routes of the page share, and what every template is given."""

from dataclasses import dataclass
from typing import Any

from orchestration.page.notice import synthetic_source
from orchestration.page.pages import PAGES
from orchestration.page.reading import Reader
from orchestration.page.security import Token, headers_of, is_signed_in
from orchestration.settings import Settings

NOT_KEPT = {"cache-control": "no-store"}


@dataclass(frozen=True)
class Site:
    """What the routes share."""

    settings: Settings
    reader: Reader
    token: Token
    port: int


def common_values(site: Site, scope: Any) -> dict[str, Any]:
    """What every template is given."""
    headers = headers_of(scope)
    return {
        "menu": [(one.path, one.menu) for one in PAGES if one.menu],
        "path": scope["path"],
        "is_signed_in": is_signed_in(site.token, headers),
        "profile": site.settings.profile,
        "synthetic": synthetic_source(site.settings),
        "is_report": False,
    }
