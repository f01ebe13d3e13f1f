"""How people are told of what concerns them, for the API and for the portal."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from api.body import Json
from api.idempotency import Answered, Effect
from api.models.notices import NoticesWanted
from api.problems import malformed_field, refused
from db.queries.contacts import Reach, Source, get_reach
from db.stores.contacts import hold_person, keep_address, keep_choice, keep_zone
from domain.notices import preferences
from domain.notices.ledger import Channel
from domain.notices.preferences import CONCERN
from domain.party import Party, Role

_ON_BEHALF = frozenset({Role.SUPPORT, Role.SERVICE})


def notices_view(who: Party, reach: Reach) -> Json:
    """How somebody is told."""
    return {
        "role": who.role.value,
        "id": who.id,
        "email": reach.email,
        "email_source": reach.source.value if reach.source else None,
        "time_zone": reach.zone,
        "channels": {
            group.value: [channel.value for channel in preferences.channels(reach.choice, group)]
            for group in CONCERN[who.role]
        },
    }


def changing(who: Party, wanted: NoticesWanted, caller: Party) -> Effect:
    """What `written_once` carries out to change how somebody is told: 200 with how they are then.

    Raises the problem 422 for a group that does not concern them; it is refused where all that
    binds them would be off.
    """
    for group in wanted.channels:
        if group not in CONCERN[who.role]:
            raise malformed_field(f"channels.{group}", f"nothing of it concerns a {who.role}")

    async def change(conn: AsyncConnection, _: str) -> Answered:
        await hold_person(conn, who)
        before = await get_reach(conn, who)
        chosen = {group: Channel.EMAIL in by for group, by in wanted.channels.items()}
        choice = {**before.choice, **chosen}
        refusal = preferences.refused(who.role, choice) if chosen else None
        if refusal is not None:
            raise refused(refusal)
        if chosen:
            await keep_choice(conn, who, choice)
        if "email" in wanted.model_fields_set:
            source = Source.SERVICE if caller.role in _ON_BEHALF else Source.PERSON
            await keep_address(conn, who, wanted.email, source)
        if wanted.time_zone is not None:
            await keep_zone(conn, who, wanted.time_zone)
        return Answered(status=200, body=notices_view(who, await get_reach(conn, who)))

    return change
