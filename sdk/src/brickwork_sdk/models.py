"""The model store: models by name, each file pinned by its sha256.

A model is a folder with its files and a manifest that names them. Nothing is
ever fetched at run time, and nothing is loaded that differs from its manifest.
"""

import hashlib
import json
import re
import threading
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from brickwork_sdk.errors import NotFound, NotPossible, Reason

MANIFEST = "manifest.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


def _inside(path: str) -> str:
    """Accept a path that stays inside of the folder that it is relative to."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or not parts.parts or ".." in parts.parts or path == MANIFEST:
        raise ValueError(f"the path {path!r} does not lie inside of the model")
    return path


RelativePath = Annotated[str, AfterValidator(_inside)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelFile(_Frozen):
    """A file of a model."""

    path: RelativePath
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0)


class Manifest(_Frozen):
    """Which files a model consists of, and where they come from."""

    name: str = Field(pattern=f"^{_NAME.pattern}$")
    licence: str
    origin: str
    files: tuple[ModelFile, ...] = Field(min_length=1)

    @cached_property
    def digest(self) -> str:
        """The SHA-256 over paths and digests of the files, in the order of their paths."""
        lines = sorted(f"{file.path}\0{file.sha256}\n" for file in self.files)
        return hashlib.sha256("".join(lines).encode()).hexdigest()


class BuildByCopy(_Frozen):
    """Makes each file of a model from parts, one after the other."""

    files: dict[RelativePath, tuple[RelativePath, ...]] = Field(min_length=1)


class BuildByModule(_Frozen):
    """Makes the files of a model by a program: `python -m MODULE WHEELS_DIR OUT_DIR NAME`."""

    module: str


class ServedModel(_Frozen):
    """A model that a brick can serve.

    Attributes:
        name: its name in the model store and on the wire.
        engine: the module that loads it, such as `brickwork_asr.whisper_engine`.
        licence: SPDX identifier, or a sentence.
        origin: who made it and where the files come from.
        footprint_bytes: private memory that its engine process needs to do one piece of work after
            the other, in bytes; 0 where only what the broker has learned of it tells.
        ceiling_bytes: that with which it does as many at once as it ever will; None where more
            memory is of no use to it.
        gpu_footprint_bytes: that of a GPU when it computes there; None where it cannot.
        device: "cpu" where it always computes there, whatever its brick is told; None where it
            follows its brick.
        languages: ISO 639-1 codes; empty where language does not matter.
        abilities: what it can be asked, in the words of its brick; empty where every model of the
            brick can be asked the same.
    """

    name: str = Field(pattern=f"^{_NAME.pattern}$")
    engine: str
    licence: str
    origin: str
    footprint_bytes: int = Field(ge=0)
    ceiling_bytes: int | None = Field(default=None, gt=0)
    gpu_footprint_bytes: int | None = Field(default=None, gt=0)
    device: Literal["cpu"] | None = None
    languages: tuple[str, ...] = ()
    abilities: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _stands_above_footprint(self) -> Self:
        if self.ceiling_bytes is not None and self.ceiling_bytes <= self.footprint_bytes:
            raise ValueError(f"the ceiling of {self.name} is not above its footprint")
        return self


class CatalogueEntry(ServedModel):
    """A model of which a brick's `models.json` tells how its files are made.

    Attributes:
        build: how its files are made from installed wheels.
        files: what comes out of that.
    """

    footprint_bytes: int = Field(gt=0)
    build: BuildByCopy | BuildByModule
    files: tuple[ModelFile, ...] = Field(min_length=1)

    @property
    def manifest(self) -> Manifest:
        """What the model store keeps of this entry."""
        return Manifest(name=self.name, licence=self.licence, origin=self.origin, files=self.files)


@dataclass(frozen=True)
class Model:
    """A model whose files are there and are the right ones.

    Attributes:
        name: its name in the store.
        directory: the folder of its files.
        digest: SHA-256 over its manifest, 64 lower-case hexadecimal digits.
        manifest: its files.
    """

    name: str
    directory: Path
    digest: str
    manifest: Manifest


def load_catalogue(package: str) -> tuple[CatalogueEntry, ...]:
    """Read the `models.json` that a brick's package brings."""
    content = resources.files(package).joinpath("models.json").read_bytes()
    return TypeAdapter(tuple[CatalogueEntry, ...]).validate_json(content)


class ModelStore:
    """Finds models in a folder and vouches for their content."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._seen: dict[Path, tuple[tuple[int, int, int], str]] = {}
        self._guard = threading.Lock()

    def names(self) -> list[str]:
        """Return the names of the models that the store holds, in order."""
        return sorted(path.parent.name for path in self.root.glob(f"*/{MANIFEST}"))

    def get(self, name: str) -> Model:
        """Return a model after checking each of its files.

        A file is read again only when its size, time or place on the disk has changed.

        Raises:
            NotFound: MODEL_MISSING, the model or one of its files is not there.
            NotPossible: MODEL_DIGEST_MISMATCH, a file is not the one of the manifest.
        """
        if not _NAME.fullmatch(name):
            raise _missing(name, f"The model store has no model {name!r}.")
        directory = self.root / name
        try:
            manifest = Manifest.model_validate_json((directory / MANIFEST).read_bytes())
        except FileNotFoundError:
            raise _missing(name, f"The model store has no model {name!r}.") from None
        except ValidationError as error:
            raise _mismatch(name, MANIFEST, "is no manifest") from error
        self.check(directory, manifest)
        return Model(name, directory, manifest.digest, manifest)

    def check(self, directory: Path, manifest: Manifest) -> None:
        """Compare the files of a folder with a manifest; raises as `get`."""
        for file in manifest.files:
            path = directory / file.path
            try:
                size_bytes, sha256 = self._digest(path)
            except FileNotFoundError:
                raise _missing(
                    manifest.name,
                    f"The model {manifest.name} lacks its file {file.path}.",
                    file.path,
                ) from None
            if size_bytes != file.size_bytes:
                fault = f"has {size_bytes:,} bytes instead of {file.size_bytes:,}"
                raise _mismatch(manifest.name, file.path, fault)
            if sha256 != file.sha256:
                fault = f"has sha256 {sha256[:12]}... instead of {file.sha256[:12]}..."
                raise _mismatch(manifest.name, file.path, fault)

    def _digest(self, path: Path) -> tuple[int, str]:
        about = path.stat()
        stamp = (about.st_size, about.st_mtime_ns, about.st_ino)
        with self._guard:
            seen = self._seen.get(path)
        if seen is None or seen[0] != stamp:
            with path.open("rb") as file:
                seen = stamp, hashlib.file_digest(file, "sha256").hexdigest()
            with self._guard:
                self._seen[path] = seen
        return about.st_size, seen[1]


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write the manifest of a model beside its files."""
    content = json.dumps(manifest.model_dump(mode="json"), indent=2, ensure_ascii=False)
    (directory / MANIFEST).write_text(content + "\n", encoding="utf-8")


def _missing(name: str, message: str, path: str = "") -> NotFound:
    return NotFound(Reason.MODEL_MISSING, message, metadata={"model": name, "file": path})


def _mismatch(name: str, path: str, fault: str) -> NotPossible:
    return NotPossible(
        Reason.MODEL_DIGEST_MISMATCH,
        f"The file {path} of the model {name} {fault}.",
        metadata={"model": name, "file": path},
    )
