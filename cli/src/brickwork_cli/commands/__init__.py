"""The commands of the handle, one noun a module."""
