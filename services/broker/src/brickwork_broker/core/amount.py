"""Write amounts of memory for people."""

GB = 1_000_000_000
MB = 1_000_000


def in_words(size_bytes: int) -> str:
    """Return an amount such as `3.1 GB`, or `40 MB` below a tenth of that."""
    if size_bytes < GB // 10:
        return f"{max(1, round(size_bytes / MB))} MB"
    return f"{size_bytes / GB:.1f} GB"
