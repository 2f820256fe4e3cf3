"""Reads the tensors of a safetensors file.

Source: the format as its authors describe it: eight bytes with the length of a JSON header, the
header, then the tensors; offsets count from the header's end.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Tensors = Mapping[str, NDArray[np.float32]]
_LENGTH_BYTES = 8


def read_tensors(path: Path) -> Tensors:
    """Return every float32 tensor of a file by its name.

    Args:
        path: a file whose digest is known to be right; nothing in it is doubted.
    """
    content = np.fromfile(path, np.uint8)
    start = _LENGTH_BYTES + int(content[:_LENGTH_BYTES].view("<u8")[0])
    header = json.loads(content[_LENGTH_BYTES:start].tobytes())
    header.pop("__metadata__", None)
    return {
        name: _tensor(content[start:], about["data_offsets"]).reshape(about["shape"])
        for name, about in header.items()
        if about["dtype"] == "F32"
    }


def _tensor(data: NDArray[np.uint8], offsets: list[int]) -> NDArray[np.float32]:
    # A copy, because a tensor need not begin where a float32 may.
    return data[offsets[0] : offsets[1]].copy().view("<f4")
