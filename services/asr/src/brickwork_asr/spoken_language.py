"""Follows the language of a recording, where nobody says which it is and it may change."""

from brickwork_asr.engine import Language

CLEAR_MIN = 0.8
"""A language that is at least so probable is spoken."""
SPEECH_SECONDS_MIN = 2.0
"""In less speech than this a model hears languages that nobody speaks."""


class SpokenLanguage:
    """Tells clip by clip what is spoken, without jumping to and fro.

    The likeliest language of the first clip holds until another one is clear: probable enough, in
    enough speech. One that was a guess itself gives way to any that is heard with more certainty.
    """

    def __init__(self) -> None:
        self._code = ""
        self._certainty = 0.0

    @property
    def is_clear(self) -> bool:
        """Whether no guess is needed any more."""
        return self._certainty >= CLEAR_MIN

    def follow(self, heard: Language, speech_seconds: float) -> str:
        """Take in what was heard in the next clip, and return the language to write it in."""
        certainty = heard.probability if speech_seconds >= SPEECH_SECONDS_MIN else 0.0
        is_surer = certainty > self._certainty and self._certainty < CLEAR_MIN
        if not self._code or certainty >= CLEAR_MIN or is_surer:
            self._code, self._certainty = heard.code, certainty
        return self._code
