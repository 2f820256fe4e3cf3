"""Lay the weights of a torch LSTM out as the ONNX operator wants them."""

import numpy as np
from numpy.typing import NDArray

from brickwork_diarize.checkpoint import Tensors
from brickwork_diarize.graph import Graph


def add_lstm_layer(graph: Graph, values: str, tensors: Tensors, layer: int) -> tuple[str, int]:
    """Add one LSTM layer, in both directions where the checkpoint has the second.

    Args:
        graph: The graph to add to.
        values: float32 [time, batch, features].
        tensors: The state dictionary, its layers under `lstm.`.
        layer: Number of the layer, from 0.

    Returns:
        The output, float32 [time, directions, batch, hidden], and the number of directions.
    """
    suffixes = [f"l{layer}"]
    if f"lstm.weight_ih_l{layer}_reverse" in tensors:
        suffixes.append(f"l{layer}_reverse")
    stacked = {
        part: np.stack([_reorder(tensors[f"lstm.{part}_{suffix}"]) for suffix in suffixes])
        for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    }
    biases = np.concatenate([stacked["bias_ih"], stacked["bias_hh"]], axis=1)
    output = graph.node(
        "LSTM",
        values,
        graph.weight(stacked["weight_ih"]),
        graph.weight(stacked["weight_hh"]),
        graph.weight(biases),
        hidden_size=stacked["weight_hh"].shape[2],
        direction="bidirectional" if len(suffixes) == 2 else "forward",
    )
    return output, len(suffixes)


def _reorder(gates: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn torch's gates (input, forget, cell, output) into ONNX's (input, output, forget, cell).

    Source: torch 2.13 `nn.LSTM`, ONNX operator LSTM version 14.
    """
    gate_input, forget, cell, output = np.split(gates, 4)
    return np.concatenate([gate_input, output, forget, cell])
