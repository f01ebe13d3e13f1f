"""What is done to standings through the gateway, up to the moment when the database shows it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from api.body import Json
from api.commands import Given
from api.idempotency import Answered
from api.outcomes import Applied, NotRunning, Taken
from api.problems import refused, unavailable
from api.services import Services, clock
from api.views import accepted_view
from db.queries.standings import standing_as_of
from domain.refusal import Refusal
from domain.standing.view import standing_json


async def tell(parts: Services, provider_id: str, given: Given) -> Answered:
    """Gives a command to a standing: 200 with it as it is then, or 202 with no worker.

    Raises the problem of the refusal.
    """
    match await parts.gateway.tell_standing(provider_id, given.order):
        case Refusal() as refusal:
            raise refused(refusal)
        case Taken():
            return Answered(status=202, body=accepted_view(provider_id, given.command_id))
        case NotRunning():
            raise unavailable("The standing cannot take commands at the moment.")
        case Applied():
            async with parts.engine.connect() as conn:
                return Answered(status=200, body=await standing_of(conn, provider_id))


async def standing_of(conn: AsyncConnection, provider_id: str) -> Json:
    """Where a provider stands: good, until something late is known of them."""
    return standing_json(await standing_as_of(conn, provider_id, clock()))
