"""Keep the key that signs the heads of an audit log."""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from brickwork_sdk.errors import NotPossible, Reason

KEY_NAME = "key.pem"


def load_or_make(folder: Path) -> Ed25519PrivateKey:
    """Return the key of a log; its first caller makes it, readable for the owner alone.

    Raises:
        NotPossible: AUDIT_KEY_UNUSABLE, the file holds no such key.
        OSError: it cannot be read or made.
    """
    path = folder / KEY_NAME
    if not path.exists():
        _make(path)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise _unusable(path) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise _unusable(path)
    return key


def sign(key: Ed25519PrivateKey, message: bytes) -> str:
    """Return the signature of a message as hexadecimal digits."""
    return key.sign(message).hex()


def public_key_of(key: Ed25519PrivateKey) -> str:
    """Return the 32 bytes by which anybody can tell its signatures, as hexadecimal digits."""
    return key.public_key().public_bytes_raw().hex()


def is_signed(public_key: str, signature: str, message: bytes) -> bool:
    """Tell whether the owner of a public key has signed a message."""
    try:
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
        public.verify(bytes.fromhex(signature), message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _make(path: Path) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    try:
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        # A link, so that of two that make it at once one wins and both have the same.
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        fresh.unlink(missing_ok=True)


def _unusable(path: Path) -> NotPossible:
    return NotPossible(
        Reason.AUDIT_KEY_UNUSABLE,
        f"{path} holds no Ed25519 key; heads that were signed with it can still be checked.",
        metadata={"path": str(path)},
    )
