"""All settings as they are in force, and where each is written. What may be a secret is never shown."""

from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from common.masking import MASK, masked
from orchestration.setting_groups import GROUPS, Settings
from orchestration.setting_words import may_be_secret

DEFAULT = "default"


@dataclass(frozen=True)
class ShownSetting:
    """A setting. `value` is as settings.toml would have it; '' where it is empty."""

    name: str
    value: str
    origin: str
    is_secret: bool


def shown_settings(settings: Settings) -> list[ShownSetting]:
    """In the order of the groups; the profile first."""
    return [
        _shown(settings, "profile", settings.profile),
        *(
            _shown(settings, str(field.alias), getattr(getattr(settings, group), attribute))
            for group, kind in GROUPS.items()
            for attribute, field in kind.model_fields.items()
        ),
    ]


def _shown(settings: Settings, name: str, value: Any) -> ShownSetting:
    is_secret = may_be_secret(name) or _holds_secret(value)
    text = _text(value)
    return ShownSetting(
        name, MASK if is_secret and text else masked(text), settings.origins.get(name, DEFAULT), is_secret
    )


def _holds_secret(value: Any) -> bool:
    return isinstance(value, SecretStr) or (isinstance(value, tuple) and any(_holds_secret(one) for one in value))


def _text(value: Any) -> str:
    """Of a secret too: whoever shows it masks it."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ", ".join(_text(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return "" if value is None else str(value)
