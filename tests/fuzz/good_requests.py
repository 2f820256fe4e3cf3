"""Every RPC of the five bricks, and a good call of each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from brickwork.asr.v1 import asr_pb2
from brickwork.common.v1.common_pb2 import Media, ObjectRef
from brickwork.control.v1 import control_pb2
from brickwork.diarize.v1 import diarize_pb2, voice_prints_pb2
from brickwork.llm.v1 import llm_pb2
from brickwork.objects.v1 import objects_pb2
from brickwork.ocr.v1 import ocr_pb2
from brickwork.translate.v1 import translate_pb2

FILES = (
    asr_pb2,
    diarize_pb2,
    voice_prints_pb2,
    llm_pb2,
    ocr_pb2,
    translate_pb2,
    control_pb2,
    objects_pb2,
)
OF_EVERY_BRICK = "translate"
"""The brick that stands for all where they share the code of a service: the quickest one."""


@dataclass(frozen=True)
class Rpc:
    """An RPC as its brick serves it."""

    service: ServiceDescriptor
    method: MethodDescriptor

    @property
    def name(self) -> str:
        """Its own name."""
        return str(self.method.name)

    @property
    def path(self) -> str:
        """Its name on the wire."""
        return f"/{self.service.full_name}/{self.name}"

    @property
    def brick(self) -> str:
        """Name of the brick that is asked."""
        noun = str(self.service.full_name).split(".")[1]
        return OF_EVERY_BRICK if noun in ("control", "objects") else noun

    @property
    def is_steady(self) -> bool:
        """Tell whether the same request has the same answer, whoever else asked."""
        return self.service.name not in ("ControlService", "VoicePrintService")


def every_rpc() -> Iterator[Rpc]:
    """Yield what the protos of the bricks define."""
    for file in FILES:
        for service in file.DESCRIPTOR.services_by_name.values():
            yield from (Rpc(service, method) for method in service.methods)


def good_requests(media: Mapping[str, bytes]) -> Mapping[str, Sequence[Message]]:
    """Return the messages of a good call, by the name of the RPC.

    Args:
        media: small media by the names that `made_media` gives them.
    """
    sound, video, image = (Media(inline=media[name]) for name in ("sound", "short", "light"))
    said = [llm_pb2.ChatMessage(role=llm_pb2.CHAT_ROLE_USER, text="one two")]
    live_text = translate_pb2.LiveTextConfig(source_language="en", target_language="pt")
    glossary = [translate_pb2.GlossaryTerm(source="two", target="dois")]
    sample = diarize_pb2.EmbedSpeakerRequest(media=Media(inline=media["voice"]))
    consent = voice_prints_pb2.Consent(
        given_by="Ann Example",
        given_time=Timestamp(seconds=1_700_000_000),
        purpose="to be named in transcripts",
        expire_time=Timestamp(seconds=4_000_000_000),
    )
    live_audio = asr_pb2.LiveAudioConfig(
        sample_rate_hz=16_000, encoding=asr_pb2.AUDIO_ENCODING_PCM_S16LE
    )
    missing = ObjectRef(workspace="w", sha256="0" * 64)
    return {
        "TranscribeRecording": [
            asr_pb2.TranscribeRecordingRequest(
                media=sound, language="en", prompt="p", hot_words=["h"]
            )
        ],
        "DetectLanguage": [asr_pb2.DetectLanguageRequest(media=sound)],
        "TranscribeLiveAudio": [
            asr_pb2.TranscribeLiveAudioRequest(config=live_audio),
            asr_pb2.TranscribeLiveAudioRequest(chunk=bytes(32_000)),
        ],
        "DiarizeRecording": [diarize_pb2.DiarizeRecordingRequest(media=sound)],
        "EmbedSpeaker": [sample],
        "EnrolVoicePrint": [
            voice_prints_pb2.EnrolVoicePrintRequest(name="Ann", consent=consent, sample=sample)
        ],
        "MatchVoice": [voice_prints_pb2.MatchVoiceRequest(sample=sample)],
        "ListVoicePrints": [voice_prints_pb2.ListVoicePrintsRequest()],
        "ForgetVoicePrint": [
            voice_prints_pb2.ForgetVoicePrintRequest(voice_print_id="0" * 32, reason="asked")
        ],
        "ReadDocument": [ocr_pb2.ReadDocumentRequest(media=image)],
        "DetectLayout": [ocr_pb2.DetectLayoutRequest(media=image)],
        "ReadVideo": [ocr_pb2.ReadVideoRequest(media=video)],
        "TranslateTexts": [
            translate_pb2.TranslateTextsRequest(
                texts=["one two", ""], glossary=glossary, source_language="en", target_language="pt"
            )
        ],
        "TranslateLiveText": [
            translate_pb2.TranslateLiveTextRequest(config=live_text),
            translate_pb2.TranslateLiveTextRequest(text=translate_pb2.LiveText(id="1", text="one")),
        ],
        "ListLanguagePairs": [translate_pb2.ListLanguagePairsRequest(source_language="en")],
        "GenerateText": [llm_pb2.GenerateTextRequest(messages=said, max_token_count=3)],
        "CountTokens": [llm_pb2.CountTokensRequest(messages=said)],
        "EmbedTexts": [llm_pb2.EmbedTextsRequest(texts=["one", "two"])],
        "DescribeBrick": [control_pb2.DescribeBrickRequest()],
        "LoadModel": [control_pb2.LoadModelRequest(model="bergamot-en-pt")],
        "UnloadModel": [control_pb2.UnloadModelRequest(model="bergamot-en-pt")],
        "PutObject": [
            objects_pb2.PutObjectRequest(header=objects_pb2.ObjectHeader(workspace="w")),
            objects_pb2.PutObjectRequest(chunk=b"content"),
        ],
        "GetObject": [objects_pb2.GetObjectRequest(object=missing)],
    }
