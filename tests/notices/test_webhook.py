"""What a webhook says, and that the receiver of the documentation understands it."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from notices.event import event_json
from notices.webhook import message, signed

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
SECRET = "whsec_" + base64.b64encode(b"a secret of twenty-four.").decode()
OTHER = "whsec_" + base64.b64encode(b"another, of twenty-four.").decode()
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
EVENT = event_json(
    place=4711,
    type="booking.confirmed",
    occurred_at=AT,
    booking_id="booking-1",
    provider_id="ada",
    data={"start": "2026-03-06T09:00:00Z", "note": "Čaj? \u2028"},
)


def test_a_message_is_made_as_the_standard_recommends() -> None:
    body = message(EVENT)
    assert json.loads(body) == {
        "type": "booking.confirmed",
        "timestamp": "2026-03-02T09:00:00Z",
        "data": EVENT,
    }
    assert body == message(dict(EVENT))


def test_who_reads_no_feed_is_told_no_place_in_it() -> None:
    fields = {name: value for name, value in EVENT.items() if name not in ("id", "seq")}
    unplaced = event_json(
        place=None,
        type="booking.confirmed",
        occurred_at=AT,
        booking_id="booking-1",
        provider_id="ada",
        data=EVENT["data"],
    )
    assert unplaced == fields


def test_the_signature_is_that_of_the_standard() -> None:
    # The example of the specification's own libraries.
    headers = signed(
        b'{"test": 2432232314}',
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=datetime.fromtimestamp(1614265330, UTC),
        secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_an_instant_is_the_same_in_every_zone() -> None:
    body, elsewhere = message(EVENT), AT.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert signed(body, message_id="one", at=elsewhere, secrets=[SECRET]) == signed(
        body, message_id="one", at=AT, secrets=[SECRET]
    )


def test_each_secret_signs() -> None:
    headers = signed(
        message(EVENT), message_id="one", at=datetime.now(UTC), secrets=[OTHER, SECRET]
    )
    for secret in (SECRET, OTHER):
        assert Webhook(secret).verify(message(EVENT), headers)["data"] == EVENT


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The example of the documentation, run as it stands there."""
    monkeypatch.setenv("KEEPDATE_SECRET", SECRET)
    (example,) = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(example, str(GUIDE), "exec"), names)  # noqa: S102
    return names


@pytest.fixture
def address(guide: dict[str, Any]) -> Iterator[str]:
    """Where the example listens."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), guide["Receiver"])
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    serving.join()
    server.server_close()


def test_the_receiver_of_the_documentation_deals_with_a_message_once(
    guide: dict[str, Any], address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    body = message(EVENT)
    with httpx.Client(trust_env=False) as http:
        for minutes in (0, 1):
            at = datetime.now(UTC) + timedelta(minutes=minutes)
            headers = signed(body, message_id="one", at=at, secrets=[OTHER, SECRET])
            assert http.post(address, content=body, headers=headers).status_code == 204
        assert guide["dealt_with"] == {"one"}
        assert capsys.readouterr().out == "booking.confirmed booking-1\n"
        headers = signed(body, message_id="two", at=datetime.now(UTC), secrets=[SECRET])
        for sent, by in (
            (body.replace(b"ada", b"bob"), headers),
            (body, {**headers, "webhook-id": "three"}),
            (body, signed(body, message_id="two", at=datetime.now(UTC), secrets=[OTHER])),
            (body, signed(body, message_id="two", at=AT, secrets=[SECRET])),
            (body, {}),
        ):
            assert http.post(address, content=sent, headers=by).status_code == 400
    assert guide["dealt_with"] == {"one"}
