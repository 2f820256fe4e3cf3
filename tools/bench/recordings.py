"""Recordings of any length, made of the demo's by repeating it without encoding it again."""

import heapq
from collections.abc import Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import av
from av.packet import Packet

from tools.demo import RECORDING, make_recording

_ROUND_SECONDS = Fraction(1, 5)
"""The demo has five pictures a second; each repetition begins with one."""

Timed = tuple[Fraction, "Packet[Any]"]


def looped(path: Path, minutes: float, *, slow_slides: int = 1) -> Path:
    """Write a recording of so many minutes, with the demo's readers and slides over and over.

    Args:
        path: where to; its suffix chooses the container, `.mp4` or `.mkv`.
        minutes: its length; the last repetition is cut off.
        slow_slides: how many times longer than in the demo each picture stands.
    """
    make_recording()
    end = Fraction(minutes * 60).limit_denominator(1000)
    with av.open(str(RECORDING)) as source, av.open(str(path), "w") as target:
        sound = target.add_stream_from_template(source.streams.audio[0])
        pictures = target.add_stream_from_template(source.streams.video[0])
        both = heapq.merge(
            (("audio", *timed) for timed in _endless("audio", 1)),
            (("video", *timed) for timed in _endless("video", slow_slides)),
            key=lambda found: found[1],
        )
        for kind, start, packet in both:
            if start >= end:
                break
            packet.stream = sound if kind == "audio" else pictures
            target.mux(packet)
    return path


def _endless(kind: str, slower: int) -> Iterator[Timed]:
    """Yield the packets of one stream of the demo for ever, each with its time."""
    for repetition in count():
        with av.open(str(RECORDING)) as source:
            assert source.duration is not None
            seconds = Fraction(source.duration, 1_000_000)
            period = -(-seconds // _ROUND_SECONDS) * _ROUND_SECONDS
            for packet in source.demux(**{kind: 0}):
                # The last packet is empty, and the first sound begins before zero.
                if packet.pts is None or packet.dts is None or packet.time_base is None:
                    continue
                if packet.pts < 0 and repetition:
                    continue
                ticks = round(repetition * period / packet.time_base)
                packet.pts = (packet.pts + ticks) * slower
                packet.dts = (packet.dts + ticks) * slower
                packet.duration = (packet.duration or 0) * slower
                yield packet.pts * packet.time_base, packet
