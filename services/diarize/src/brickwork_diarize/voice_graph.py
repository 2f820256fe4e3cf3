"""Rebuild the GE2E voice encoder of Resemblyzer as an ONNX graph.

Source: Wan et al. 2018, Generalized End-to-End Loss for Speaker Verification; Resemblyzer
0.1.4, `voice_encoder.py`.
"""

import numpy as np

from brickwork_diarize.checkpoint import Tensors
from brickwork_diarize.graph import Graph
from brickwork_diarize.lstm import add_lstm_layer

_LSTM_LAYERS = 3


def build_voice(tensors: Tensors) -> bytes:
    """Return the network as ONNX bytes.

    Its input `mel` is float32 [utterance, frame, 40], powers as `mel.py` makes them; its output
    `voice` is float32 [utterance, 256], not negative, of length 1.
    """
    graph = Graph("voice")
    values = graph.node("Transpose", "mel", perm=[1, 0, 2])
    for layer in range(_LSTM_LAYERS):
        values, _directions = add_lstm_layer(graph, values, tensors, layer)
        values = graph.reshape(values, (0, -1, tensors["linear.weight"].shape[1]))
    values = graph.node("Gather", values, graph.weight(np.array(-1, np.int64)), axis=0)
    values = graph.linear(values, tensors["linear.weight"], tensors["linear.bias"])
    values = graph.node("Relu", values)
    values = graph.node("LpNormalization", values, axis=1, p=2)
    return graph.serialise(
        ("mel", ["utterance", "frame", 40]), ("voice", ["utterance", 256]), values
    )
