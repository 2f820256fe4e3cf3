from pathlib import Path

import pytest

from brickwork_gateway.settings import GatewaySettings
from brickwork_sdk.errors import InvalidInput, Reason

NEEDED = {
    "STATE_DIR": "state",
    "OBJECTS_DIR": "objects",
    "VALKEY": "unix:///run/valkey.sock",
    "ASR": "unix:/run/asr.sock",
    "DIARIZE": "unix:/run/diarize.sock",
    "OCR": "unix:/run/ocr.sock",
    "TRANSLATE": "unix:/run/translate.sock",
    "LLM": "unix:/run/llm.sock",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in NEEDED.items():
        monkeypatch.setenv(f"BRICKWORK_GATEWAY_{name}", value)


def test_settings_come_from_the_environment() -> None:
    settings = GatewaySettings.load()
    assert settings.state_dir == Path("state")
    assert settings.bricks["asr"] == "unix:/run/asr.sock"


def test_an_address_of_a_brick_that_nobody_can_call_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BRICKWORK_GATEWAY_ASR", "asr-1:50051,asr-2:50051")
    with pytest.raises(InvalidInput, match=r"a name stands alone\.$") as caught:
        GatewaySettings.load()
    assert caught.value.metadata == {"setting": "BRICKWORK_GATEWAY_ASR"}


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "127.8.8.8:80", "localhost:65535", "[::1]:80"])
def test_the_gateway_listens_on_loopback(monkeypatch: pytest.MonkeyPatch, listen: str) -> None:
    monkeypatch.setenv("BRICKWORK_GATEWAY_LISTEN", listen)
    assert GatewaySettings.load().listen == listen


def test_it_listens_elsewhere_only_where_it_is_told_to_trust_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BRICKWORK_GATEWAY_LISTEN", "0.0.0.0:8600")
    monkeypatch.setenv("BRICKWORK_GATEWAY_TRUSTS_ITS_NETWORK", "true")
    assert GatewaySettings.load().listen == "0.0.0.0:8600"
    monkeypatch.setenv("BRICKWORK_GATEWAY_LISTEN", "8600")
    with pytest.raises(InvalidInput):
        GatewaySettings.load()


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "[::]:80", "10.0.0.1:80", "server:80", "8600"])
def test_the_gateway_listens_nowhere_else(monkeypatch: pytest.MonkeyPatch, listen: str) -> None:
    monkeypatch.setenv("BRICKWORK_GATEWAY_LISTEN", listen)
    with pytest.raises(InvalidInput) as raised:
        GatewaySettings.load()
    assert raised.value.reason is Reason.SETTING_INVALID
    assert "BRICKWORK_GATEWAY_LISTEN" in raised.value.message
