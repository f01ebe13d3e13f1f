"""Writing down what was decided, each decision in one transaction."""

from __future__ import annotations

from db.recording.booking import UnknownTopicError, record_booking
from db.recording.standing import record_standing
from db.recording.transaction import RecordingGapError

__all__ = ["RecordingGapError", "UnknownTopicError", "record_booking", "record_standing"]
