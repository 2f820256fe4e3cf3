"""Building models into the store, out of the wheels that bring their parts."""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brickwork_sdk.errors import (
    BrickworkError,
    InvalidInput,
    NotFound,
    NotPossible,
    Reason,
)
from brickwork_sdk.full_disk import full_disk_told
from brickwork_sdk.models import (
    BuildByCopy,
    CatalogueEntry,
    Model,
    ModelStore,
    write_manifest,
)

BUILD_SECONDS_MAX = 1800.0


def build(store: ModelStore, entry: CatalogueEntry, wheels_dir: Path) -> Model:
    """Build a model into the store, or return the one that is there already.

    The model appears whole: it is made and checked beside its place and then
    renamed into it. Built twice at once it is built once.

    Args:
        store: where to.
        entry: which model, and the digests that its files must have.
        wheels_dir: where the model wheels are installed.

    Raises:
        NotFound: MODEL_MISSING, a part is not in the wheels, or the build failed.
        NotPossible: MODEL_DIGEST_MISMATCH, a file came out different.
        NoCapacity: STORAGE_FULL.
    """
    with _building(store.root):
        found = _already_built(store, entry)
        if found is not None:
            return found
        with (
            full_disk_told("The disk of the model store is full; nothing was kept."),
            tempfile.TemporaryDirectory(dir=store.root, prefix=".building-") as folder,
        ):
            made = Path(folder) / entry.name
            made.mkdir()
            if isinstance(entry.build, BuildByCopy):
                _copy(entry.name, entry.build, wheels_dir, made)
            else:
                _run(entry.name, entry.build.module, wheels_dir, made)
            store.check(made, entry.manifest)
            write_manifest(made, entry.manifest)
            place = store.root / entry.name
            if place.exists():
                # Whoever uses the old files has them open or mapped and keeps them.
                place.rename(Path(folder) / "replaced")
            made.rename(place)
    return store.get(entry.name)


def _already_built(store: ModelStore, entry: CatalogueEntry) -> Model | None:
    try:
        model = store.get(entry.name)
    except BrickworkError as error:
        if error.reason in (Reason.MODEL_MISSING, Reason.MODEL_DIGEST_MISMATCH):
            return None  # What is damaged is built again.
        raise
    return model if model.manifest == entry.manifest else None


def _copy(name: str, recipe: BuildByCopy, wheels_dir: Path, made: Path) -> None:
    for path, parts in recipe.files.items():
        target = made / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as whole:
            for part in parts:
                try:
                    with (wheels_dir / part).open("rb") as source:
                        shutil.copyfileobj(source, whole, 1024 * 1024)
                except FileNotFoundError:
                    raise NotFound(
                        Reason.MODEL_MISSING,
                        f"The model {name} cannot be built: {part} is not among the "
                        "installed wheels.",
                        metadata={"model": name, "file": part},
                    ) from None


def _run(name: str, module: str, wheels_dir: Path, made: Path) -> None:
    command = [sys.executable, "-m", module, str(wheels_dir), str(made), name]
    try:
        done = subprocess.run(
            command,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=BUILD_SECONDS_MAX,
        )
    except subprocess.TimeoutExpired:
        raise _failed(name, f"{module} took more than {BUILD_SECONDS_MAX:g} seconds") from None
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise _failed(name, f"{module} ended with {done.returncode}: {lines[-1]}")


def _failed(name: str, why: str) -> NotPossible:
    return NotPossible(
        Reason.MODEL_MISSING,
        f"The model {name} cannot be built: {why}.",
        metadata={"model": name},
    )


@contextmanager
def _building(root: Path) -> Iterator[None]:
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = (root / ".lock").open("w")
    except OSError as error:
        raise InvalidInput(
            Reason.SETTING_INVALID, f"The model store cannot be written to: {error.strerror}."
        ) from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in root.glob(".building-*"):
            shutil.rmtree(left)  # Under the lock no other build is running: a killed one left it.
        yield
