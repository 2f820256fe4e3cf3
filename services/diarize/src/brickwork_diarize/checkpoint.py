"""Read the tensors of a torch checkpoint without torch and without running its code.

A checkpoint is a pickle, and a pickle may call anything. This reader lets it build tensors and
plain containers only; classes of the trainer's notes become empty placeholders, and any other
class is refused. Both layouts are read: the zip archive and the older run of pickles.
Source: torch 2.13, `torch/serialization.py` (`_save` and `_legacy_save`).
"""

import io
import pickle
import zipfile
from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from brickwork_sdk.errors import InvalidInput, Reason

Tensors = Mapping[str, NDArray[np.float32]]

_LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_FLOAT_BYTES = 4


@dataclass(frozen=True)
class _Storage:
    """Names the run of numbers that several tensors may share."""

    key: str
    count: int


@dataclass(frozen=True)
class _TensorView:
    """Describes a tensor whose numbers are read after the pickle has ended."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Placeholder:
    """Stands for an object of the trainer's notes; it keeps and runs nothing."""

    def __init__(self, *_arguments: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def _view(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_rest: object
) -> _TensorView:
    return _TensorView(storage, offset, shape, strides)


# Protocol 2 writes the names that Python 2 used, so `__builtin__` is spelled in that way.
_ALLOWED: Mapping[tuple[str, str], object] = {
    ("__builtin__", "dict"): dict,
    ("__builtin__", "list"): list,
    ("__builtin__", "long"): int,
    ("collections", "OrderedDict"): OrderedDict,
    ("collections", "defaultdict"): defaultdict,
    ("torch", "FloatStorage"): "FloatStorage",
    ("torch._utils", "_rebuild_tensor_v2"): _view,
    ("omegaconf.base", "ContainerMetadata"): _Placeholder,
    ("omegaconf.base", "Metadata"): _Placeholder,
    ("omegaconf.listconfig", "ListConfig"): _Placeholder,
    ("omegaconf.nodes", "AnyNode"): _Placeholder,
    ("pyannote.audio.core.model", "Introspection"): _Placeholder,
    ("pyannote.audio.core.task", "Problem"): _Placeholder,
    ("pyannote.audio.core.task", "Resolution"): _Placeholder,
    ("pyannote.audio.core.task", "Specifications"): _Placeholder,
    ("torch.torch_version", "TorchVersion"): _Placeholder,
    ("typing", "Any"): _Placeholder,
}


class _TensorUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise InvalidInput(
                Reason.MODEL_UNREADABLE,
                f"The checkpoint asks for {module}.{name}; only tensors and plain containers "
                "are read.",
                metadata={"class": f"{module}.{name}"},
            )
        return _ALLOWED[module, name]

    def persistent_load(self, identity: Any) -> _Storage:
        kind, element, key, _device, count = identity[:5]
        if kind != "storage" or element != "FloatStorage":
            raise _unreadable("it holds numbers that are not float32")
        return _Storage(key, count)


def read_checkpoint(path: Path, state_key: str) -> Tensors:
    """Read the tensors that a checkpoint keeps under one key.

    Args:
        path: The checkpoint, a zip archive or a run of pickles.
        state_key: The key of the state dictionary, as in `state_dict`.

    Returns:
        Name to tensor, float32, C-contiguous, in the order of the file.

    Raises:
        InvalidInput: MODEL_UNREADABLE, where the file is no checkpoint, asks for another class
            than the listed ones, or lacks the key.
    """
    try:
        if zipfile.is_zipfile(path):
            root, storages = _read_archive(path)
        else:
            with path.open("rb") as file:
                root, storages = _read_legacy(file)
        views = root[state_key]
        return {
            name: _materialise(view, storages)
            for name, view in views.items()
            if isinstance(view, _TensorView)
        }
    except (pickle.UnpicklingError, EOFError, KeyError, TypeError, ValueError) as error:
        raise _unreadable(f"{type(error).__name__}: {error}") from error


def _read_archive(path: Path) -> tuple[Any, Mapping[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        index = next((name for name in archive.namelist() if name.endswith("/data.pkl")), None)
        if index is None:
            raise _unreadable("the archive has no data.pkl")
        folder = index.removesuffix("data.pkl") + "data/"
        root = _TensorUnpickler(io.BytesIO(archive.read(index))).load()
        storages = {
            name.removeprefix(folder): archive.read(name)
            for name in archive.namelist()
            if name.startswith(folder)
        }
    return root, storages


def _read_legacy(file: IO[bytes]) -> tuple[Any, Mapping[str, bytes]]:
    if _TensorUnpickler(file).load() != _LEGACY_MAGIC:
        raise _unreadable("it does not begin like one")
    _TensorUnpickler(file).load()  # The version of the layout, the same for every such file.
    _TensorUnpickler(file).load()  # The writer's sizes of integers, which float32 does not need.
    root = _TensorUnpickler(file).load()
    storages = {}
    for key in _TensorUnpickler(file).load():
        count = int.from_bytes(file.read(8), "little")
        storages[key] = file.read(count * _FLOAT_BYTES)
    return root, storages


def _materialise(view: _TensorView, storages: Mapping[str, bytes]) -> NDArray[np.float32]:
    flat = np.frombuffer(storages[view.storage.key], dtype="<f4")
    last = view.offset + sum(
        (length - 1) * stride for length, stride in zip(view.shape, view.strides, strict=True)
    )
    if min((view.offset, *view.shape, *view.strides), default=0) < 0 or last >= flat.size:
        raise _unreadable("a tensor reaches beyond its numbers")
    strides = [stride * _FLOAT_BYTES for stride in view.strides]
    window = np.lib.stride_tricks.as_strided(flat[view.offset :], view.shape, strides)
    return np.ascontiguousarray(window, dtype=np.float32)


def _unreadable(why: str) -> InvalidInput:
    return InvalidInput(
        Reason.MODEL_UNREADABLE, f"The checkpoint cannot be read: {why}.", metadata={"why": why}
    )
