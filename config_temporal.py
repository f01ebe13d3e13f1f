"""How to reach Temporal, and where operators see it with their own eyes.

The connection comes from Temporal's own `TEMPORAL_…` variables and TOML profiles, which the
`temporal` command reads too.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from temporalio.envconfig import ClientConfigProfile, ClientConnectConfig
from temporalio.service import TLSConfig

from config import ConfigurationError, Settings
from config_values import is_server

_DEFAULT_NAMESPACE = "default"


def temporal_connection(settings: Settings) -> ClientConnectConfig:
    """How to reach Temporal: keyword arguments for `temporalio.client.Client.connect`.

    Where no address is named, it is this machine's. Raises ConfigurationError.
    """
    try:
        profile = ClientConfigProfile.load()
        # What is empty is not there, as with our own settings; an empty key would turn TLS on.
        found = replace(
            profile, api_key=profile.api_key or None, namespace=profile.namespace or None
        ).to_client_connect_config()
    except RuntimeError as error:
        # Its first line alone: the others quote the file, and with it the API key.
        told = str(error).splitlines()[0]
        raise ConfigurationError(f"Temporal's configuration: {told}") from None
    except OSError as error:
        told = f"{error.filename}: {error.strerror}"
        raise ConfigurationError(f"Temporal's configuration: {told}") from None
    address, tls = found.get("target_host"), found.get("tls")
    if address is not None and not is_server(address):
        raise ConfigurationError(f"Temporal's configuration: {address!r} is no host:port")
    if isinstance(tls, TLSConfig) and bool(tls.client_cert) != bool(tls.client_private_key):
        raise ConfigurationError(
            "Temporal's configuration: a client's certificate and its key go together"
        )
    default: ClientConnectConfig = {"target_host": f"127.0.0.1:{settings.temporal_port}"}
    return {**default, **found}


def workflows_page(settings: Settings) -> str:
    """The address of the page of the Temporal UI that lists our workflows."""
    namespace = temporal_connection(settings).get("namespace") or _DEFAULT_NAMESPACE
    return f"{settings.temporal_ui.rstrip('/')}/namespaces/{quote(namespace, safe='')}/workflows"


def workflow_page(settings: Settings, workflow_id: str) -> str:
    """The address of a workflow's page, which is that of its newest run."""
    return f"{workflows_page(settings)}/{quote(workflow_id, safe='')}"
