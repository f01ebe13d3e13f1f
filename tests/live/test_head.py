"""HEAD, as a server answers it: what goes over a socket, and what the server says about it."""

from __future__ import annotations

import logging

import httpx
import pytest

from tests.api.marketplace import token
from tests.live.conftest import Api


async def test_head_is_answered_without_a_body_and_without_a_complaint(
    apis: tuple[Api, Api], caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"Authorization": f"Bearer {token('support', 'sue')}"}
    async with httpx.AsyncClient(base_url=apis[0].address, headers=headers) as http:
        for path in ("/v1/topics", "/v1/nothing", "/healthz", "/sign-in", "/static/portal.css"):
            whole, head = await http.get(path), await http.head(path)
            assert (head.status_code, head.content) == (whole.status_code, b"")
            assert head.headers["content-length"] == str(len(whole.content))
        stream = await http.head("/v1/live")
        assert stream.headers["content-type"].startswith("text/event-stream")
    # Not what workers say, which other tests have left behind in this process.
    ours = [each for each in caplog.records if each.name.startswith(("api.", "uvicorn", "asyncio"))]
    assert [each.getMessage() for each in ours if each.levelno > logging.INFO] == []
    measured = apis[0].app.state.metrics.registry
    labels = {"method": "HEAD", "route": "/v1/topics", "status": "200"}
    assert measured.get_sample_value("keepdate_http_requests_total", labels) == 1
