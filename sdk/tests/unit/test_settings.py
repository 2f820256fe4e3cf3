import json
import logging
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsConfigDict

from brickwork_sdk.errors import BrickworkError, Reason
from brickwork_sdk.logs import JsonFormatter
from brickwork_sdk.settings import BrickSettings


class Window(BaseModel):
    """Two fields that belong together."""

    length_ms: int = 5


class CakeSettings(BrickSettings):
    """Settings of a brick that does not exist."""

    model_config = SettingsConfigDict(env_prefix="BRICKWORK_CAKE_")
    window: Window = Window()
    """How much at a time."""


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in {
        "LISTEN": "unix:/run/cake.sock",
        "BROKER": "unix:/run/broker.sock",
        "MODELS_DIR": "/models",
        "OBJECTS_DIR": "/objects",
    }.items():
        monkeypatch.setenv(f"BRICKWORK_CAKE_{name}", value)
    return monkeypatch


def fault() -> str:
    with pytest.raises(BrickworkError) as caught:
        CakeSettings.load()
    assert caught.value.reason is Reason.SETTING_INVALID
    return caught.value.message


def test_settings_come_from_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BRICKWORK_CAKE_THREADS", "3")
    environment.setenv("BRICKWORK_CAKE_WINDOW__LENGTH_MS", "7")
    settings = CakeSettings.load()
    assert settings.service == "cake"
    assert settings.models_dir == Path("/models")
    assert (settings.threads, settings.window.length_ms) == (3, 7)
    assert settings.engine == "real"


def test_settings_cannot_be_changed() -> None:
    settings = CakeSettings.load()
    with pytest.raises(ValidationError):
        settings.threads = 2  # type: ignore[misc]


@pytest.mark.parametrize("name", ["THREAD", "WINDOW__LENGTH", "THREADS_", "WINDOW_LENGTH_MS"])
def test_an_unknown_variable_is_named(environment: pytest.MonkeyPatch, name: str) -> None:
    environment.setenv(f"BRICKWORK_CAKE_{name}", "1")
    assert fault() == f"The setting BRICKWORK_CAKE_{name} is not the name of a setting."


def test_a_variable_of_another_process_is_none_of_ours(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BRICKWORK_CAKES_FLOUR", "1")
    assert CakeSettings.load().threads == 1


def test_a_missing_or_wrong_value_is_named(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("BRICKWORK_CAKE_WINDOW__LENGTH_MS", "long")
    assert fault().startswith("The setting BRICKWORK_CAKE_WINDOW__LENGTH_MS is wrong:")
    environment.delenv("BRICKWORK_CAKE_WINDOW__LENGTH_MS")
    environment.setenv("BRICKWORK_CAKE_ENGINE", "other")
    assert fault().startswith("The setting BRICKWORK_CAKE_ENGINE is wrong:")
    environment.delenv("BRICKWORK_CAKE_ENGINE")
    environment.delenv("BRICKWORK_CAKE_BROKER")
    assert fault() == "The setting BRICKWORK_CAKE_BROKER is missing."


def test_a_log_line_is_one_json_object_with_its_fields() -> None:
    record = logging.makeLogRecord(
        {"msg": "call_ended", "levelname": "INFO", "levelno": 20, "rpc": "/a/B", "size_bytes": 9}
    )
    line = json.loads(JsonFormatter("cake", lambda: None).format(record))
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "INFO",
        "service": "cake",
        "event": "call_ended",
        "rpc": "/a/B",
        "size_bytes": 9,
    }
