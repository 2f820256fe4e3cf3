import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from brickwork_diarize.checkpoint import Tensors
from brickwork_diarize.voice_graph import build_voice

HIDDEN = 8


@pytest.fixture
def tensors() -> Tensors:
    """Weights of a small encoder, named as torch names them."""
    random = np.random.default_rng(2)
    shapes: dict[str, tuple[int, ...]] = {
        "linear.weight": (HIDDEN, HIDDEN),
        "linear.bias": (HIDDEN,),
    }
    for layer in range(3):
        shapes[f"lstm.weight_ih_l{layer}"] = (4 * HIDDEN, 40 if layer == 0 else HIDDEN)
        shapes[f"lstm.weight_hh_l{layer}"] = (4 * HIDDEN, HIDDEN)
        shapes[f"lstm.bias_ih_l{layer}"] = shapes[f"lstm.bias_hh_l{layer}"] = (4 * HIDDEN,)
    return {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def encode(tensors: Tensors, mel: NDArray[np.float32]) -> NDArray[np.float64]:
    """Follow torch's formulas step by step: gates in the order input, forget, cell, output."""

    def sigmoid(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1 / (1 + np.exp(-values))

    steps = mel.astype(np.float64)
    for layer in range(3):
        hidden = cell = np.zeros(HIDDEN)
        outputs = []
        for step in steps:
            gates = tensors[f"lstm.weight_ih_l{layer}"] @ step + tensors[f"lstm.bias_ih_l{layer}"]
            gates = gates + tensors[f"lstm.weight_hh_l{layer}"] @ hidden
            gates = gates + tensors[f"lstm.bias_hh_l{layer}"]
            enter, forget, fresh, leave = np.split(gates, 4)
            cell = sigmoid(forget) * cell + sigmoid(enter) * np.tanh(fresh)
            hidden = sigmoid(leave) * np.tanh(cell)
            outputs.append(hidden)
        steps = np.array(outputs)
    raw = np.maximum(0, tensors["linear.weight"] @ steps[-1] + tensors["linear.bias"])
    return np.asarray(raw / np.linalg.norm(raw))


def test_the_graph_follows_the_formulas(tensors: Tensors) -> None:
    mel = np.random.default_rng(3).random((2, 7, 40), np.float32)
    session = onnxruntime.InferenceSession(build_voice(tensors))
    (voices,) = session.run(None, {"mel": mel})
    for voice, one in zip(voices, mel, strict=True):
        np.testing.assert_allclose(voice, encode(tensors, one), atol=1e-5)


def test_the_same_weights_give_the_same_bytes(tensors: Tensors) -> None:
    assert build_voice(tensors) == build_voice(dict(tensors))
