"""Text in pictures: the brick that reads images and the slides of a video."""
