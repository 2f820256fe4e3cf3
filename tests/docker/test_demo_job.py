"""The job of the demo, by the real models in containers."""

import pytest

from tests.docker.stack import running_stack
from tools.demo import RECORDING, make_recording, missing
from tools.images import ROOT

pytestmark = [pytest.mark.docker, pytest.mark.models, pytest.mark.timeout(900)]


def test_the_job_of_the_demo_is_done_with_the_real_models() -> None:
    make_recording()
    store = str(ROOT / ".brickwork" / "models")
    with running_stack("real", brickwork_engine="real", brickwork_models=store) as stack:
        result = stack.result_of(RECORDING)
    assert list(missing(result)) == []
    assert len(result["speakers"]) == 3
    assert "worst of times" in " ".join(segment["text"] for segment in result["segments"])
