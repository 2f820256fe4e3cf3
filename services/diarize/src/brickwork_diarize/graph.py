"""Assemble an ONNX graph node by node, naming each value by the node that makes it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

# Both are old enough for every runtime of the last three years, and pinning them keeps the
# bytes of the model the same whichever `onnx` writes it.
_OPSET = 17
_IR_VERSION = 8


class Graph:
    """Collects nodes and weights; each call returns the name of the value it made."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def weight(self, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        """Store an array, float32 or int64 of any shape, as a constant of the graph."""
        name = f"weight_{len(self._weights)}"
        kind = TensorProto.FLOAT if values.dtype == np.float32 else TensorProto.INT64
        little_endian = values.astype(values.dtype.newbyteorder("<"))
        self._weights.append(
            helper.make_tensor(name, kind, values.shape, little_endian.tobytes(), raw=True)
        )
        return name

    def node(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """Add one node with its attributes and return its first output."""
        name = f"{kind.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def linear(self, values: str, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> str:
        """Apply `values @ weight.T + bias`, as a torch Linear layer stores them."""
        product = self.node("MatMul", values, self.weight(np.ascontiguousarray(weight.T)))
        return self.node("Add", product, self.weight(bias))

    def reshape(self, values: str, shape: Sequence[int]) -> str:
        """Reshape, where 0 keeps an axis and -1 is worked out."""
        return self.node("Reshape", values, self.weight(np.array(shape, np.int64)))

    def serialise(
        self,
        source: tuple[str, Sequence[int | str]],
        result: tuple[str, Sequence[int | str]],
        last: str,
    ) -> bytes:
        """Close the graph and return its bytes, the same for the same weights.

        Args:
            source: Name and shape of the input, float32; a string is a free axis.
            result: Name and shape of the output, float32.
            last: The value that becomes the output.
        """
        self._nodes.append(helper.make_node("Identity", [last], [result[0]], name="result"))
        graph = helper.make_graph(
            self._nodes,
            self._name,
            [helper.make_tensor_value_info(source[0], TensorProto.FLOAT, source[1])],
            [helper.make_tensor_value_info(result[0], TensorProto.FLOAT, result[1])],
            self._weights,
        )
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR_VERSION
        )
        onnx.checker.check_model(model)
        return model.SerializeToString(deterministic=True)
