"""Calls of one brick of a mesh as the pipeline's stages make them, without the pipeline."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.common.v1 import common_pb2
from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_cli.mesh_state import MeshState
from brickwork_sdk.objects import ObjectStore
from tools.bench.warm_mesh import address

_CALL_SECONDS_MAX = 1800.0


@dataclass(frozen=True)
class Heard:
    """What a call made and how long it took, to its first result and to its end."""

    texts: list[str]
    first_seconds: float
    seconds: float


def stored(state: MeshState, recording: Path) -> common_pb2.Media:
    """Put a recording into the object store of a mesh."""
    # Beside the logs; how an upload comes there is not what is measured.
    objects = ObjectStore(Path(state.processes[0].log).parents[1] / "objects")
    kept = asyncio.run(objects.put_bytes(recording.read_bytes()))
    return common_pb2.Media(
        object=common_pb2.ObjectRef(sha256=kept.sha256, size_bytes=kept.size_bytes)
    )


def transcribe(state: MeshState, media: common_pb2.Media, brick: str = "asr") -> Heard:
    """Transcribe a recording over the asr brick, or over one replica of it."""
    request = asr_pb2.TranscribeRecordingRequest(media=media)
    texts, first_seconds, began = [], 0.0, time.monotonic()
    with grpc.insecure_channel(address(state, brick)) as channel:
        stub = asr_pb2_grpc.AsrServiceStub(channel)
        for answer in stub.TranscribeRecording(request, timeout=_CALL_SECONDS_MAX):
            if answer.HasField("segment"):
                first_seconds = first_seconds or time.monotonic() - began
                texts.append(answer.segment.text)
    return Heard(texts, first_seconds, time.monotonic() - began)


def translate(state: MeshState, texts: Sequence[str]) -> Heard:
    """Translate texts from English into Portuguese over the translate brick."""
    request = translate_pb2.TranslateTextsRequest(
        texts=texts, source_language="en", target_language="pt"
    )
    made, first_seconds, began = [], 0.0, time.monotonic()
    with grpc.insecure_channel(address(state, "translate")) as channel:
        stub = translate_pb2_grpc.TranslateServiceStub(channel)
        for answer in stub.TranslateTexts(request, timeout=_CALL_SECONDS_MAX):
            if answer.HasField("translation"):
                first_seconds = first_seconds or time.monotonic() - began
                made.append(answer.translation.text)
    return Heard(made, first_seconds, time.monotonic() - began)
