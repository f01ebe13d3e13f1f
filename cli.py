"""The `keepdate` command."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import FrameType
from typing import Annotated

import typer

from config import ConfigurationError, Settings, load_settings
from config_check import Environment, unsafe
from config_temporal import temporal_connection, workflows_page
from domain.party import Party, Role, is_id
from ops.commands import app as operations

app = typer.Typer(
    name="keepdate",
    help="The booking engine of a marketplace, kept by durable timers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(operations)

_log = logging.getLogger("keepdate")

_TEN_YEARS_SECONDS = 10 * 365 * 24 * 3600


class Speaker(StrEnum):
    """Whom a token can speak for: everybody but the clock."""

    PROVIDER = Role.PROVIDER.value
    CLIENT = Role.CLIENT.value
    SUPPORT = Role.SUPPORT.value
    SERVICE = Role.SERVICE.value


class CommandError(Exception):
    """What the operator can mend; the message is one line."""


@app.command()
def up() -> None:
    """Runs the whole stack on this machine, until Ctrl-C."""
    settings = load_settings()
    try:
        from dev import stack
        from dev.process import StartError
    except ModuleNotFoundError as missing:
        raise CommandError(
            f"{missing.name} is not installed: `keepdate up` needs `pip install keepdate[embedded]`"
        ) from None
    try:
        code = stack.up(settings)
    except StartError as failure:
        raise CommandError(str(failure)) from None
    _on_request_to_stop(signal.SIG_IGN)
    raise typer.Exit(code)


@app.command()
def api() -> None:
    """Serves the HTTP API and the portal."""
    settings = _settings_with_logging()
    settings.require_database_url()
    # The server would tell what is wrong with it by a traceback, or not before somebody asks.
    temporal_connection(settings)
    from api.app import create_app
    from api.server import Server
    from telemetry import traces

    traces.start("keepdate-api")

    server = Server(
        create_app(settings),
        host=settings.http_host,
        port=settings.http_port,
        log_config=None,
        # Every request has a line of our own, without what was searched for.
        access_log=False,
        timeout_graceful_shutdown=round(settings.graceful_shutdown_seconds),
    )

    def ask_to_stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # uvicorn raises the signal again once it has stopped; without a handler of ours that would
    # turn an orderly end into a death by signal.
    _on_request_to_stop(ask_to_stop)
    _keep_what_is_loaded()
    server.run()
    _on_request_to_stop(signal.SIG_IGN)
    traces.stop()
    if not server.started:
        raise typer.Exit(1)


@app.command()
def worker() -> None:
    """Runs the workflows and activities."""
    settings = _settings_with_logging()
    settings.require_database_url()
    import uvloop
    from temporalio.service import RPCError

    from telemetry import traces
    from telemetry.measuring import MetricsAddressError
    from worker import run_worker
    from workflows.search_attributes import AttributeClashError

    traces.start("keepdate-worker")

    async def serve() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        # Not by the loop's own handlers, which end with it, before the process does.
        _on_request_to_stop(lambda *_: loop.call_soon_threadsafe(stop.set))
        try:
            await run_worker(settings, stop)
        finally:
            _on_request_to_stop(signal.SIG_IGN)

    _keep_what_is_loaded()
    try:
        # Not by `run`, which waits for whatever is left: of a worker that fails, for ever.
        uvloop.new_event_loop().run_until_complete(serve())
    except (AttributeClashError, MetricsAddressError) as error:
        raise CommandError(str(error)) from None
    except RPCError as error:
        raise CommandError(f"Temporal refuses the worker: {error.message}") from None
    finally:
        traces.stop()


@app.command()
def migrate() -> None:
    """Brings the database to the newest schema."""
    settings = _settings_with_logging()
    url = settings.require_database_url()
    from sqlalchemy.exc import DBAPIError

    from db import outages
    from db.migrate import OldServerError, TablesInUseError, upgrade

    try:
        upgrade(url)
    except OldServerError as error:
        raise CommandError(str(error)) from None
    except TablesInUseError as error:
        raise CommandError(
            f"somebody uses a table all the time, a backup perhaps: {error}"
        ) from None
    except DBAPIError as error:
        reason = outages.told(error)
        if reason is None:
            raise
        raise CommandError(reason) from None


@app.command()
def token(
    *,
    role: Annotated[Speaker, typer.Option(help="Whom the token speaks for.")],
    sub: Annotated[str, typer.Option(help="The marketplace's id of that person or service.")],
    ttl: Annotated[
        int,
        typer.Option(min=1, max=_TEN_YEARS_SECONDS, help="How long it is valid, in seconds."),
    ] = 8 * 3600,
) -> None:
    """Prints a token for development, signed with the shared secret."""
    if not is_id(sub):
        told = "an id has 1 to 64 letters, digits, hyphens, underscores and dots"
        raise typer.BadParameter(told, param_hint="--sub")
    settings = load_settings()
    if settings.environment == "production" or settings.shared_secret is None:
        raise CommandError("tokens come from the identity provider here")
    from dev.tokens import development_token

    print(development_token(settings, Party(role=Role(role), id=sub), timedelta(seconds=ttl)))


@app.command("check-config")
def check_config(
    *,
    environment: Annotated[
        Environment,
        typer.Option(envvar="KEEPDATE_ENVIRONMENT", help="Where Keepdate is to run."),
    ] = Environment.PRODUCTION,
) -> None:
    """Says which settings are unsafe, one a line; exits with 1 where there are any."""
    # Of production, where none is declared: to have forgotten that is unsafe there.
    # As for development: in production, the first of what is to be listed would end the loading.
    settings = load_settings(environment="development")
    found = unsafe(settings, temporal_connection(settings), environment, os.environ)
    accepted = set((settings.accepted_risks or "").split())
    for finding in found:
        print(f"{'accepted' if finding.variable in accepted else 'UNSAFE'}  {finding}")
    if any(finding.variable not in accepted for finding in found):
        raise typer.Exit(1)
    print(f"Nothing else is unsafe for {environment}." if found else f"Safe for {environment}.")


@app.command()
def demo() -> None:
    """Plays real bookings through the running stack, with time moved forward."""
    settings = load_settings()
    from dev.demo import play

    play(settings)


@app.command()
def queries() -> None:
    """Prints the filters that operators save in the Temporal UI, as of this moment."""
    settings = load_settings()
    from urllib.parse import quote

    from workflows.saved_queries import SAVED_QUERIES

    page = workflows_page(settings)
    now = datetime.now(UTC)
    for query in SAVED_QUERIES:
        text = query.at(now)
        print(f"{query.name}: {query.finds}\n  {text}\n  {page}?query={quote(text)}\n")


def main() -> None:
    """The entry point: what the operator can mend is one line, never a traceback."""
    code = 0
    try:
        app()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            # Why it ends, which the interpreter would have said.
            print(end.code, file=sys.stderr)
    except (CommandError, ConfigurationError) as error:
        print(f"keepdate: {error}", file=sys.stderr)
        code = 1
    except Exception:  # noqa: BLE001
        _log.critical("keepdate cannot go on", exc_info=True)
        code = 1
    logging.shutdown()
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            # Who has read it may be gone.
            with contextlib.suppress(BrokenPipeError):
                stream.flush()
        except OSError:
            # What was to be kept is not all there, and must not be taken for it.
            code = code or 1
    # The threads of Temporal's client, and an interpreter that lets go of everything, can wait for
    # each other for ever, or abort the process: it would not be started again, or be said to have
    # failed where its work is done.
    os._exit(code)


def _on_request_to_stop(act: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    """What a process does when it is asked to stop: nothing more, once it has done so.

    For the interpreter lets go of handlers when it ends, and who asks again would then kill it.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, act)


def _keep_what_is_loaded() -> None:
    # It stays as long as the process does. The garbage collector would look through all of it now
    # and then, and nobody is answered for the quarter of a second that this takes.
    gc.collect()
    gc.freeze()


def _settings_with_logging() -> Settings:
    settings = load_settings()
    from telemetry import logs

    logs.configure(
        settings.log_level,
        settings.log_form,
        with_messages=settings.environment == "development",
    )
    return settings


if __name__ == "__main__":
    main()
