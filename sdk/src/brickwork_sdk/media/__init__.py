"""Sound and pictures out of files that nobody has checked.

Only the named file is ever read: its container is recognised by its first
bytes, never by its name, and must be on a whitelist. Playlists and other texts
that name further files are refused unread.

Each noun is imported from its own module: what decodes needs libav and NumPy, which take a third of
a brick's memory, and only the engine process and the child that probes decode.
"""
