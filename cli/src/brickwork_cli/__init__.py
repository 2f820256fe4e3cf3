"""The handle: the one-machine runner and its commands."""
