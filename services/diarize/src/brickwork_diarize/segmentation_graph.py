"""Rebuild the pyannote segmentation network of 2021 as an ONNX graph.

Source: the PyanNet and SincNet models of pyannote.audio 2.0, and ParamSincFB of asteroid
filterbanks 0.4; the sinc filters are learned once and therefore baked into plain convolutions.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brickwork_diarize.checkpoint import Tensors
from brickwork_diarize.graph import Graph
from brickwork_diarize.lstm import add_lstm_layer

_LOW_HZ_MIN = 50.0
_BAND_HZ_MIN = 50.0
_HIGH_HZ_MAX = 8000.0
_LSTM_LAYERS = 4
_LEAK = 0.01
_NORM_EPSILON = 1e-5


def build_segmentation(tensors: Tensors) -> bytes:
    """Return the network as ONNX bytes.

    Its input `samples` is float32 [window, 1, 80000], mono, 16 kHz, in [-1, 1]; its output
    `activity` is float32 [window, 293, 3], the chance in [0, 1] that each of three local
    speakers talks in each frame.
    """
    graph = Graph("segmentation")
    norm = ("sincnet.wav_norm1d.weight", "sincnet.wav_norm1d.bias")
    values = _normalise(graph, "samples", tensors, norm)
    values = graph.node("Conv", values, graph.weight(_sinc_filters(tensors)), strides=[10])
    values = _pool(graph, graph.node("Abs", values), tensors, 0)
    for stage in (1, 2):
        prefix = f"sincnet.conv1d.{stage}"
        weight, bias = tensors[f"{prefix}.weight"], tensors[f"{prefix}.bias"]
        values = graph.node("Conv", values, graph.weight(weight), graph.weight(bias))
        values = _pool(graph, values, tensors, stage)
    values = graph.node("Transpose", values, perm=[2, 0, 1])
    for layer in range(_LSTM_LAYERS):
        values, _directions = add_lstm_layer(graph, values, tensors, layer)
        values = graph.node("Transpose", values, perm=[0, 2, 1, 3])
        values = graph.reshape(values, (0, 0, -1))
    values = graph.node("Transpose", values, perm=[1, 0, 2])
    for name in ("linear.0", "linear.1"):
        values = graph.linear(values, tensors[f"{name}.weight"], tensors[f"{name}.bias"])
        values = graph.node("LeakyRelu", values, alpha=_LEAK)
    values = graph.linear(values, tensors["classifier.weight"], tensors["classifier.bias"])
    values = graph.node("Sigmoid", values)
    return graph.serialise(
        ("samples", ["window", 1, 80_000]), ("activity", ["window", 293, 3]), values
    )


def _pool(graph: Graph, values: str, tensors: Tensors, stage: int) -> str:
    values = graph.node("MaxPool", values, kernel_shape=[3], strides=[3])
    norm = (f"sincnet.norm1d.{stage}.weight", f"sincnet.norm1d.{stage}.bias")
    values = _normalise(graph, values, tensors, norm)
    return graph.node("LeakyRelu", values, alpha=_LEAK)


def _normalise(graph: Graph, values: str, tensors: Tensors, names: tuple[str, str]) -> str:
    scale, shift = (graph.weight(tensors[name]) for name in names)
    return graph.node("InstanceNormalization", values, scale, shift, epsilon=_NORM_EPSILON)


def _sinc_filters(tensors: Tensors) -> NDArray[np.float32]:
    """Bake the learned band edges into float32 [80, 1, 251], the cosine filters first.

    All steps round to float32 as the trainer's did: the angles reach 393, and exact ones move
    the network's answers by 2e-4.
    """
    prefix = "sincnet.conv1d.0.filterbank"
    times, window = tensors[f"{prefix}.n_"], tensors[f"{prefix}.window_"]
    low = _LOW_HZ_MIN + np.abs(tensors[f"{prefix}.low_hz_"])
    high = low + _BAND_HZ_MIN + np.abs(tensors[f"{prefix}.band_hz_"])
    high = np.clip(high, _LOW_HZ_MIN, _HIGH_HZ_MAX)
    width = 2 * (high - low)

    half = (_each(math.sin, high * times) - _each(math.sin, low * times)) / (times / 2) * window
    cosine = np.concatenate([half, width, half[:, ::-1]], axis=1)
    half = (_each(math.cos, low * times) - _each(math.cos, high * times)) / (times / 2) * window
    sine = np.concatenate([half, np.zeros_like(width), -half[:, ::-1]], axis=1)
    filters = np.concatenate([cosine / width, sine / width])
    return np.ascontiguousarray(filters[:, np.newaxis, :], dtype=np.float32)


def _each(function: Callable[[float], float], angles: NDArray[Any]) -> NDArray[np.float32]:
    """Apply a function of `math`, since numpy's differ in the last bit between processors."""
    values = [function(float(angle)) for angle in angles.flat]
    return np.array(values, np.float32).reshape(angles.shape)
