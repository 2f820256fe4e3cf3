"""The brick that reads images and the slides of a video."""
