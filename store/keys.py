"""Keys of this plant: random, made at the first start, kept in `<data_dir>/secrets` for its owner alone.

What is made of a key stays as it is for as long as the folder does. Several machines that serve one
plant need the same files there.
"""

import base64
import hashlib
import hmac
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path

from store.files import sync

KEY_BYTES = 32
FOLDER = "secrets"


def plant_key(data_dir: Path) -> bytes:
    """The key of this plant. Raises OSError where it can be neither read nor made."""
    folder = data_dir / FOLDER
    path = folder / "plant.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=folder) as whole:  # for its owner alone
            whole.write(secrets.token_bytes(KEY_BYTES))
            whole.flush()
            os.fsync(whole.fileno())
            with suppress(FileExistsError):  # another process was first
                os.link(whole.name, path)
        sync(folder)
        sync(data_dir)
    key = path.read_bytes()
    if len(key) < KEY_BYTES:
        raise OSError(f"{path} is too short to be a key")
    return key


def derived(key: bytes, what: str) -> bytes:
    """32 bytes that belong to `what` and tell nothing of the key."""
    return hmac.digest(key, what.encode(), hashlib.sha256)


def derived_word(key: bytes, what: str) -> str:
    """A password of 80 bits that belongs to `what`, in four groups that can be typed."""
    text = base64.b32encode(derived(key, what)).decode().lower()[:16]
    return "-".join(text[i : i + 4] for i in range(0, 16, 4))


def derived_digits(key: bytes, what: str, count: int) -> str:
    """`count` digits that belong to `what`."""
    return str(int.from_bytes(derived(key, what)) % 10**count).zfill(count)
