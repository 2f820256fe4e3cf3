"""What is in a `.nemo` file, seen before anything of it is loaded.

The file is a tar, and its weights are a pickle; its configuration names classes to make and files
to open. Each of these can be made to do what no model does. So nothing here unpickles or imports:
members are looked at first, the small ones are unpacked, and the weights are read where they lie.
What makes a model of them, NeMo and its torch, is handed in by the engine that runs on it.
Source: nemo-toolkit 3.0.0, `nemo/core/connectors/save_restore_connector.py`.
"""

import tarfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from pickle import UnpicklingError
from tempfile import TemporaryDirectory
from typing import IO, Any, Self

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.media.audio import SAMPLE_RATE_HZ

CONFIG, WEIGHTS = "model_config.yaml", "model_weights.ckpt"
_VOCABULARIES = (".model", ".vocab", ".txt", ".json", ".yaml")
"""What a tokenizer is stored as; no reader of these runs code."""
_MEMBERS_MAX = 64
_SMALL_BYTES_MAX = 64 * 1024 * 1024
"""What is no weights; the vocabularies of the published models take less than one."""
_CLASS_KEYS = ("target", "_target_")
_UNUSED = ("train_ds", "validation_ds", "test_ds", "optim")
"""Parts of a configuration that only training reads."""


class NemoArchive:
    """A `.nemo` file whose members are those of a model and nothing else.

    Attributes:
        names: of its members, weights and configuration among them.
        folder: holds all of them but the weights, while the archive is open.
    """

    def __init__(
        self, tar: tarfile.TarFile, members: Mapping[str, tarfile.TarInfo], folder: Path
    ) -> None:
        self._tar = tar
        self._members = members
        self.names = frozenset(members)
        self.folder = folder

    @classmethod
    @contextmanager
    def opened(cls, model_dir: Path) -> Iterator[Self]:
        """Open the one `.nemo` file of a model, and unpack what is small of it.

        Raises:
            InvalidInput: MODEL_UNREADABLE, there is not one, or it is none, or holds something else
                than weights, configuration and vocabularies.
        """
        found = sorted(model_dir.glob("*.nemo"))
        if len(found) != 1:
            raise unreadable(f"the model has {len(found)} of them instead of one")
        try:
            # Compressed ones, from before version 1.7, could unpack to any size.
            with tarfile.open(found[0], "r:") as tar, TemporaryDirectory() as folder:
                archive = cls(tar, _checked(tar), Path(folder))
                archive._unpack_small()
                yield archive
        except tarfile.TarError as error:
            raise unreadable("it is no tar, a compressed one, or damaged") from error

    def config(self, omegaconf: Any) -> Any:
        """Return the configuration as its YAML reads, with no reference followed.

        Args:
            omegaconf: the class `OmegaConf`.

        Raises:
            InvalidInput: MODEL_UNREADABLE.
        """
        try:
            return omegaconf.to_container(omegaconf.load(self.folder / CONFIG))
        except Exception as error:  # Of YAML, of OmegaConf's references, or of UTF-8.
            raise unreadable(f"its configuration is damaged ({type(error).__name__})") from error

    def weights(self) -> IO[bytes]:
        """Return the weights as a file; they are not unpacked."""
        return self._content(self._members[WEIGHTS])

    def restored(self, kind: Any, connector: Any, torch: Any) -> Any:
        """Return the model that NeMo makes of the files, once its configuration was checked.

        Args:
            kind: the class of NeMo that is asked for it.
            connector: a `SaveRestoreConnector`; it gets the weights instead of unpickling them.
            torch: the library, which reads them as numbers and nothing else.

        Raises:
            InvalidInput: MODEL_UNREADABLE.
        """
        try:
            weights = torch.load(self.weights(), map_location="cpu", weights_only=True)
        except (UnpicklingError, RuntimeError, EOFError) as error:
            raise unreadable("its weights are damaged, or more than numbers") from error
        connector.model_extracted_dir = str(self.folder)
        connector._load_state_dict_from_disk = lambda *_words, **_named: weights
        try:
            return kind.restore_from(
                str(self._tar.name), map_location="cpu", save_restore_connector=connector
            )
        except (ValueError, KeyError, TypeError, RuntimeError, OSError) as error:
            raise unreadable(f"NeMo cannot make a model of it ({type(error).__name__})") from error

    def _unpack_small(self) -> None:
        for name, member in self._members.items():
            if name != WEIGHTS:
                (self.folder / name).write_bytes(self._content(member).read())

    def _content(self, member: tarfile.TarInfo) -> IO[bytes]:
        content = self._tar.extractfile(member)
        assert content is not None, "only regular files are members"
        return content


def check_config(config: object, names: Collection[str], kinds: Collection[str]) -> None:
    """See that a configuration makes a model of a known kind, out of its own files.

    It must hear sound as the bricks read it, too.

    Args:
        config: what an archive holds as such.
        names: of the members of the archive.
        kinds: names of the classes that the engine runs, without their modules.

    Raises:
        InvalidInput: MODEL_UNREADABLE.
    """
    if not isinstance(config, Mapping):
        raise unreadable("its configuration is no mapping")
    kind = str(config.get("target", "")).rpartition(".")[2]
    if kind not in kinds:
        known = " and ".join(sorted(kinds))
        raise unreadable(
            f"it holds a {kind[:64] or 'model of no kind'}, and this engine runs {known}"
        )
    for key, value in _leaves({k: v for k, v in config.items() if k not in _UNUSED}):
        if key in _CLASS_KEYS and not value.startswith("nemo.collections."):
            raise unreadable(f"its configuration asks for the class {value[:64]}")
        if value.startswith("nemo:") and value.removeprefix("nemo:") not in names:
            raise unreadable(f"it lacks the file {value[:64]}")
        if "${" in value and ":" in value:
            raise unreadable("its configuration asks for something to be looked up or computed")
    hearing = config.get("preprocessor")
    if not isinstance(hearing, Mapping) or hearing.get("sample_rate") != SAMPLE_RATE_HZ:
        raise unreadable(f"it does not hear sound of {SAMPLE_RATE_HZ} Hz")


def unreadable(why: str) -> InvalidInput:
    """Return the error for a file that is not loaded."""
    return InvalidInput(
        Reason.MODEL_UNREADABLE, f"The .nemo file cannot be read: {why}.", metadata={"why": why}
    )


def _checked(tar: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    members: dict[str, tarfile.TarInfo] = {}
    for member in tar:
        path = PurePosixPath(member.name)
        if member.isdir() and not path.parts:
            continue  # The folder that was packed, as ".".
        if path.is_absolute() or len(path.parts) != 1 or ".." in path.parts:
            raise unreadable(f"its member {member.name[:64]!r} lies outside of its folder")
        if not member.isreg() or member.issparse():
            raise unreadable(f"its member {path.name[:64]} is no plain file")
        if path.name in members or len(members) == _MEMBERS_MAX:
            raise unreadable("it holds a file twice, or too many")
        if path.name != WEIGHTS and path.suffix not in _VOCABULARIES:
            raise unreadable(f"its member {path.name[:64]} is nothing that a model is made of")
        members[path.name] = member
    for name in (CONFIG, WEIGHTS):
        if name not in members:
            raise unreadable(f"it lacks {name}")
    if sum(one.size for name, one in members.items() if name != WEIGHTS) > _SMALL_BYTES_MAX:
        raise unreadable("what it holds beside its weights is too large")
    return members


def _leaves(config: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Yield key and value of every text; what is in a list has the key of the list."""
    seen: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", config)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, str):
            yield key, value
        elif isinstance(value, (Mapping, list)) and id(value) not in seen:
            seen.add(id(value))  # An alias of YAML may stand in many places, also in itself.
            inside = value.items() if isinstance(value, Mapping) else ((key, one) for one in value)
            waiting += [(str(name), one) for name, one in inside]
