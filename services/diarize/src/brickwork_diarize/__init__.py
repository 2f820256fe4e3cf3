"""The brick that turns a recording into turns of speakers."""
