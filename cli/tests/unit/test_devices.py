"""What a mesh is told of the GPU."""

import pytest

from brickwork_cli.devices import GPU_BRICKS, device_settings
from brickwork_cli.plan import BRICKS
from brickwork_sdk import cuda_driver
from brickwork_sdk.cuda_driver import Lack
from brickwork_sdk.errors import NotPossible, Reason
from brickwork_sdk.models import load_catalogue


def test_on_the_processor_operators_may_choose_for_each_brick() -> None:
    assert device_settings("cpu") == {}


def test_on_a_gpu_its_memory_is_lent_and_every_brick_that_can_computes_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cuda_driver, "lack", lambda: None)
    settings = device_settings("cuda")
    assert settings.pop("BRICKWORK_BROKER_DEVICE") == "cuda:0"
    assert settings == {f"BRICKWORK_{name.upper()}_DEVICE": "cuda" for name in GPU_BRICKS}


def test_the_bricks_that_can_are_those_whose_models_say_what_they_take_there() -> None:
    able = {
        name
        for name in BRICKS
        if all(entry.gpu_footprint_bytes for entry in load_catalogue(f"brickwork_{name}"))
    }
    assert able == set(GPU_BRICKS)


def test_without_a_gpu_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_driver, "lack", lambda: Lack("card", "There is none."))
    with pytest.raises(NotPossible) as caught:
        device_settings("cuda")
    assert caught.value.reason is Reason.DEVICE_UNAVAILABLE
    assert caught.value.metadata == {"device": "cuda", "missing": "card"}
