"""A model of a site, from its own store and its own list, served beside those of the brick."""

from pathlib import Path

import grpc
import pytest

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.errors import Reason
from brickwork_sdk.rich_status import error_from_rpc
from brickwork_sdk.testing.brick import served_brick
from brickwork_translate.__main__ import register
from brickwork_translate.settings import TranslateSettings
from tools.bench.site_model import NAME, PAIR, write_site
from tools.copying_model import Shape

SECONDS = 60.0
TEXTS = ["Guten Morgen zusammen.", "Der Zug kam wegen des Schnees zu spät."] * 20


async def test_a_model_of_a_site_is_listed_loaded_and_asked(tmp_path: Path) -> None:
    store, own = write_site(tmp_path, TEXTS, Shape(layers=1, width=64, heads=2, vocabulary=500))

    class Settings(TranslateSettings):
        own_models: Path | None = own

    source, target = PAIR
    async with served_brick(
        "brickwork_translate", Settings, register, tmp_path, engine="real", models_dir=store
    ) as channel:
        stub = translate_pb2_grpc.TranslateServiceStub(channel)
        asked = translate_pb2.ListLanguagePairsRequest(source_language=source)
        listed = await stub.ListLanguagePairs(asked, timeout=SECONDS)
        assert [(pair.target_language, pair.model) for pair in listed.pairs] == [(target, NAME)]
        request = translate_pb2.TranslateTextsRequest(
            texts=["Guten Morgen {name}.\n\nDer Zug?", ""],
            source_language=source,
            target_language=target,
        )
        call = stub.TranslateTexts(request, timeout=SECONDS)
        events = [event async for event in call]
    started = [event.started.model for event in events if event.HasField("started")]
    assert [(model.name, model.device) for model in started] == [(NAME, "cpu")]
    assert started[0].engine.endswith("(OPUS-MT)")
    texts = [event.translation.text for event in events if event.HasField("translation")]
    assert "{name}" in texts[0]
    assert "\n\n" in texts[0]
    assert texts[1:] == [""]


async def test_a_damaged_model_of_a_site_is_refused_and_the_brick_lives(tmp_path: Path) -> None:
    store, own = write_site(tmp_path, TEXTS, Shape(layers=1, width=64, heads=2, vocabulary=500))
    (store / NAME / "target.spm").write_bytes(b"something else")

    class Settings(TranslateSettings):
        own_models: Path | None = own

    async with served_brick(
        "brickwork_translate", Settings, register, tmp_path, engine="real", models_dir=store
    ) as channel:
        stub = translate_pb2_grpc.TranslateServiceStub(channel)
        request = translate_pb2.TranslateTextsRequest(
            texts=["a"], source_language=PAIR[0], target_language=PAIR[1]
        )
        for _ in range(2):
            with pytest.raises(grpc.RpcError) as caught:
                [event async for event in stub.TranslateTexts(request, timeout=SECONDS)]
            assert error_from_rpc(caught.value).reason is Reason.MODEL_DIGEST_MISMATCH
