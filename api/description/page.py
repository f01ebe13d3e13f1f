"""Serving that page, all of it from our own origin.

Swagger UI comes as files of a package, so that the page is the same without the internet, and
nobody else's server is trusted with the origin of the portal's session.
"""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI
from starlette.responses import FileResponse
from starlette.staticfiles import StaticFiles

PATH = "/docs"

_HERE = Path(__file__).parent
_SWAGGER_UI = ("fastapi_offline", "static")


def install(app: FastAPI) -> None:
    """Puts the page into the application."""

    @app.get(PATH, include_in_schema=False)
    async def page() -> FileResponse:
        return FileResponse(_HERE / "page.html")

    @app.get(f"{PATH}/start.js", include_in_schema=False)
    async def start() -> FileResponse:
        return FileResponse(_HERE / "start.js")

    app.mount(f"{PATH}/swagger-ui", StaticFiles(packages=[_SWAGGER_UI]), name="swagger-ui")
