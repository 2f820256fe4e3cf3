"""Sight of the machine with the device: processes, memory, who is gone."""
