"""Every process as it is started in a mesh, called by a client that knows its address only.

The client is the one of `docs/how-to/call-any-rpc.md`, run as it is printed there.
"""

import base64
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from PIL import Image

from brickwork.broker.v1 import broker_pb2, broker_pb2_grpc
from brickwork_sdk.processes import identify
from brickwork_sdk.testing.documents import Words, page_of, write_pdf
from brickwork_sdk.testing.recordings import slide, tone, write_recording
from tests.contract.processes import BRICKS, SECONDS, process

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "call-any-rpc.md"
CALL_ASR = PAGE.with_name("call-asr.md")
CALL_DIARIZE = PAGE.with_name("call-diarize.md")
LIVE_AUDIO = PAGE.with_name("transcribe-live-audio.md")
SOUND = b"\x01\x00" * 16_000 * 6
"""Six seconds of 16-bit samples at 16 kHz."""

SECRET = b"sixteen bytes..."
BROKER = "brickwork.broker.v1.BrokerService"
VOICE_PRINTS = "brickwork.diarize.v1.VoicePrintService"
CONTROL, OBJECTS = "brickwork.control.v1.ControlService", "brickwork.objects.v1.ObjectsService"
INFRASTRUCTURE = {"grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
SERVICES = {
    "asr": {
        "brickwork.asr.v1.AsrService": [
            "TranscribeRecording",
            "DetectLanguage",
            "TranscribeLiveAudio",
        ]
    },
    "diarize": {
        "brickwork.diarize.v1.DiarizeService": ["DiarizeRecording", "EmbedSpeaker"],
        VOICE_PRINTS: ["EnrolVoicePrint", "MatchVoice", "ListVoicePrints", "ForgetVoicePrint"],
    },
    "llm": {"brickwork.llm.v1.LlmService": ["GenerateText", "CountTokens", "EmbedTexts"]},
    "ocr": {"brickwork.ocr.v1.OcrService": ["ReadDocument", "DetectLayout", "ReadVideo"]},
    "translate": {
        "brickwork.translate.v1.TranslateService": [
            "TranslateTexts",
            "TranslateLiveText",
            "ListLanguagePairs",
        ]
    },
}
OF_EVERY_BRICK = {
    CONTROL: ["DescribeBrick", "LoadModel", "UnloadModel"],
    OBJECTS: ["PutObject", "GetObject"],
}
OF_THE_BROKER = {
    BROKER: [
        "AcquireVramToken",
        "RenewVramToken",
        "ReleaseVramToken",
        "ListVramTokens",
        "GetCapacity",
        "WatchVramTokens",
        "ExplainWait",
    ]
}


def base64_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """The folder of a mesh without a gateway, its sockets where the page looks for them."""
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder, ExitStack() as stack:
        run = Path(folder) / ".brickwork" / "run"
        run.mkdir(mode=0o700, parents=True)
        for name in ("broker", *BRICKS):
            stack.enter_context(process(run, name))
        yield Path(folder)


@pytest.fixture(scope="module")
def mesh(home: Path) -> Iterator[Mapping[str, grpc.Channel]]:
    """A channel to each process of the mesh, by name."""
    with ExitStack() as stack:
        channels = {}
        for name in ("broker", *BRICKS):
            channel = grpc.insecure_channel(f"unix:{home}/.brickwork/run/{name}.sock")
            channels[name] = stack.enter_context(channel)
            grpc.channel_ready_future(channel).result(SECONDS)
        yield channels


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The client that the page prints."""
    path = tmp_path_factory.mktemp("page") / "client.py"
    path.write_text(printed()[0])
    spec = importlib.util.spec_from_file_location("client", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def printed() -> list[str]:
    """The client and its example, as the page has them."""
    blocks = [block.partition("```")[0] for block in PAGE.read_text().split("```python\n")[1:]]
    assert len(blocks) == 2
    return blocks


def test_the_client_has_ten_lines_below_its_imports() -> None:
    _, _, below = printed()[0].partition("\n)\n")
    assert len([line for line in below.splitlines() if line]) == 10


def test_the_example_of_the_page_runs(home: Path, mesh: Mapping[str, grpc.Channel]) -> None:
    command = [sys.executable, "-c", "\n".join(printed())]
    ran = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=SECONDS)
    assert ran.returncode == 0, ran.stderr
    services, *_, translation, summary = ran.stdout.splitlines()
    assert "ListLanguagePairs" in services
    assert "gOOD MORNING." in translation  # the scripted engine swaps the case
    assert summary == "{'summary': {'textCount': 1}}"


@pytest.mark.parametrize("name", ["broker", *BRICKS])
def test_a_process_names_all_its_services_and_their_rpcs(
    mesh: Mapping[str, grpc.Channel], client: ModuleType, name: str
) -> None:
    found = client.services(mesh[name])
    expected = OF_THE_BROKER if name == "broker" else {**SERVICES[name], **OF_EVERY_BRICK}
    assert {service: found[service] for service in expected} == expected
    assert set(found) - set(expected) == INFRASTRUCTURE


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    folder, image = tmp_path_factory.mktemp("media"), io.BytesIO()
    slides = [slide(level) for level in (50, 200) for _ in range(20)]
    video = write_recording(folder / "video.mp4", tone(4.0), slides=slides)
    Image.fromarray(slide(120)).save(image, "PNG")
    return {
        "recording": {"inline": base64_of(video.read_bytes())},
        "image": {"inline": base64_of(image.getvalue())},
    }


def done(events: list[dict[str, Any]], last: str) -> list[dict[str, Any]]:
    """Return the events between start and end of a working stream."""
    kinds = [kind for event in events for kind in event]
    assert len(kinds) == len(events)
    start = kinds.index("started")
    assert set(kinds[:start]) <= {"waiting"}
    assert kinds.index(last) == len(kinds) - 1
    return [event for event in events[start + 1 : -1] if "progress" not in event]


def test_asr(
    mesh: Mapping[str, grpc.Channel], client: ModuleType, media: Mapping[str, Any]
) -> None:
    asr, service = mesh["asr"], "brickwork.asr.v1.AsrService"
    order = {"media": media["recording"]}
    events = client.call(asr, service, "TranscribeRecording", order)
    texts = [event["segment"]["text"] for event in done(events, "summary")]
    assert texts[:2] == ["Sentence 0.", "Sentence 1."]
    [heard] = client.call(asr, service, "DetectLanguage", order)
    assert (heard["language"], heard["probability"]) == ("en", 1.0)
    config = {"sample_rate_hz": 16000, "encoding": "AUDIO_ENCODING_PCM_S16LE"}
    chunk = {"chunk": base64_of(SOUND[:64_000])}
    events = client.call(asr, service, "TranscribeLiveAudio", {"config": config}, chunk, chunk)
    live = [event["segment"]["text"] for event in done(events, "summary") if "segment" in event]
    assert " ".join(live) == "Sentence 0. Sentence 1."


def test_the_client_for_live_audio_runs_as_its_page_has_it(
    home: Path, mesh: Mapping[str, grpc.Channel]
) -> None:
    _, _, rest = LIVE_AUDIO.read_text().partition("```python\n")
    program, _, _ = rest.partition("```")
    assert len([line for line in program.splitlines() if line]) <= 15
    command = [sys.executable, "-c", program]
    ran = subprocess.run(command, cwd=home, input=SOUND, capture_output=True, timeout=SECONDS)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.decode().split() == ["Sentence", "0.", "Sentence", "1.", "Sentence", "2."]


def test_the_handle_listens_to_a_file_and_to_a_pipe(
    home: Path, mesh: Mapping[str, grpc.Channel], tmp_path: Path
) -> None:
    with wave.open(str(tmp_path / "sound.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(SOUND)
    handle = [sys.executable, "-m", "brickwork_cli", "listen"]
    address = ["--asr", f"unix:{home}/.brickwork/run/asr.sock"]

    def listened(*words: str, sound: bytes = b"") -> str:
        command = [*handle, *words, *address]
        ran = subprocess.run(command, input=sound, capture_output=True, timeout=SECONDS)
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.decode()

    sentences = ["Sentence 0.", "Sentence 1.", "Sentence 2."]
    assert listened(str(tmp_path / "sound.wav")).splitlines() == sentences
    assert listened(sound=SOUND + b"\x01").splitlines() == sentences
    events = [json.loads(line) for line in listened("--json", sound=SOUND).splitlines()]
    assert events[-1]["summary"]["durationMs"] == "6000"
    assert " ".join(event["segment"]["text"] for event in events if "segment" in event) == (
        " ".join(sentences)
    )


def test_the_client_of_the_page_about_asr_runs_as_printed(
    home: Path, mesh: Mapping[str, grpc.Channel], tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "talk.flac", tone(4.0))
    client = CALL_ASR.read_text().split("```python\n")[1].partition("```")[0]
    assert len([line for line in client.splitlines() if line]) <= 15
    assert ran(home, client, recording) == ["0 en Sentence 0.", "2000 en Sentence 1."]


def test_diarize(
    mesh: Mapping[str, grpc.Channel], client: ModuleType, media: Mapping[str, Any]
) -> None:
    service = "brickwork.diarize.v1.DiarizeService"
    order = {"media": media["recording"]}
    events = client.call(mesh["diarize"], service, "DiarizeRecording", order)
    speakers = [event["turn"]["speaker"] for event in done(events, "summary")]
    assert speakers[:2] == ["S1", "S2"]
    [voice] = client.call(mesh["diarize"], service, "EmbedSpeaker", order)
    assert (len(voice["vector"]), voice["share"]) == (256, 1.0)


def test_the_clients_of_the_page_about_diarize_run_as_printed(
    home: Path, mesh: Mapping[str, grpc.Channel], tmp_path: Path
) -> None:
    recording = write_recording(tmp_path / "talk.flac", tone(5.0))
    page = CALL_DIARIZE.read_text()
    turns, voices = (block.partition("```")[0] for block in page.split("```python\n")[1:])
    assert len([line for line in turns.splitlines() if line]) <= 15
    assert ran(home, turns, recording)[:2] == ["0 2000 S1", "2000 4000 S2"]
    name, confidence = ran(home, voices, recording)[0].rsplit(maxsplit=1)
    assert name == "Ann Example"
    assert float(confidence) > 0.9


def ran(home: Path, code: str, *words: Path) -> list[str]:
    """Run a program as a page prints it, and return the lines that it says."""
    command = [sys.executable, "-c", code, *map(str, words)]
    done = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_voice_prints(
    mesh: Mapping[str, grpc.Channel], client: ModuleType, media: Mapping[str, Any]
) -> None:
    diarize, sample = mesh["diarize"], {"media": media["recording"]}
    consent = {
        "given_by": "Ann Example",
        "given_time": "2026-01-01T00:00:00Z",
        "purpose": "a test",
        "expire_time": "2126-01-01T00:00:00Z",
    }
    order = {"name": "Ann Example", "consent": consent, "sample": sample}
    [enrolled] = client.call(diarize, VOICE_PRINTS, "EnrolVoicePrint", order)
    named = {"voice_print_id": enrolled["voicePrint"]["voicePrintId"]}
    [matched] = client.call(diarize, VOICE_PRINTS, "MatchVoice", {"sample": sample})
    assert matched["match"]["name"] == "Ann Example"
    assert client.call(diarize, VOICE_PRINTS, "ForgetVoicePrint", named) == [{}]
    assert client.call(diarize, VOICE_PRINTS, "ListVoicePrints", {}) == [{}]


def test_ocr(
    mesh: Mapping[str, grpc.Channel], client: ModuleType, media: Mapping[str, Any]
) -> None:
    ocr, service = mesh["ocr"], "brickwork.ocr.v1.OcrService"
    events = client.call(ocr, service, "ReadDocument", {"media": media["image"]})
    [page] = [event["page"] for event in done(events, "summary")]
    assert [line["text"] for line in page["lines"]] == ["Brightness 120"]
    events = client.call(ocr, service, "DetectLayout", {"media": media["image"]})
    [layout] = [event["layout"] for event in done(events, "summary")]
    assert [region["kind"] for region in layout["regions"]] == ["REGION_KIND_OTHER"]
    events = client.call(ocr, service, "ReadVideo", {"media": media["recording"]})
    texts = [event["timedText"]["text"] for event in done(events, "summary")]
    assert texts == ["Brightness 50", "Brightness 200"]


def test_the_page_about_ocr_has_a_client_that_runs(
    home: Path, mesh: Mapping[str, grpc.Channel]
) -> None:
    _, _, rest = PAGE.with_name("call-ocr.md").read_text().partition("```python\n")
    program, _, _ = rest.partition("```")
    assert len([line for line in program.splitlines() if line]) <= 15
    sheet = page_of(Words(72, 700, 12, "What it says."))
    document = write_pdf(home / "document.pdf", [sheet])
    command = [sys.executable, "-c", program, str(document)]
    ran = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=SECONDS)
    assert ran.returncode == 0, ran.stderr
    assert "What it says." in ran.stdout.splitlines()


def test_translate(mesh: Mapping[str, grpc.Channel], client: ModuleType) -> None:
    translate, service = mesh["translate"], "brickwork.translate.v1.TranslateService"
    order = {"texts": ["one", "two"], "source_language": "en", "target_language": "pt"}
    events = client.call(translate, service, "TranslateTexts", order)
    texts = [event["translation"]["text"] for event in done(events, "summary")]
    assert texts == ["ONE", "TWO"]
    [listed] = client.call(translate, service, "ListLanguagePairs", {})
    assert {pair["model"] for pair in listed["pairs"]} == {"bergamot-en-pt", "bergamot-pt-en"}
    config = {"config": {"source_language": "en", "target_language": "pt"}}
    spoken = {"text": {"id": "1", "text": "one"}}
    events = client.call(translate, service, "TranslateLiveText", config, spoken)
    [live] = [event["translation"] for event in done(events, "summary")]
    assert (live["id"], live["translation"]["text"]) == ("1", "ONE")


def test_the_clients_of_the_page_about_translate_run_as_printed(
    home: Path, mesh: Mapping[str, grpc.Channel]
) -> None:
    page = PAGE.with_name("call-translate.md").read_text()
    [texts, live] = (block.partition("```")[0] for block in page.split("```python\n")[1:])
    assert all(len([line for line in one.splitlines() if line]) <= 15 for one in (texts, live))
    # The scripted engine swaps the case.
    assert ran(home, texts) == ["gOOD MORNING.", "aSK THE conselho FOR {n} COPIES."]
    command, typed = [sys.executable, "-c", live], "One.\nTwo."
    told = subprocess.run(
        command, cwd=home, input=typed, capture_output=True, text=True, timeout=SECONDS
    )
    assert (told.returncode, told.stdout) == (0, "oNE.\ntWO."), told.stderr


def test_llm(mesh: Mapping[str, grpc.Channel], client: ModuleType) -> None:
    order: dict[str, Any] = {
        "messages": [{"role": "CHAT_ROLE_USER", "text": "one two"}],
        "max_token_count": 2,
    }
    events = client.call(mesh["llm"], "brickwork.llm.v1.LlmService", "GenerateText", order)
    assert [event["delta"]["text"] for event in done(events, "usage")] == ["one", " two"]
    order = {"messages": order["messages"]}
    [counted] = client.call(mesh["llm"], "brickwork.llm.v1.LlmService", "CountTokens", order)
    assert counted["tokenCount"] == 2
    texts = {"texts": ["one", "two"]}
    events = client.call(mesh["llm"], "brickwork.llm.v1.LlmService", "EmbedTexts", texts)
    assert len([event["embedding"]["vector"] for event in done(events, "summary")]) == 2


def test_the_client_of_the_page_about_llm_runs_as_printed(
    home: Path, mesh: Mapping[str, grpc.Channel]
) -> None:
    page = PAGE.with_name("call-llm.md").read_text()
    [code, likeness] = (block.partition("```")[0] for block in page.split("```python\n")[1:])
    assert len([line for line in code.splitlines() if line]) <= 15
    text, usage = ran(home, code)
    assert text.startswith("Name three colours. [")
    assert usage == "3 + 4 tokens"
    assert float(ran(home, likeness)[-1]) == pytest.approx(1.0)


@pytest.mark.parametrize("name", BRICKS)
def test_objects(mesh: Mapping[str, grpc.Channel], client: ModuleType, name: str) -> None:
    content = name.encode() * 50_000
    chunks = [{"chunk": base64_of(content[:99])}, {"chunk": base64_of(content[99:])}]
    [stored] = client.call(mesh[name], OBJECTS, "PutObject", {"header": {}}, *chunks)
    answers = client.call(mesh[name], OBJECTS, "GetObject", {"object": stored["object"]})
    assert b"".join(base64.b64decode(answer["chunk"]) for answer in answers) == content


@pytest.mark.parametrize("name", BRICKS)
def test_control(mesh: Mapping[str, grpc.Channel], client: ModuleType, name: str) -> None:
    [about] = client.call(mesh[name], CONTROL, "DescribeBrick", {})
    assert about["brick"] == name
    model = about.get("defaultModel", "bergamot-en-pt")
    assert model in [one["model"]["name"] for one in about["models"]]
    [loaded] = client.call(mesh[name], CONTROL, "LoadModel", {"model": model})
    assert (loaded["model"]["state"], loaded["model"]["grantedBytes"]) == (
        "SLOT_STATE_READY",
        # Scripted engines whose real ones are elastic are granted twice what they need.
        str((128 if name in ("asr", "ocr") else 64) * 2**20),
    )
    [unloaded] = client.call(mesh[name], CONTROL, "UnloadModel", {"model": model})
    assert unloaded["model"]["state"] == "SLOT_STATE_EMPTY"
    assert "grantedBytes" not in unloaded["model"]


def test_broker(mesh: Mapping[str, grpc.Channel], client: ModuleType) -> None:
    broker, me = mesh["broker"], identify(os.getpid())
    assert me is not None
    order = {
        "token_id": "contract-01",
        "holder": "contract",
        "purpose": "reflection",
        "guaranteed_bytes": 4096,
        "ceiling_bytes": 8192,
        "renew_within": "30s",
        "process": {"pid": me.pid, "start_ticks": me.start_ticks, "boot_id": me.boot_id},
        "secret": base64.b64encode(SECRET).decode(),
    }
    [acquired] = client.call(broker, BROKER, "AcquireVramToken", order)
    token = acquired["token"]
    assert (token["state"], token["device"]) == ("TOKEN_STATE_GRANTED", "host")
    known = {"secret": order["secret"]}
    named = {"token_id": token["tokenId"], "epoch": token["epoch"], **known}
    [renewed] = client.call(broker, BROKER, "RenewVramToken", named)
    assert renewed["token"]["epoch"] == token["epoch"]
    [listed] = client.call(broker, BROKER, "ListVramTokens", {})
    assert "contract-01" in [one["tokenId"] for one in listed["tokens"]]
    [capacity] = client.call(broker, BROKER, "GetCapacity", {})
    assert capacity["devices"][0]["capacityBytes"] == str(2**30)
    all_of_it = {"guaranteed_bytes": 2**30, "ceiling_bytes": 2**30}
    late = {**order, **all_of_it, "token_id": "contract-02"}
    [queued] = client.call(broker, BROKER, "AcquireVramToken", late)
    [wait] = client.call(broker, BROKER, "ExplainWait", {"token_id": "contract-02"})
    assert wait["place"]["cause"] == queued["place"]["cause"]
    watch = broker_pb2_grpc.BrokerServiceStub(broker).WatchVramTokens(
        broker_pb2.WatchVramTokensRequest(), timeout=SECONDS
    )
    assert [one.token_id for one in next(iter(watch)).tokens][-1] == "contract-02"
    watch.cancel()
    for token_id in ({"token_id": "contract-02", **known}, named):
        [released] = client.call(broker, BROKER, "ReleaseVramToken", token_id)
        assert released["token"]["state"] in ("TOKEN_STATE_CANCELLED", "TOKEN_STATE_RELEASED")


@pytest.mark.parametrize("name", ["broker", *BRICKS])
def test_health_is_told_for_the_process_and_each_service(
    mesh: Mapping[str, grpc.Channel], name: str
) -> None:
    expected = OF_THE_BROKER if name == "broker" else {**SERVICES[name], **OF_EVERY_BRICK}
    health = health_pb2_grpc.HealthStub(mesh[name])
    for service in ("", *expected):
        request = health_pb2.HealthCheckRequest(service=service)
        answer = health.Check(request, timeout=SECONDS)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING, service


def test_a_watcher_of_health_sees_a_process_stop() -> None:
    with tempfile.TemporaryDirectory(prefix="brickwork-") as folder:
        address = f"unix:{folder}/broker.sock"
        with process(Path(folder), "broker") as broker, grpc.insecure_channel(address) as channel:
            grpc.channel_ready_future(channel).result(SECONDS)
            request = health_pb2.HealthCheckRequest(service=BROKER)
            watching = health_pb2_grpc.HealthStub(channel).Watch(request, timeout=SECONDS)
            assert next(watching).status == health_pb2.HealthCheckResponse.SERVING
            broker.send_signal(signal.SIGTERM)
            assert next(watching).status == health_pb2.HealthCheckResponse.NOT_SERVING
