"""How each kind of recording is listened to."""

from collections.abc import Mapping

from brickwork_diarize.engine import Material

SAME_VOICE_MIN: Mapping[Material, float] = {Material.MEETING: -1.0, Material.EDITED: 0.55}
"""Neighbouring crops of a local speaker that agree less, as a cosine, are two people whom the first
network took for one; below -1 nothing is."""
