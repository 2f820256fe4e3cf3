import asyncio
import errno
import fcntl
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import grpc.aio
import pytest

from brickwork.common.v1.common_pb2 import Media, ObjectRef
from brickwork.objects.v1 import objects_pb2, objects_pb2_grpc
from brickwork.objects.v1.objects_pb2 import ObjectHeader
from brickwork_sdk.channels import rpc_errors
from brickwork_sdk.errors import BrickworkError, NoCapacity, Reason
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.objects_service import SERVICE_NAME, ObjectsServicer
from brickwork_sdk.testing.server import served

CONTENT = b"sound" * 50_000


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def files(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file() and path.name != "lock")


async def test_content_comes_back_under_its_digest(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    ref = await store.put(pieces(CONTENT[:7], CONTENT[7:]))
    assert ref == ObjectRef(sha256=hashlib.sha256(CONTENT).hexdigest(), size_bytes=len(CONTENT))
    assert store.path(ref).read_bytes() == CONTENT
    assert await store.put_bytes(CONTENT) == ref
    assert files(tmp_path) == [ref.sha256]


async def test_a_store_that_was_taken_away_says_so_and_is_not_made_anew(tmp_path: Path) -> None:
    root, away = tmp_path / "objects", tmp_path / "away"
    store = ObjectStore(root)
    ref = await store.put_bytes(CONTENT)

    async def vanishing() -> AsyncIterator[bytes]:
        yield CONTENT
        root.rename(away)
        yield CONTENT

    with pytest.raises(BrickworkError) as while_writing:
        await store.put(vanishing())
    with pytest.raises(BrickworkError) as writing:
        await store.put_bytes(CONTENT)
    with pytest.raises(BrickworkError) as reading:
        await store.resolve(Media(object=ref))
    for caught in (while_writing, writing, reading):
        assert caught.value.reason is Reason.STORAGE_UNREACHABLE
    assert not root.exists()
    away.rename(root)
    assert store.path(ref).read_bytes() == CONTENT


async def test_a_workspace_sees_only_its_own(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    ref = await store.put_bytes(CONTENT, workspace="legal")
    assert store.path(ref).is_file()
    with pytest.raises(BrickworkError) as caught:
        store.path(ObjectRef(sha256=ref.sha256))
    assert caught.value.reason is Reason.OBJECT_MISSING


@pytest.mark.parametrize(
    "ref",
    [
        ObjectRef(sha256="../../../etc/passwd"),
        ObjectRef(sha256="A" * 64),
        ObjectRef(sha256="a" * 64 + "\n"),
        ObjectRef(sha256="a" * 64, workspace=".."),
        ObjectRef(sha256="a" * 64, workspace=".incoming"),
        ObjectRef(sha256="a" * 64, workspace="a/b"),
        ObjectRef(),
    ],
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, ref: ObjectRef) -> None:
    with pytest.raises(BrickworkError) as caught:
        ObjectStore(tmp_path).path(ref)
    assert caught.value.reason is Reason.OBJECT_REF_INVALID


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (ObjectHeader(size_bytes=5), Reason.OBJECT_MISMATCH),
        (ObjectHeader(sha256="0" * 64), Reason.OBJECT_MISMATCH),
        (ObjectHeader(sha256="zero"), Reason.OBJECT_REF_INVALID),
        (ObjectHeader(workspace="../up"), Reason.OBJECT_REF_INVALID),
        (ObjectHeader(size_bytes=10**12), Reason.OBJECT_TOO_LARGE),
        (ObjectHeader(), Reason.OBJECT_TOO_LARGE),
    ],
)
async def test_what_differs_from_its_header_leaves_nothing(
    tmp_path: Path, header: ObjectHeader, reason: Reason
) -> None:
    limit = 4 if reason is Reason.OBJECT_TOO_LARGE else 10**6
    store = ObjectStore(tmp_path, object_bytes_max=limit)
    with pytest.raises(BrickworkError) as caught:
        await store.put(pieces(b"abc", b"defg"), header)
    assert caught.value.reason is reason
    assert files(tmp_path) == []


async def test_a_full_disk_is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "no space")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(NoCapacity) as caught:
        await ObjectStore(tmp_path).put_bytes(CONTENT)
    assert caught.value.reason is Reason.STORAGE_FULL
    assert files(tmp_path) == []


async def test_an_upload_that_is_left_leaves_nothing(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield CONTENT
        begun.set()
        await asyncio.Event().wait()

    upload = asyncio.create_task(ObjectStore(tmp_path).put(endless()))
    await begun.wait()
    assert len(files(tmp_path)) == 1
    upload.cancel()
    with pytest.raises(asyncio.CancelledError):
        await upload
    assert files(tmp_path) == []


def test_what_a_killed_process_left_is_swept_and_a_living_one_is_spared(tmp_path: Path) -> None:
    ObjectStore(tmp_path)
    (tmp_path / ".incoming" / "dead.part").write_bytes(CONTENT)
    with (tmp_path / ".incoming" / "alive.part").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        ObjectStore(tmp_path)
        assert files(tmp_path) == ["alive.part"]


async def test_media_resolve_to_files(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    path = await store.resolve(Media(inline=b"small"))
    assert path.read_bytes() == b"small"
    ref = await store.put_bytes(CONTENT)
    assert (await store.resolve(Media(object=ref))).read_bytes() == CONTENT
    for media, reason in [
        (Media(), Reason.MEDIA_MISSING),
        (Media(inline=b""), Reason.MEDIA_EMPTY),
        (Media(inline=bytes(1024 * 1024 + 1)), Reason.MEDIA_TOO_LARGE),
        (Media(object=ObjectRef(sha256="0" * 64)), Reason.OBJECT_MISSING),
    ]:
        with pytest.raises(BrickworkError) as caught:
            await store.resolve(media)
        assert caught.value.reason is reason


def put_requests(*parts: ObjectHeader | bytes) -> list[objects_pb2.PutObjectRequest]:
    return [
        objects_pb2.PutObjectRequest(chunk=part)
        if isinstance(part, bytes)
        else objects_pb2.PutObjectRequest(header=part)
        for part in parts
    ]


async def put(channel: grpc.aio.Channel, requests: list[objects_pb2.PutObjectRequest]) -> ObjectRef:
    with rpc_errors("test"):
        answer = await objects_pb2_grpc.ObjectsServiceStub(channel).PutObject(
            iter(requests), timeout=30
        )
    return answer.object


async def test_objects_travel_over_the_wire_and_back(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)

    def register(server: grpc.aio.Server) -> None:
        objects_pb2_grpc.add_ObjectsServiceServicer_to_server(ObjectsServicer(store), server)

    async with served(register, service_names=[SERVICE_NAME]) as channel:
        ref = await put(
            channel, put_requests(ObjectHeader(size_bytes=len(CONTENT)), CONTENT[:9], CONTENT[9:])
        )
        stub = objects_pb2_grpc.ObjectsServiceStub(channel)
        answers = stub.GetObject(objects_pb2.GetObjectRequest(object=ref), timeout=30)
        got = [answer.chunk async for answer in answers]
        for requests, reason in [
            ([], Reason.STREAM_ORDER_INVALID),
            (put_requests(b"chunk"), Reason.STREAM_ORDER_INVALID),
            (put_requests(ObjectHeader(), ObjectHeader()), Reason.STREAM_ORDER_INVALID),
            (put_requests(ObjectHeader(), bytes(1024 * 1024 + 1)), Reason.ARGUMENT_INVALID),
            (put_requests(ObjectHeader(size_bytes=9), b"short"), Reason.OBJECT_MISMATCH),
        ]:
            with pytest.raises(BrickworkError) as caught:
                await put(channel, requests)
            assert caught.value.reason is reason
    assert b"".join(got) == CONTENT
    assert max(len(chunk) for chunk in got) == 64 * 1024
    assert files(tmp_path) == [ref.sha256]
