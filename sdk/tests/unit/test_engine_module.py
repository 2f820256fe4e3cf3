from pathlib import Path

import pytest

from brickwork_sdk.engine.engine_module import engine_module
from brickwork_sdk.errors import NotPossible, Reason


def test_an_engine_whose_library_is_not_installed_says_which(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine_without_library.py").write_text("import library_of_nobody\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NotPossible, match="needs library_of_nobody") as caught:
        engine_module("engine_without_library")
    assert caught.value.reason is Reason.MODEL_CANNOT
    assert caught.value.metadata == {"missing": "library_of_nobody"}


def test_an_engine_that_is_there_is_imported() -> None:
    assert engine_module(engine_module.__module__).__name__ == engine_module.__module__
