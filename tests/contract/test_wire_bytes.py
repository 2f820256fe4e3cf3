"""Bytes that must never change: whoever renumbers a field or an enum value is told here.

`buf breaking` compares the protos with each other; these are what programs in the field send.
"""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from brickwork.asr.v1 import asr_pb2 as asr
from brickwork.broker.v1 import broker_pb2 as broker
from brickwork.common.v1 import common_pb2 as common
from brickwork.control.v1 import control_pb2 as control
from brickwork.diarize.v1 import diarize_pb2 as diarize
from brickwork.llm.v1 import llm_pb2 as llm
from brickwork.objects.v1 import objects_pb2 as objects
from brickwork.ocr.v1 import ocr_pb2 as ocr
from brickwork.translate.v1 import translate_pb2 as translate

MODEL = common.ModelInfo(name="n", digest="d", engine="e", precision="p", device="c")

GOLDEN: dict[str, tuple[Message, str]] = {
    "media": (
        common.Media(object=common.ObjectRef(workspace="w", sha256="s", size_bytes=300)),
        "12090a017712017318ac02",
    ),
    "waiting": (
        common.Waiting(
            kind=common.WAIT_KIND_MODEL_LOADING,
            cause="c",
            waited=Duration(seconds=1),
            expected=Duration(nanos=2),
            position=3,
        ),
        "08021201631a020801220210022803",
    ),
    "transcribe": (
        asr.TranscribeRecordingRequest(
            media=common.Media(inline=b"i"), model="m", language="en", start_ms=300
        ),
        "0a030a016912016d1a02656e20ac02",
    ),
    "segment": (
        asr.TranscribeRecordingResponse(
            segment=asr.Segment(
                start_ms=1,
                end_ms=2,
                text="t",
                words=[asr.Word(start_ms=1, end_ms=2, text="t", confidence=0.5)],
                language="en",
            )
        ),
        "2219080110021a0174220c080110021a0174250000003f2a02656e",
    ),
    "turn": (
        diarize.DiarizeRecordingResponse(turn=diarize.Turn(start_ms=1, end_ms=2, speaker="S1")),
        "2208080110021a025331",
    ),
    "timed text": (
        ocr.ReadVideoResponse(
            timed_text=ocr.TimedText(
                start_ms=1,
                end_ms=2,
                text="t",
                lines=[
                    ocr.TextLine(
                        text="t",
                        confidence=0.5,
                        box=ocr.Box(left_px=1, top_px=2, right_px=3, bottom_px=4),
                    )
                ],
            )
        ),
        "221b080110021a017422120a0174150000003f1a080801100218032004",
    ),
    "translate": (
        translate.TranslateTextsRequest(
            texts=["a", ""], source_language="en", target_language="pt"
        ),
        "0a01610a001202656e1a027074",
    ),
    "generate": (
        llm.GenerateTextRequest(
            messages=[llm.ChatMessage(role=llm.CHAT_ROLE_ASSISTANT, text="t")],
            model="m",
            max_token_count=5,
            temperature=0.5,
        ),
        "0a05080312017412016d1805250000003f",
    ),
    "usage": (
        llm.GenerateTextResponse(
            usage=llm.Usage(
                prompt_token_count=1,
                completion_token_count=2,
                finish_reason=llm.FINISH_REASON_LENGTH,
            )
        ),
        "2206080110021802",
    ),
    "object header": (
        objects.PutObjectRequest(
            header=objects.ObjectHeader(workspace="w", size_bytes=0, sha256="s")
        ),
        "0a080a017710001a0173",
    ),
    "acquire": (
        broker.AcquireVramTokenRequest(
            token_id="t",
            holder="h",
            purpose="p",
            guaranteed_bytes=1,
            ceiling_bytes=2,
            work_class=broker.WORK_CLASS_NOTEBOOK,
            tenant="n",
            wait=Duration(seconds=1),
            renew_within=Duration(seconds=2),
            process=broker.ProcessIdentity(pid=1, start_ticks=2, boot_id="b"),
        ),
        "0a01741201681a01702001280230033a016e420208014a0208025207080110021a0162",
    ),
    "token": (
        broker.VramToken(
            token_id="t",
            holder="h",
            purpose="p",
            state=broker.TOKEN_STATE_QUARANTINED,
            device="host",
            granted_bytes=1,
            epoch=2,
            remaining=Duration(seconds=3),
            work_class=broker.WORK_CLASS_BEST_EFFORT,
            tenant="n",
            age=Duration(seconds=4),
            tier=broker.ENFORCEMENT_TIER_PARTITION,
            measured_bytes=5,
        ),
        "0a01741201681a017020052a04686f73743001380242020803480452016e5a02080460056805",
    ),
    "model state": (
        control.ModelState(
            model=MODEL,
            state=control.SLOT_STATE_DRAINING,
            granted_bytes=1,
            user_count=2,
            load_time=Duration(seconds=3),
            languages=["en"],
        ),
        "0a0f0a016e1201641a01652201702a01631005180120022a0208033202656e",
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_bytes_on_the_wire_stay_as_they_are(name: str) -> None:
    message, golden = GOLDEN[name]
    assert message.SerializeToString(deterministic=True).hex() == golden
    assert type(message).FromString(bytes.fromhex(golden)) == message
