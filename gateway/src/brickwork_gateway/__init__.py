"""The door: jobs over HTTP, driven through the bricks and shown as they go."""
