"""Registering the search attributes: once, again, and where another type is in the way."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from datetime import timedelta

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import (
    AddSearchAttributesRequest,
    ListSearchAttributesRequest,
)
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from config import Settings
from db.ids import new_id
from dev.temporal import embedded_environment
from dev.trial import free_port
from tests.packaging.project import ROOT
from tests.workflows.world import World
from workflows.search_attributes import REGISTRY, AttributeClashError, register

LIMITS = {
    IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD: 10,
    IndexedValueType.INDEXED_VALUE_TYPE_DATETIME: 3,
    IndexedValueType.INDEXED_VALUE_TYPE_INT: 3,
}
"""How many of each type the dev server, and any server on SQL, has room for."""


async def _known(client: Client) -> dict[str, int]:
    asked = ListSearchAttributesRequest(namespace=client.namespace)
    found = await client.operator_service.list_search_attributes(asked)
    return dict(found.custom_attributes)


async def _own_namespace(world: World) -> Client:
    """A namespace in which nothing is registered yet."""
    name = f"namespace-{new_id()}"
    kept = Duration()
    kept.FromTimedelta(timedelta(days=1))
    await world.client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=kept)
    )
    client = Client(world.client.service_client, namespace=name)

    async def is_there() -> bool:
        try:
            await _known(client)
        except RPCError:
            return False
        return True

    await world.until(is_there, bool)
    return client


async def test_registering_again_changes_nothing(world: World) -> None:
    client = await _own_namespace(world)
    await register(client)
    known = await world.until(lambda: _known(client), lambda it: len(it) >= len(REGISTRY))
    assert {key.name: key.indexed_value_type for key in REGISTRY}.items() <= known.items()
    await register(client)
    assert await _known(client) == known


async def _with_another_type(world: World) -> Client:
    """A namespace in which `Refused` is a word."""
    client = await _own_namespace(world)
    await client.operator_service.add_search_attributes(
        AddSearchAttributesRequest(
            namespace=client.namespace,
            search_attributes={"Refused": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD},
        )
    )
    await world.until(lambda: _known(client), lambda it: "Refused" in it)
    return client


async def test_another_type_is_named_and_left_alone(world: World) -> None:
    client = await _with_another_type(world)
    with pytest.raises(AttributeClashError, match=r"another type exist: Refused should be INT"):
        await register(client)
    assert (await _known(client))["Refused"] == IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    assert "BookingState" not in await _known(client)


async def test_a_worker_says_so_in_one_line_and_stops(
    world: World, shared_settings: Settings
) -> None:
    client = await _with_another_type(world)
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "worker"),
        env=embedded_environment(client.service_client.config.target_host)
        | {
            "TEMPORAL_NAMESPACE": client.namespace,
            "KEEPDATE_DATABASE_URL": shared_settings.require_database_url(),
            "KEEPDATE_METRICS_PORT": str(free_port()),
        },
        cwd=ROOT,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    _, complaint = await worker.communicate()
    assert worker.returncode == 1
    assert complaint.decode().splitlines()[-1].startswith("keepdate: search attributes of another")
    assert "Traceback" not in complaint.decode()


def test_there_is_room_for_all_of_them_on_the_dev_server() -> None:
    types = Counter(int(key.indexed_value_type) for key in REGISTRY)
    assert all(types[kind] <= limit for kind, limit in LIMITS.items())
    assert types.keys() <= {int(kind) for kind in LIMITS}
