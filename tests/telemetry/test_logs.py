"""The form of a log line, and what of an error it tells."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError

from domain.workflow_ids import booking_workflow_id, standing_workflow_id
from telemetry import logs
from telemetry.correlation import request_id, subject

SECRET = "what somebody wrote"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Where the log goes for one test."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:] = before
    root.setLevel(level)


def _fail() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        statement, wrong = f"INSERT {SECRET}", Exception(SECRET)
        raise IntegrityError(statement, {"note": SECRET}, wrong) from error


def test_an_error_is_told_by_its_type_and_place_alone(written: io.StringIO) -> None:
    logs.configure("info", "json", stream=written)
    try:
        _fail()
    except IntegrityError:
        logging.getLogger("keepdate.test").exception("it failed")
    line = json.loads(written.getvalue())
    assert (line["event"], line["level"], line["logger"]) == ("it failed", "error", "keepdate.test")
    assert SECRET not in written.getvalue()
    told = line["exception"].splitlines()
    assert told[0] == "sqlalchemy.exc.IntegrityError: no answer"
    assert "caused by" in told
    assert "ValueError" in told
    assert any("test_logs.py" in place and place.endswith(" _fail") for place in told)


def test_an_error_that_is_its_own_cause_is_told_once(written: io.StringIO) -> None:
    logs.configure("info", "json", stream=written)
    try:
        try:
            raise ValueError(SECRET)
        except ValueError as error:
            raise error from error
    except ValueError:
        logging.getLogger("keepdate.test").exception("it failed")
    told = json.loads(written.getvalue())["exception"].splitlines()
    assert told.count("ValueError") == 1


@pytest.mark.parametrize("form", ["json", "console"])
def test_what_an_error_says_is_for_developers(written: io.StringIO, form: logs.Form) -> None:
    logs.configure("info", form, with_messages=True, stream=written)
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("keepdate.test").exception("it failed")
    assert SECRET in written.getvalue()


def test_a_line_says_on_whose_behalf_and_about_what(written: io.StringIO) -> None:
    logs.configure("info", "json", stream=written)
    named, about = request_id.set("request-1"), subject.set("booking/b-1")
    try:
        extra = {"activity_type": "record-booking", "note": SECRET}
        logging.getLogger("keepdate.test").info("done", extra=extra)
    finally:
        request_id.reset(named)
        subject.reset(about)
    line = json.loads(written.getvalue())
    del line["timestamp"]
    assert line == {
        "event": "done",
        "level": "info",
        "logger": "keepdate.test",
        "request_id": "request-1",
        "workflow_id": "booking/b-1",
        "booking_id": "b-1",
        "activity_type": "record-booking",
    }


@pytest.mark.parametrize(
    ("workflow_id", "name"),
    [(booking_workflow_id("b-1"), "booking_id"), (standing_workflow_id("b-1"), "provider_id")],
)
def test_a_line_names_the_booking_or_the_provider_of_a_workflow(
    written: io.StringIO, workflow_id: str, name: str
) -> None:
    logs.configure("info", "json", stream=written)
    about = subject.set(workflow_id)
    try:
        logging.getLogger("keepdate.test").info("done")
    finally:
        subject.reset(about)
    assert json.loads(written.getvalue())[name] == "b-1"


def test_what_names_addresses_is_quiet(written: io.StringIO) -> None:
    logs.configure("debug", "json", stream=written)
    logging.getLogger("httpx").info("HTTP Request: POST https://example.org/?token=1")
    assert written.getvalue() == ""


@pytest.mark.parametrize("level", ["debug", "info", "error"])
def test_what_activities_carry_is_not_shown_at_any_level(written: io.StringIO, level: str) -> None:
    logs.configure(level, "json", stream=written)
    for name in ("temporalio.activity", "temporalio.worker._activity"):
        logging.getLogger(name).debug("Recording heartbeat with details %s", SECRET)
        logging.getLogger(name).warning("Completing activity as failed")
    shown = [json.loads(line)["event"] for line in written.getvalue().splitlines()]
    assert shown == ([] if level == "error" else ["Completing activity as failed"] * 2)
