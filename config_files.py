"""Secrets from files: every secret setting is also taken from `KEEPDATE_<NAME>_FILE`.

So they come to a container as Compose, Kubernetes and systemd hand them over, and are not to be
seen in its environment.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class SecretFileError(Exception):
    """A file that should hold a secret cannot be used; the message names the variable."""


class SecretFiles(PydanticBaseSettingsSource):
    """Reads the secrets that are named as files. A file that is empty counts as not set."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """What the file of one setting holds, without the end of its line; None without one."""
        variable = variable_of(self.settings_cls, field_name)
        named = os.environ.get(f"{variable}_FILE")
        if not is_secret(field) or not named:
            return None, field_name, False
        if os.environ.get(variable):
            raise SecretFileError(f"{variable} and {variable}_FILE are both set")
        try:
            text = Path(named).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not text"
            raise SecretFileError(f"{variable}_FILE: {named}: {reason}") from None
        return text.strip("\r\n") or None, field_name, False

    def __call__(self) -> dict[str, Any]:
        """Every secret that is in a file, by the name of its setting."""
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in found.items() if value is not None}


def is_secret(field: FieldInfo) -> bool:
    """Whether a setting is a secret: one that is never shown."""
    return not field.repr


def variable_of(settings: type[BaseSettings], name: str) -> str:
    """The environment variable of a setting."""
    return f"{settings.model_config.get('env_prefix', '')}{name}".upper()
