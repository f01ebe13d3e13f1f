"""What a marketplace has on record of its bookings: chats, decisions, events and the ledger.

The database makes all of it from the bookings that are there: there are many more rows than those.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

import psycopg

from domain.party import Role

# Ids are made as of when something happened: lists are in their order.
_CONVERSATIONS = """
    INSERT INTO conversations (id, provider_id, client_id, created_at, latest)
    SELECT id, provider_id, client_id, created_at, id
      FROM (SELECT uuidv7(created_at - now())::text AS id, pairs.*
              FROM (SELECT provider_id, client_id, min(created_at) AS created_at
                      FROM bookings GROUP BY provider_id, client_id) AS pairs) AS begun"""

_TALK = """
    INSERT INTO messages (id, conversation_id, author_role, author_id, text, at)
    SELECT uuidv7(created_at - now())::text, id, role,
           CASE role WHEN 'provider' THEN provider_id ELSE client_id END,
           'What about the third bar of the second canon?', created_at
      FROM (SELECT id, provider_id, client_id, now() - n * interval '1 hour' AS created_at,
                   CASE WHEN n %% 2 = 0 THEN 'provider' ELSE 'client' END AS role
              FROM conversations CROSS JOIN generate_series(1, 10000) AS said (n)
             WHERE provider_id = %s AND client_id = %s) AS talk"""
# A chat has the card of each request.
_CARDS = """
    INSERT INTO messages (id, conversation_id, author_role, author_id, text, at, card, source)
    SELECT uuidv7(bookings.created_at - now())::text, conversations.id, 'client',
           client_id, 'Asks for a session.', bookings.created_at,
           jsonb_build_object(
               'type', 'booking.requested', 'at', document -> 'created_at',
               'title', document -> 'title', 'preferred_starts', document -> 'preferred_starts',
               'duration_minutes', document -> 'duration_minutes', 'note', document -> 'note',
               'expires_at', document -> 'expires_at', 'booking_id', bookings.id, 'revision', 0),
           bookings.id || '/1'
      FROM bookings JOIN conversations USING (provider_id, client_id)"""
_LATEST = """
    UPDATE conversations SET latest = newest.id, last_message_at = newest.at
      FROM (SELECT conversation_id, max(id) AS id, max(at) AS at
              FROM messages GROUP BY conversation_id) AS newest
     WHERE newest.conversation_id = conversations.id"""

_DECISIONS = """
    INSERT INTO decisions (subject, subject_id, seq, given_at, handled_at, by_role, by_id, command,
                           outcome, rule, text, data)
    SELECT 'booking', id, 1, created_at, created_at, 'client', client_id, 'request', 'applied',
           'A client asks for a session.', 'Asked for.', '{}'
      FROM bookings"""
_EVENTS = """
    INSERT INTO events (feed_seq, subject, subject_id, seq, type, occurred_at, booking_id,
                        provider_id, client_id, data)
    SELECT row_number() OVER (ORDER BY id), 'booking', id, 1, 'booking.requested', created_at, id,
           provider_id, client_id,
           jsonb_build_object('type', 'booking.requested', 'at', document -> 'created_at',
                              'booking', document)
      FROM bookings"""

# The provider has read all but the newest in the portal; the client has got a mail, mostly.
_NOTICES = """
    INSERT INTO notices (id, recipient_role, recipient_id, kind, channel, booking_id, provider_id,
                         booking_revision, due_at, state, reason, attempts, attempted_at, ended_at,
                         read_at, created_at, source)
    SELECT uuidv7(created_at - now())::text, role,
           CASE role WHEN 'provider' THEN provider_id ELSE client_id END, 'booking.requested',
           channel, id, provider_id, 0, created_at, outcome,
           CASE WHEN outcome = 'skipped' THEN 'no address' END,
           CASE WHEN outcome = 'owed' THEN 0 ELSE 1 END, created_at, created_at,
           CASE WHEN channel = 'inbox' AND created_at < now() - interval '1 day'
                THEN created_at END,
           created_at, 'booking/' || id || '/1/' || role || '/' || channel
      FROM bookings
     CROSS JOIN (VALUES ('provider', 'inbox'), ('client', 'email')) AS told (role, channel)
     CROSS JOIN LATERAL (SELECT get_byte(decode(md5(id), 'hex'), 0) AS one_of_256) AS chance
     CROSS JOIN LATERAL (
         SELECT CASE WHEN channel = 'inbox' OR one_of_256 > 9 THEN 'sent'
                     WHEN one_of_256 > 2 THEN 'skipped'
                     WHEN one_of_256 > 0 OR created_at < now() - interval '9 days' THEN 'failed'
                     ELSE 'owed' END AS outcome) AS became"""

_WEBHOOK = """
    INSERT INTO webhooks (id, owner_role, owner_id, url, description, types, secret, old_secrets,
                          created_at, updated_at)
    VALUES (%s, %s, %s, 'https://calendar.example/hook', 'Our calendar', '{}', 'whsec_', '[]',
            now(), now())"""
_DELIVERIES = """
    INSERT INTO notices (id, recipient_role, recipient_id, kind, channel, booking_id, provider_id,
                         due_at, state, event_id, webhook_id, attempts, attempted_at, answer,
                         ended_at, created_at, source)
    SELECT uuidv7(occurred_at - now())::text, owner_role, owner_id, events.type, 'webhook',
           booking_id, provider_id, occurred_at, 'sent', events.id, webhooks.id, 1, occurred_at,
           '204', occurred_at, occurred_at, 'event/' || events.id || '/' || webhooks.id
      FROM webhooks JOIN events ON provider_id = owner_id OR owner_role = 'support'"""


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where somebody is told of events, and the ids of what was sent there, the oldest first."""

    id: str
    delivery_ids: list[str]


def fill_record(
    conn: psycopg.Connection, owners: dict[Role, str], pair: tuple[str, str]
) -> dict[Role, Endpoint]:
    """Puts on record what led to the bookings that are there; `pair` has talked a lot besides.

    Each of the owners has an endpoint, which was told of everything. Nothing is checked that refers
    to something else: all that is made here is right.
    """
    conn.execute("SET LOCAL session_replication_role = replica")
    conn.execute(_CONVERSATIONS)
    conn.execute(_TALK, pair)
    for statement in (_CARDS, _LATEST, _DECISIONS, _EVENTS, _NOTICES):
        conn.execute(statement)
    for role, owner in owners.items():
        conn.execute(_WEBHOOK, (f"webhook-of-{owner}", role.value, owner))
    conn.execute(_DELIVERIES)
    conn.execute("SET LOCAL session_replication_role = origin")
    return {role: _endpoint(conn, f"webhook-of-{owner}") for role, owner in owners.items()}


def column(conn: psycopg.Connection, query: LiteralString, *values: str) -> list[str]:
    """The one column that a query finds."""
    return [found for (found,) in conn.execute(query, values)]


def _endpoint(conn: psycopg.Connection, webhook_id: str) -> Endpoint:
    sent = column(conn, "SELECT id FROM notices WHERE webhook_id = %s ORDER BY id", webhook_id)
    return Endpoint(id=webhook_id, delivery_ids=sent)
