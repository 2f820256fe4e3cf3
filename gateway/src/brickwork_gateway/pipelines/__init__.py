"""What each stage does: one small function a stage, most of them a call of one brick."""
