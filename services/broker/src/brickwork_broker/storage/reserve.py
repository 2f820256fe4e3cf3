"""Take room on a disk before it is needed."""

import errno
import os

PIECE_BYTES = 64 * 1024


def allocate(file: int, offset: int, length: int) -> None:
    """Make sure that writing to a part of a file finds room.

    Space beyond the end of the file is filled with zeros. Where the file system cannot allocate,
    zeros are written, which does as well wherever it overwrites in place; one that always writes
    elsewhere, such as btrfs or ZFS, gives no such promise to anybody.
    Source: posix_fallocate(3), EOPNOTSUPP and EINVAL.

    Args:
        file: open for writing.
        offset: where the part begins; nothing is kept there yet.
        length: of the part, in bytes.

    Raises:
        OSError: there is no room.
    """
    try:
        os.posix_fallocate(file, offset, length)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise
        for position in range(offset, offset + length, PIECE_BYTES):
            os.pwrite(file, bytes(min(PIECE_BYTES, offset + length - position)), position)
