"""What operators run in a terminal: each command asks, and prints what it is told."""

from __future__ import annotations

from datetime import timedelta

A_CENTURY = timedelta(days=36_525)
"""No span that an operator can mean is longer: it leads out of the calendar."""


class OperatorError(Exception):
    """What the operator can mend, or has to decide; the message is for them."""
