"""Writing endpoints of webhooks, as their owners want them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from db.ledger import OWED_COLUMNS, owed_of
from db.schema import idempotency_keys, notices, webhooks
from domain.instants import rfc3339
from domain.notices.endpoint import DELETED, DISABLED, MOST_OLD_SECRETS, SECRET_OVERLAP
from domain.notices.ledger import NoticeState, Owed
from domain.party import Party

_OWNERS = 0x77656268  # "webh"


async def hold_owner(conn: AsyncConnection, owner: Party) -> None:
    """Until the transaction ends, nobody else adds an endpoint for this owner: they are counted."""
    await conn.execute(
        select(func.pg_advisory_xact_lock(_OWNERS, func.hashtext(f"{owner.role}/{owner.id}")))
    )


async def insert_webhook(
    conn: AsyncConnection,
    *,
    webhook_id: str,
    owner: Party,
    url: str,
    description: str,
    types: Collection[str],
    secret: str,
    now: datetime,
) -> None:
    """Adds an endpoint. Adding the same id again changes nothing."""
    await conn.execute(
        insert(webhooks)
        .values(
            id=webhook_id,
            owner_role=owner.role.value,
            owner_id=owner.id,
            url=url,
            description=description,
            types=list(types),
            secret=secret,
            old_secrets=[],
            created_at=now,
            updated_at=now,
        )
        .on_conflict_do_nothing(index_elements=["id"])
    )


async def update_webhook(
    conn: AsyncConnection,
    webhook_id: str,
    *,
    now: datetime,
    url: str | None = None,
    description: str | None = None,
    types: Collection[str] | None = None,
) -> None:
    """Changes what is given of an endpoint. At another URL, it has not failed yet."""
    given = {
        "url": url,
        "description": description,
        "types": None if types is None else list(types),
    }
    changed: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if url is not None:
        # A form sends the address that there was, too.
        changed["failing_since"] = case((webhooks.c.url == url, webhooks.c.failing_since))
    await _update(conn, webhook_id, **changed, updated_at=now)


async def enable_webhook(conn: AsyncConnection, webhook_id: str, *, now: datetime) -> None:
    """Lets an endpoint be told again. What happened while it was disabled it is not told of."""
    await _update(
        conn,
        webhook_id,
        failing_since=None,
        disabled_at=None,
        disabled_reason=None,
        updated_at=now,
    )


async def disable_webhook(
    conn: AsyncConnection, webhook_id: str, *, now: datetime, reason: str
) -> None:
    """Has an endpoint told of nothing, by its owner's wish; what it is owed ends as failed."""
    await _update(conn, webhook_id, disabled_at=now, disabled_reason=reason, updated_at=now)
    await end_owed(conn, webhook_id, NoticeState.FAILED, reason=DISABLED, now=now)


async def replace_secret(
    conn: AsyncConnection, webhook_id: str, *, secret: str, now: datetime
) -> datetime | None:
    """Gives an endpoint another secret, and answers until when the one it had signs too.

    None where the endpoint was deleted in the meantime: it has no secret any more.
    """
    found = await conn.execute(
        select(webhooks.c.secret, webhooks.c.old_secrets)
        .where(webhooks.c.id == webhook_id, webhooks.c.deleted_at.is_(None))
        .with_for_update()
    )
    row = found.one_or_none()
    if row is None:
        return None
    until = now + SECRET_OVERLAP
    still = [old for old in row.old_secrets if datetime.fromisoformat(old["until"]) > now]
    old = [{"secret": row.secret, "until": rfc3339(until)}, *still][:MOST_OLD_SECRETS]
    await _update(conn, webhook_id, secret=secret, old_secrets=old, updated_at=now)
    return until


async def delete_webhook(conn: AsyncConnection, webhook_id: str, *, now: datetime) -> bool:
    """Deletes an endpoint and its secrets; False if it is gone already.

    The answers that they were told in are kept without them. What it was sent stays on record, and
    what it is owed ends as skipped.
    """
    done = await conn.execute(
        update(webhooks)
        .where(webhooks.c.id == webhook_id, webhooks.c.deleted_at.is_(None))
        .values(deleted_at=now, updated_at=now, secret="", old_secrets=[])
        .returning(webhooks.c.owner_role, webhooks.c.owner_id)
    )
    owner = done.one_or_none()
    if owner is None:
        return False
    await end_owed(conn, webhook_id, NoticeState.SKIPPED, reason=DELETED, now=now)
    answered = idempotency_keys.c.body
    await conn.execute(
        update(idempotency_keys)
        .where(
            # Nobody else was ever told one.
            idempotency_keys.c.owner_role == owner.owner_role,
            idempotency_keys.c.owner_id == owner.owner_id,
            answered.contains({"id": webhook_id}),
            answered.has_key("secret"),
        )
        .values(body=answered.concat({"secret": ""}))
    )
    return True


async def end_owed(
    conn: AsyncConnection, webhook_id: str, state: NoticeState, *, reason: str, now: datetime
) -> None:
    """Ends all that is still owed to an endpoint."""
    await conn.execute(
        update(notices)
        .where(notices.c.webhook_id == webhook_id, notices.c.state == NoticeState.OWED)
        .values(state=state, reason=reason, ended_at=now)
    )


async def owe_again(conn: AsyncConnection, delivery_id: str) -> Owed:
    """Owes a delivery once more, however it has ended. Its id stays, so a receiver knows it."""
    done = await conn.execute(
        update(notices)
        .where(notices.c.id == delivery_id)
        .values(state=NoticeState.OWED, reason=None, ended_at=None)
        .returning(*OWED_COLUMNS)
    )
    return owed_of(done.one())


async def _update(conn: AsyncConnection, webhook_id: str, **values: Any) -> None:
    await conn.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(**values))
