"""The files of an embedded model, as far as both engines speak of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from brickwork_sdk.errors import NotPossible, Reason


@contextmanager
def reading(model_dir: Path, what: str) -> Iterator[None]:
    """Make one clear error of whatever a library says about files that it cannot read.

    `tokenizers` raises bare exceptions, CTranslate2 RuntimeError, a file OSError.

    Args:
        model_dir: where the files are.
        what: the model, as people call it.

    Raises:
        NotPossible: MODEL_UNREADABLE, a file is missing or damaged.
    """
    try:
        yield
    except Exception as error:
        raise NotPossible(
            Reason.MODEL_UNREADABLE,
            f"The {what} in {model_dir.name} cannot be read ({type(error).__name__}).",
            metadata={"model": model_dir.name},
        ) from error
