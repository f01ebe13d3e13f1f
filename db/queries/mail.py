"""What a mail is made of: a notice of the ledger, and everything that it tells."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from db.queries.contacts import Reach, get_reach
from db.queries.inbox import NoticeRow, with_contents
from db.queries.people import find_people
from db.schema import notices
from domain.party import Party, Role


@dataclass(frozen=True, kw_only=True)
class MailRow:
    """A notice on its way by e-mail: to whom, and what the people that it names are called."""

    notice: NoticeRow
    reach: Reach
    names: dict[Party, str]

    def name_of(self, role: Role, person_id: str | None) -> str:
        """What somebody is called: by their id, where nobody knows more."""
        return self.names.get(Party(role=role, id=person_id), person_id) if person_id else ""


async def get_mail(conn: AsyncConnection, notice_id: str) -> MailRow | None:
    """What a notice's mail is made of, as it is now; None if there is no such notice."""
    row = (await conn.execute(select(notices).where(notices.c.id == notice_id))).one_or_none()
    if row is None:
        return None
    (notice,) = await with_contents(conn, [row])
    people = {notice.to}
    if notice.provider_id is not None:
        people.add(Party(role=Role.PROVIDER, id=notice.provider_id))
    if notice.booking is not None:
        people.add(Party(role=Role.CLIENT, id=notice.booking.booking.client_id))
    people |= {Party(role=Role.CLIENT, id=heading.client_id) for heading in notice.named}
    found = await find_people(conn, people)
    return MailRow(
        notice=notice,
        reach=await get_reach(conn, notice.to),
        names={party: person.name for party, person in found.items() if person.name},
    )
