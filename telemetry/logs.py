"""The log: one line for each thing that happened, for people or for machines to read.

It holds ids, and never what people wrote or what they are called. An error is therefore told by
its type and where it came from. What it says may quote anything: only developers see that.
"""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Literal, TextIO

import structlog
from sqlalchemy.exc import DBAPIError
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow

from telemetry.correlation import request_id, subject

Form = Literal["console", "json"]
Raised = tuple[type[BaseException], BaseException, TracebackType | None]

_QUIET = ("asyncio", "authlib", "hpack", "httpcore", "httpx", "opentelemetry", "python_multipart")
"""These name addresses, or what was sent; their warnings do as well as their chatter."""

_CARRYING = ("temporalio.activity", "temporalio.worker")
"""The SDK's, which at debug level show what an activity answers and puts in its heartbeats."""

_FROM_TEMPORAL = ("workflow_id", "workflow_type", "activity_type", "attempt")
_OURS = (
    *("booking_id", "provider_id", "method", "route", "status"),
    *("activity_type", "attempt", "seconds"),
)
"""What our own lines say besides their text, if they do."""

_PREFIXES = {"booking/": "booking_id", "provider-standing/": "provider_id"}
"""As `domain.workflow_ids` has them, which telemetry does not know: a test holds them together."""

_FRAMES = 12


def configure(
    level: str, form: Form, *, with_messages: bool = False, stream: TextIO | None = None
) -> None:
    """Have everything that this process logs written to standard error, in one form.

    `with_messages` shows what errors say, which may quote what people wrote.
    """
    told: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _with_context,
        _Errors(with_messages=with_messages),
    ]
    shown: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=_plain)
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=told,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, shown],
        )
    )
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _CARRYING:
        least = max(logging.INFO, logging.getLogger().level)
        logging.getLogger(name).setLevel(least)
    # What the SDK says of a workflow or an activity becomes fields, not a text behind the text.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False


def _with_context(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """On behalf of which request, and about what."""
    record: logging.LogRecord = event["_record"]
    found: dict[str, object] = {"request_id": request_id.get(), "workflow_id": subject.get()}
    for source in ("temporal_workflow", "temporal_activity"):
        details = getattr(record, source, None) or {}
        found |= {name: details[name] for name in _FROM_TEMPORAL if name in details}
    for prefix, name in _PREFIXES.items():
        workflow_id = str(found["workflow_id"] or "")
        if workflow_id.startswith(prefix):
            found[name] = workflow_id.removeprefix(prefix)
    found |= {name: getattr(record, name) for name in _OURS if hasattr(record, name)}
    event.update({name: value for name, value in found.items() if value is not None})
    return event


class _Errors:
    """Tells an error by its type, its causes, and where in the code each was raised."""

    def __init__(self, *, with_messages: bool) -> None:
        self._with_messages = with_messages

    def __call__(self, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        record: logging.LogRecord = event["_record"]
        event.pop("exc_info", None)
        if record.exc_info and record.exc_info[1] is not None:
            event["exception"] = "\n".join(self._told(record.exc_info[1]))
            # The formatter would add the whole of it by itself.
            record.exc_info = record.exc_text = None
        return event

    def _told(self, error: BaseException) -> list[str]:
        lines: list[str] = []
        seen: set[int] = set()
        cause: BaseException | None = error
        # What is raised from itself, to be told as it is, is its own cause.
        while cause is not None and id(cause) not in seen:
            seen.add(id(cause))
            lines += ["caused by"] if lines else []
            lines.append(self._headline(cause))
            lines += [
                f"  {frame.filename}:{frame.lineno} {frame.name}"
                for frame in traceback.extract_tb(cause.__traceback__)[-_FRAMES:]
            ]
            context = None if cause.__suppress_context__ else cause.__context__
            cause = cause.__cause__ or context
        return lines

    def _headline(self, error: BaseException) -> str:
        name = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
        if self._with_messages or isinstance(error, OSError):
            return f"{name}: {error}"
        if isinstance(error, DBAPIError):
            return f"{name}: {getattr(error.orig, 'sqlstate', None) or 'no answer'}"
        return name


def _plain(stream: TextIO, raised: Raised) -> None:
    """Nothing: errors have been told by then."""
    del stream, raised
