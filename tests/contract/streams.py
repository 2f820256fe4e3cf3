"""The working streams of every brick: what they are asked, and what each must refuse."""

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.protobuf.message import Message
from PIL import Image

from brickwork.asr.v1 import asr_pb2, asr_pb2_grpc
from brickwork.common.v1.common_pb2 import Media, ObjectRef
from brickwork.diarize.v1 import diarize_pb2, diarize_pb2_grpc
from brickwork.llm.v1 import llm_pb2, llm_pb2_grpc
from brickwork.ocr.v1 import ocr_pb2, ocr_pb2_grpc
from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.errors import Reason
from brickwork_sdk.media.limits import INLINE_BYTES_MAX
from brickwork_sdk.testing.documents import Sheet, Words, page_of, write_pdf
from brickwork_sdk.testing.recordings import silence, slide, tone, write_recording

Fields = Mapping[str, Any]
Case = tuple[Reason, Fields]


@dataclass(frozen=True)
class Stream:
    """An RPC that works on a model and streams what it finds.

    Attributes:
        brick: name of the brick that serves it.
        stub: type of the stub that has it.
        request: type of its request.
        model: the model that answers.
        result: kind of the events that hold results.
        last: kind of the event that ends the stream.
        orders: fields of two requests with different answers, the longer one last; media are
            named by what `media` holds.
        refused: fields that spoil the first request, each with the reason.
        unreadable: reason that bytes without sense have; None where no media are taken.
        unfit: a medium that is none for this RPC, with the reason.
    """

    brick: str
    stub: type
    request: type[Message]
    model: str
    result: str
    last: str
    orders: tuple[Fields, Fields]
    refused: tuple[Case, ...]
    unreadable: Reason | None = None
    unfit: tuple[Case, ...] = field(default=())

    @property
    def rpc(self) -> str:
        """Name of the RPC."""
        return self.request.DESCRIPTOR.name.removesuffix("Request")

    def asked(self, fields: Fields, media: Mapping[str, bytes]) -> Message:
        """Return a request; a medium that is named comes inline."""
        named = fields.get("media")
        inline = {"media": Media(inline=media[named])} if isinstance(named, str) else {}
        return self.request(**{**fields, **inline})

    def bad(self, media: Mapping[str, bytes]) -> Iterator[tuple[Reason, Message]]:
        """Yield requests that must be refused, each with the reason."""
        for reason, fields in (*self.refused, *self.unfit, *self._bad_media()):
            yield reason, self.asked({**self.orders[0], **fields}, media)

    def _bad_media(self) -> Iterator[Case]:
        if self.unreadable is None:
            return
        missing, nonsense = ObjectRef(sha256="0" * 64), ObjectRef(sha256="../../secret")
        yield Reason.MEDIA_MISSING, {"media": None}
        yield Reason.MEDIA_EMPTY, {"media": Media(inline=b"")}
        yield Reason.MEDIA_TOO_LARGE, {"media": Media(inline=bytes(INLINE_BYTES_MAX + 1))}
        yield Reason.OBJECT_MISSING, {"media": Media(object=missing)}
        yield Reason.OBJECT_REF_INVALID, {"media": Media(object=nonsense)}
        yield self.unreadable, {"media": Media(inline=b"noise" * 99)}


def made_media(folder: Path) -> Mapping[str, bytes]:
    """Make small media in an empty folder and return their bytes by name."""

    def image(level: int) -> bytes:
        content = io.BytesIO()
        Image.fromarray(slide(level)).save(content, "PNG")
        return content.getvalue()

    def recording(name: str, seconds: int, **parts: Any) -> bytes:
        slides = [slide(50 + at % 100) for at in range(2 * seconds)]
        parts = {"slides": slides, "frames_per_second": 2, **parts}
        return write_recording(folder / name, **parts).read_bytes()

    return {
        "short": recording("short.mp4", 4, samples=tone(4.0)),
        "long": recording("long.mp4", 60, samples=silence(60.0)),
        "pictures": recording("pictures.mp4", 4),
        "sound": recording("sound.flac", 1, samples=tone(1.0), slides=()),
        "playlist": b"#EXTM3U\n#EXTINF:9,\nneighbour.wav\n#EXT-X-ENDLIST\n",
        "light": image(200),
        "dark": image(50),
        **_documents(folder),
    }


def _documents(folder: Path) -> Mapping[str, bytes]:
    """Make a PDF, and those that people send by mistake or malice."""
    words = page_of(Words(72, 700, 12, "A document."))
    huge = b"/Width 100000/Height 100000/ColorSpace/DeviceGray/BitsPerComponent 1"
    bomb = Sheet(b"q 500 0 0 500 0 0 cm /Im1 Do Q", picture=(huge, bytes(10_000)))
    crowd = Sheet(b"0 0 m 9 9 l S\n" * 100_001)
    made = {
        "document": write_pdf(folder / "document.pdf", [words, words]),
        "locked": write_pdf(folder / "locked.pdf", [words], is_locked=True),
        "liar": write_pdf(folder / "liar.pdf", [words], page_count=10_000),
        "gap": write_pdf(folder / "gap.pdf", [words], page_count=3),
        "bomb": write_pdf(folder / "bomb.pdf", [bomb]),
        "crowd": write_pdf(folder / "crowd.pdf", [crowd]),
    }
    found = {name: path.read_bytes() for name, path in made.items()}
    # A picture in front of a document is a picture, and this one is damaged.
    return {**found, "cut": found["document"][:300], "both": b"\x89PNG" + found["document"]}


def _said(*texts: str) -> Fields:
    user = llm_pb2.CHAT_ROLE_USER
    return {"messages": [llm_pb2.ChatMessage(role=user, text=text) for text in texts]}


_PAIR = {"source_language": "en", "target_language": "pt"}
_RECORDINGS: tuple[Fields, Fields] = ({"media": "short"}, {"media": "long"})
_UNKNOWN_MODEL = (Reason.MODEL_UNKNOWN, {"model": "no-such-model"})
_BAD_DOCUMENTS: tuple[Case, ...] = (
    (Reason.ARGUMENT_INVALID, {"first_page": 0}),
    (Reason.ARGUMENT_INVALID, {"first_page": 2}),
    (Reason.ARGUMENT_INVALID, {"first_page": 2, "last_page": 1}),
    (Reason.ARGUMENT_INVALID, {"last_page": 301}),
    (Reason.ARGUMENT_INVALID, {"media": "document", "last_page": 3}),
    (Reason.DOCUMENT_LOCKED, {"media": "locked"}),
    (Reason.DOCUMENT_UNREADABLE, {"media": "cut"}),
    (Reason.DOCUMENT_UNREADABLE, {"media": "gap"}),
    (Reason.MEDIA_TOO_LARGE, {"media": "liar"}),
    (Reason.MEDIA_TOO_LARGE, {"media": "bomb"}),
    (Reason.MEDIA_TOO_LARGE, {"media": "crowd"}),
    (Reason.IMAGE_UNREADABLE, {"media": "both"}),
    (Reason.IMAGE_UNREADABLE, {"media": "short"}),
)
_PLAYLIST = (Reason.MEDIA_FORMAT_UNSUPPORTED, {"media": "playlist"})

LIVE = {"TranscribeLiveAudio", "TranslateLiveText"}
"""Streams both ways, each of a grammar of its own; they are proven beside their bricks."""

STREAMS = (
    Stream(
        "asr",
        asr_pb2_grpc.AsrServiceStub,
        asr_pb2.TranscribeRecordingRequest,
        "whisper-base",
        "segment",
        "summary",
        _RECORDINGS,
        (
            _UNKNOWN_MODEL,
            (Reason.LANGUAGE_UNKNOWN, {"language": "klingon"}),
            (Reason.ARGUMENT_INVALID, {"start_ms": -1}),
        ),
        Reason.MEDIA_UNREADABLE,
        (_PLAYLIST, (Reason.NO_AUDIO_STREAM, {"media": "pictures"})),
    ),
    Stream(
        "diarize",
        diarize_pb2_grpc.DiarizeServiceStub,
        diarize_pb2.DiarizeRecordingRequest,
        "pyannote-ge2e",
        "turn",
        "summary",
        _RECORDINGS,
        (
            _UNKNOWN_MODEL,
            (Reason.SPEAKER_COUNT_INVALID, {"speaker_count": 0}),
            (Reason.SPEAKER_COUNT_INVALID, {"speaker_count": 21}),
            (Reason.SPEAKER_COUNT_INVALID, {"min_speaker_count": 3, "max_speaker_count": 2}),
            (Reason.ARGUMENT_INVALID, {"material": 99}),
            (Reason.VOICE_PRINTS_OFF, {"match_voice_prints": True}),
        ),
        Reason.MEDIA_UNREADABLE,
        (_PLAYLIST, (Reason.NO_AUDIO_STREAM, {"media": "pictures"})),
    ),
    Stream(
        "ocr",
        ocr_pb2_grpc.OcrServiceStub,
        ocr_pb2.ReadVideoRequest,
        "pp-ocrv6-small",
        "timed_text",
        "summary",
        _RECORDINGS,
        (
            _UNKNOWN_MODEL,
            (Reason.ARGUMENT_INVALID, {"sample_every_ms": 199}),
            (Reason.ARGUMENT_INVALID, {"start_ms": -1}),
        ),
        Reason.MEDIA_UNREADABLE,
        (_PLAYLIST, (Reason.NO_VIDEO_STREAM, {"media": "sound"})),
    ),
    Stream(
        "ocr",
        ocr_pb2_grpc.OcrServiceStub,
        ocr_pb2.ReadDocumentRequest,
        "pp-ocrv6-small",
        "page",
        "summary",
        ({"media": "light"}, {"media": "document"}),
        (_UNKNOWN_MODEL,),
        Reason.IMAGE_UNREADABLE,
        _BAD_DOCUMENTS,
    ),
    Stream(
        "ocr",
        ocr_pb2_grpc.OcrServiceStub,
        ocr_pb2.DetectLayoutRequest,
        "pp-ocrv6-small",
        "layout",
        "summary",
        ({"media": "light"}, {"media": "document"}),
        (_UNKNOWN_MODEL,),
        Reason.IMAGE_UNREADABLE,
        _BAD_DOCUMENTS[3:7],  # It takes them in as ReadDocument does.
    ),
    Stream(
        "translate",
        translate_pb2_grpc.TranslateServiceStub,
        translate_pb2.TranslateTextsRequest,
        "bergamot-en-pt",
        "translation",
        "summary",
        ({"texts": ["One.", ""], **_PAIR}, {"texts": ["word " * 200] * 500, **_PAIR}),
        (
            (Reason.LANGUAGE_UNKNOWN, {"source_language": "klingon"}),
            (Reason.LANGUAGE_PAIR_UNAVAILABLE, {"target_language": "fr"}),
            (Reason.ARGUMENT_INVALID, {"target_language": "en"}),
            (Reason.TEXT_TOO_LONG, {"texts": ["a"] * 1001}),
            (Reason.ARGUMENT_INVALID, {"glossary": [translate_pb2.GlossaryTerm(source="a")]}),
            (
                Reason.LANGUAGE_PAIR_UNAVAILABLE,
                {"source_language": "auto", "target_language": "ja"},
            ),
        ),
    ),
    Stream(
        "llm",
        llm_pb2_grpc.LlmServiceStub,
        llm_pb2.GenerateTextRequest,
        "smollm2-135m-instruct",
        "delta",
        "usage",
        (_said("one two"), _said("three four five six seven eight")),
        (
            _UNKNOWN_MODEL,
            (Reason.MESSAGES_INVALID, {"messages": []}),
            (Reason.ARGUMENT_INVALID, {"max_token_count": 0}),
            (Reason.ARGUMENT_INVALID, {"temperature": 2.5}),
            (Reason.ARGUMENT_INVALID, {"response_schema": "{"}),
            (Reason.MODEL_CANNOT, {"response_schema": "{}"}),
            (Reason.MODEL_CANNOT, {"model": "all-minilm-l6-v2"}),
        ),
    ),
    Stream(
        "llm",
        llm_pb2_grpc.LlmServiceStub,
        llm_pb2.EmbedTextsRequest,
        "all-minilm-l6-v2",
        "embedding",
        "summary",
        ({"texts": ["one"]}, {"texts": ["two three", "four"] * 20}),
        (
            _UNKNOWN_MODEL,
            (Reason.ARGUMENT_INVALID, {"texts": []}),
            (Reason.TEXT_TOO_LONG, {"texts": ["a"] * 1001}),
            (Reason.MODEL_CANNOT, {"model": "smollm2-135m-instruct"}),
        ),
    ),
)
