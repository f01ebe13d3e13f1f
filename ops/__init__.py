"""What operators run in a terminal: each command asks, and prints what it is told."""

from __future__ import annotations


class OperatorError(Exception):
    """What the operator can mend, or has to decide; the message is for them."""
