"""What operators run in a terminal: each command asks, and prints what it is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

A_CENTURY = timedelta(days=36_525)
"""No span that an operator can mean is longer: it leads out of the calendar."""


Say = Callable[[str], None]
"""Where a command prints its lines."""


class OperatorError(Exception):
    """What the operator can mend, or has to decide; the message is for them."""
