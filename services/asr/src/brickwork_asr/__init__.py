"""The brick that turns a recording into segments with word times."""
