"""Where operators see a workflow with their own eyes: its page in the Temporal UI."""

from __future__ import annotations

from urllib.parse import quote

from config import Settings, temporal_connection

_DEFAULT_NAMESPACE = "default"


def workflow_page(settings: Settings, workflow_id: str) -> str:
    """The address of a workflow's page, which is that of its newest run."""
    namespace = temporal_connection(settings).get("namespace") or _DEFAULT_NAMESPACE
    base = settings.temporal_ui.rstrip("/")
    return f"{base}/namespaces/{quote(namespace, safe='')}/workflows/{quote(workflow_id, safe='')}"
