"""What a worker measures, for Prometheus to read."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)


class MetricsAddressError(Exception):
    """Metrics cannot be served where they should be; the message is one line."""


def measured_runtime(address: str, buckets: Mapping[str, Sequence[float]]) -> Runtime:
    """What the SDK runs on: its own measurements and ours, for Prometheus at an address.

    `buckets` are the bounds by which a measurement of ours is counted, by its name. Raises
    `MetricsAddressError`.
    """
    prometheus = PrometheusConfig(
        bind_address=address,
        durations_as_seconds=True,
        histogram_bucket_overrides=buckets,
    )
    logs = LoggingConfig(
        filter=TelemetryFilter(core_level="WARN", other_level="ERROR"),
        # As lines of our own log, in its form.
        forwarding=LogForwardingConfig(logger=logging.getLogger("temporalio.core")),
    )
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=prometheus, logging=logs))
    except ValueError as error:
        raise MetricsAddressError(f"metrics cannot be served at {address}: {error}") from None
