"""Memory over HTTP: told, explained, streamed, and missed."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import httpx
import pytest

from brickwork_gateway.app import make_app
from brickwork_gateway.door import Door
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.memory import Memory
from brickwork_gateway.memory_stream import AGAIN_SECONDS, memory_stream
from brickwork_gateway.uploads import Uploads
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.testing.broker import ScriptedBroker, scripted_broker
from brickwork_sdk.testing.clock import ManualClock
from brickwork_sdk.testing.memory import explained_wait, full_memory

AWAY = "unix:/nobody/here.sock"
Http = httpx.AsyncClient


async def served(folder: Path, broker: str) -> AsyncIterator[Http]:
    ledger, objects = SqliteLedger(folder / "ledger.sqlite3"), ObjectStore(folder / "objects")
    uploads = Uploads(folder / "uploads", objects, 1, ManualClock())
    app = make_app(Door(ledger, objects, {}, uploads, lambda: True, broker))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8600") as http:
        yield http
    ledger.close()


@pytest.fixture
async def broker() -> AsyncIterator[tuple[ScriptedBroker, str]]:
    async with scripted_broker() as found:
        found[0].memory, found[0].explanation = full_memory(), explained_wait()
        yield found


@pytest.fixture
async def http(broker: tuple[ScriptedBroker, str], tmp_path: Path) -> AsyncIterator[Http]:
    async for made in served(tmp_path, broker[1]):
        yield made


@pytest.fixture(params=["", AWAY])
async def lonely(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Http]:
    async for made in served(tmp_path, request.param):
        yield made


async def test_memory_is_told_as_it_is(http: Http) -> None:
    told = (await http.get("/v1/gpu")).json()
    assert told["devices"][0]["device"] == "cuda:0"
    assert [token["state"] for token in told["tokens"]][-2:] == ["quarantined", "queued"]
    assert told["tokens"][2]["hold_left_seconds"] == 0
    assert told["closed_because"] is None


async def test_a_wait_is_explained(http: Http) -> None:
    told = (await http.get("/v1/gpu/tokens/asr-77aa0b1c2d3e/wait")).json()
    assert told["place"]["expected_at_most_seconds"] == 31
    assert told["yielding"][0] | {"token_id": ""} == {
        **{"token_id": "", "holder": "lease", "purpose": "python"},
        **{"yielded_bytes": 2 * 1024**3, "kind": "shrink", "asked": True},
    }


async def test_what_is_no_id_is_refused_before_the_broker_is_asked(http: Http) -> None:
    answer = await http.get("/v1/gpu/tokens/A%20B/wait")
    assert (answer.status_code, answer.json()["reason"]) == (400, "ARGUMENT_INVALID")


@pytest.mark.parametrize("path", ["/v1/gpu", "/v1/gpu/tokens/asr-77aa0b1c2d3e/wait"])
async def test_a_broker_that_is_away_is_a_reason_and_a_time_to_come_back(
    lonely: Http, path: str
) -> None:
    answer = await lonely.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (503, "BROKER_UNREACHABLE")
    assert int(answer.headers["retry-after"]) > 0


async def test_a_stream_tells_each_change(broker: tuple[ScriptedBroker, str]) -> None:
    async with aclosing(memory_stream(Memory(broker[1]))) as events:
        assert len(body(await anext(events), "memory")["tokens"]) == 5
        changed = full_memory()
        del changed.tokens[1:]
        broker[0].tell(changed)
        assert len(body(await anext(events), "memory")["tokens"]) == 1


async def test_a_stream_outlives_its_broker_and_says_why_it_is_silent() -> None:
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0)

    async with aclosing(memory_stream(Memory(""), pause)) as events:
        for _ in range(2):
            assert body(await anext(events), "problem")["reason"] == "BROKER_UNREACHABLE"
    assert pauses == [AGAIN_SECONDS]


def body(event: str, kind: str) -> dict[str, Any]:
    first, second = event.removesuffix("\n\n").split("\n")
    assert first == f"event: {kind}"
    told: dict[str, Any] = json.loads(second.removeprefix("data: "))
    return told
