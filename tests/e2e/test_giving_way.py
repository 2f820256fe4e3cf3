"""A batch job in mid-work, and an interactive call that needs its memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc.aio
import httpx
import pytest

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork.common.v1.common_pb2 import Media
from brickwork.ocr.v1 import ocr_pb2, ocr_pb2_grpc
from brickwork_sdk.caller import Caller, WorkClass
from brickwork_sdk.testing.documents import Sheet, write_pdf
from brickwork_sdk.testing.recordings import tone, write_recording
from brickwork_sdk.vram import MemoryRequest, VramClient, VramToken, client, renewal
from tests.chaos.jobs import Order, check, send, wait_for_segment
from tests.conftest import Mesh
from tests.e2e.held_up import in_a_step, tokens

SECONDS = 2400
"""So long that an engine cannot be through before its first segment is shown."""
AT_WORK = ("asr", "diarize")
"""The bricks of such a job that work through its recording."""
CALL_SECONDS = 60.0
LIFETIME_SECONDS = 1.0
"""The shortest that a holder may announce."""


async def test_a_batch_job_gives_way_to_interactive_work_and_completes_with_the_same_text(
    mesh: Mesh, tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "long.flac", tone(SECONDS)).read_bytes()
    order = Order(recording, SECONDS, "?class=batch")
    job_id = await asyncio.to_thread(send, mesh, order)
    await asyncio.to_thread(wait_for_segment, mesh, job_id, 1)
    size_bytes = await capacity_bytes(mesh)
    async with (
        in_a_step(mesh, broker_pb2.TOKEN_STATE_REVOKING),
        lent(mesh, MemoryRequest("everything", size_bytes, size_bytes)),
    ):
        stage = await shown(mesh, job_id, lambda stage: "visitor" in stage["cause"])
        assert stage["attempts"] > 1, "it was at work, and gave way"
        assert stage["error"] is None, "giving way is no failure"
    await asyncio.to_thread(check, mesh, job_id, order)


async def test_a_job_goes_on_with_less_memory_when_others_need_what_it_can_do_without(
    mesh: Mesh, tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "long.flac", tone(SECONDS)).read_bytes()
    order = Order(recording, SECONDS, "?class=batch")
    job_id = await asyncio.to_thread(send, mesh, order)
    await asyncio.to_thread(wait_for_segment, mesh, job_id, 1)
    working = {token.holder: token for token in await tokens(mesh) if token.holder in AT_WORK}
    before = working["asr"]
    assert before.granted_bytes > before.guaranteed_bytes
    needed_bytes = sum(token.guaranteed_bytes for token in working.values())
    size_bytes = await capacity_bytes(mesh) - needed_bytes
    request = MemoryRequest("all that is not needed", size_bytes, size_bytes)
    async with (
        in_a_step(mesh, broker_pb2.TOKEN_STATE_SHRINKING),
        lent(mesh, request, WorkClass.BATCH),
    ):
        (after,) = [token for token in await tokens(mesh) if token.holder == "asr"]
        assert after.token_id == before.token_id, "its model stayed"
        assert after.granted_bytes == before.guaranteed_bytes
    await asyncio.to_thread(check, mesh, job_id, order)


async def test_a_document_is_read_with_less_memory_in_smaller_batches_to_the_same_text(
    mesh: Mesh, tmp_path: Path
) -> None:
    greys = [Sheet(f"0.{level} g 0 0 595 842 re f".encode()) for level in (2, 5, 8)]
    media = Media(inline=write_pdf(tmp_path / "greys.pdf", greys).read_bytes())
    async with grpc.aio.insecure_channel(mesh.address_of("ocr")) as channel:
        ocr = ocr_pb2_grpc.OcrServiceStub(channel)
        before = [event async for event in ocr.ReadDocument(asked(media), timeout=CALL_SECONDS)]
        (full,) = [token for token in await tokens(mesh) if token.holder == "ocr"]
        assert full.granted_bytes > full.guaranteed_bytes
        size_bytes = await capacity_bytes(mesh) - full.guaranteed_bytes
        request = MemoryRequest("all that is not needed", size_bytes, size_bytes)
        async with in_a_step(mesh, broker_pb2.TOKEN_STATE_SHRINKING, "ocr"):
            call = ocr.ReadDocument(asked(media), timeout=CALL_SECONDS)
            begun = await anext(aiter(call))  # it is inside, and its engine holds still
            assert begun.HasField("started")
            async with lent(mesh, request, WorkClass.BATCH):
                (small,) = [token for token in await tokens(mesh) if token.holder == "ocr"]
                during = [event async for event in call]
                call = ocr.ReadDocument(asked(media), timeout=CALL_SECONDS)
                after = [event async for event in call]
    assert (small.token_id, small.granted_bytes) == (full.token_id, full.guaranteed_bytes)
    for less in (during, after):
        assert [line.text for line in lines(less)] == [line.text for line in lines(before)]
    assert {line.confidence for line in lines(before)} == {1.0}, "all of a page at once"
    assert {line.confidence for line in lines(after)} == {0.25}, "a quarter at once"


async def test_the_broker_hears_a_holder_whose_event_loop_is_blocked_for_three_lifetimes(
    mesh: Mesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "RENEW_WITHIN_SECONDS", LIFETIME_SECONDS)
    monkeypatch.setattr(renewal, "RENEW_EVERY_SECONDS", LIFETIME_SECONDS / 3)
    async with lent(mesh, MemoryRequest("a little", 1, 1)) as (vram, held):
        time.sleep(3 * LIFETIME_SECONDS)  # noqa: ASYNC251 - what blocks the loop is what is tested
        await vram.attach(held)  # names nobody, and is refused where the token is over
        assert not held.is_lost


def asked(media: Media) -> ocr_pb2.ReadDocumentRequest:
    return ocr_pb2.ReadDocumentRequest(media=media)


def lines(events: list[ocr_pb2.ReadDocumentResponse]) -> list[ocr_pb2.TextLine]:
    """Return what was read, page by page."""
    return [line for event in events for line in event.page.lines]


@asynccontextmanager
async def lent(
    mesh: Mesh, request: MemoryRequest, work_class: WorkClass = WorkClass.INTERACTIVE
) -> AsyncIterator[tuple[VramClient, VramToken]]:
    """Wait for memory beside the bricks, and have it while the context lasts."""
    vram = VramClient(mesh.address_of("broker"), "visitor")
    try:
        async with asyncio.timeout(CALL_SECONDS):
            held = await granted(vram, request, work_class)
        try:
            yield vram, held
        finally:
            await vram.release(held)
    finally:
        await vram.close()


async def granted(vram: VramClient, request: MemoryRequest, work_class: WorkClass) -> VramToken:
    async with aclosing(vram.acquire(request, Caller(work_class))) as steps:
        async for step in steps:
            if isinstance(step, VramToken):
                return step
    raise AssertionError("the broker ended the wait without a token")


async def capacity_bytes(mesh: Mesh) -> int:
    """Return all that the broker may lend."""
    async with grpc.aio.insecure_channel(mesh.address_of("broker")) as channel:
        answer = await broker_pb2_grpc.BrokerServiceStub(channel).GetCapacity(
            broker_pb2.GetCapacityRequest(), timeout=CALL_SECONDS
        )
    return answer.devices[0].capacity_bytes


async def shown(mesh: Mesh, job_id: str, holds: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """Return what is shown of the transcription once that holds."""
    until = time.monotonic() + CALL_SECONDS
    async with httpx.AsyncClient(base_url=mesh.address, timeout=CALL_SECONDS) as http:
        while True:
            job = (await http.get(f"/v1/jobs/{job_id}")).json()
            stage: dict[str, Any] = next(
                one for one in job["stages"] if one["name"] == "transcribe"
            )
            if holds(stage):
                return stage
            assert time.monotonic() < until, f"after a minute it is still shown as {stage}"
            await asyncio.sleep(0.2)  # as a page would look again
