"""What of a live stream is final, what may be forgotten, and that neither is taken back."""

from hypothesis import given, settings
from hypothesis import strategies as st

from brickwork_asr.engine import Hypothesis, Language, SpeechSpan, Word
from brickwork_asr.live_transcript import CONTEXT_MS, ONSET_MS, TAIL_MS, Held, LiveTranscript
from brickwork_asr.spoken_language import CLEAR_MIN

ENGLISH, WELSH = Language("en", CLEAR_MIN), Language("cy", CLEAR_MIN)


def hypothesis(
    *texts: str,
    start_ms: int = 0,
    speech: SpeechSpan | None = None,
    language: Language = ENGLISH,
) -> Hypothesis:
    """A word of 400 ms every half second."""
    words = tuple(
        Word(start_ms + at * 500, start_ms + at * 500 + 400, text, 0.9)
        for at, text in enumerate(texts)
    )
    end_ms = words[-1].end_ms if words else start_ms
    return Hypothesis(words, language, speech or SpeechSpan(start_ms, end_ms))


def test_silence_is_final_and_forgotten_but_for_what_may_be_an_onset() -> None:
    transcript = LiveTranscript(None)
    assert transcript.hear(Hypothesis((), None, None), Held(0, 10_000)) == []
    assert transcript.final_ms == transcript.keep_from_ms == 10_000 - ONSET_MS
    assert (transcript.partial, transcript.said, transcript.language) == (None, "", None)


def test_words_become_final_by_agreement() -> None:
    transcript = LiveTranscript(None)
    assert transcript.hear(hypothesis("he", "was"), Held(0, 1_000)) == []
    assert transcript.partial is not None
    assert (transcript.partial.text, transcript.partial.language) == ("he was", "en")
    [segment] = transcript.hear(hypothesis("he", "was", "not"), Held(0, 1_400))
    assert (segment.text, segment.language, transcript.said) == ("he was", "en", "he was")
    assert transcript.final_ms == 900
    assert transcript.keep_from_ms == 0


def test_a_guess_in_little_speech_is_not_the_language_of_the_stream() -> None:
    transcript = LiveTranscript(None)
    [first] = transcript.hear(hypothesis("Hi.", language=WELSH), Held(0, 1_500))
    assert (first.language, transcript.language) == ("cy", None)
    more = hypothesis("How", "is", "it", "going", "now?", start_ms=1_500)
    [second] = transcript.hear(more, Held(0, 5_000))
    assert (second.language, transcript.language) == ("en", "en")
    transcript.hear(hypothesis(*["ie"] * 6, start_ms=5_000, language=WELSH), Held(0, 9_000))
    assert transcript.language == "en", "what was clear was given up"


def test_a_language_that_is_never_clear_is_the_likeliest_after_a_while() -> None:
    transcript = LiveTranscript(None)
    guesses = [("en", 0.7), ("cy", 0.3), ("cy", 0.4)]
    for at, (code, probability) in enumerate(guesses):
        assert transcript.language is None
        guess = hypothesis(*["word"] * 9, start_ms=at * 6_000, language=Language(code, probability))
        [segment] = transcript.hear(guess, Held(at * 6_000, at * 6_000 + 5_900))
        assert segment.language == code
    assert transcript.language == "en"


def test_a_pause_makes_all_final_and_what_was_said_is_kept_as_context() -> None:
    transcript = LiveTranscript("en")
    transcript.hear(hypothesis("he", "was"), Held(0, 1_000))
    [segment] = transcript.hear(hypothesis("he", "was", "not."), Held(0, 2_000))
    assert segment.text == "he was not."
    assert transcript.partial is None
    assert (transcript.said, transcript.heard_ms) == ("he was not.", 1_400)


def test_after_a_long_pause_what_was_said_is_forgotten() -> None:
    transcript = LiveTranscript("en")
    speech = SpeechSpan(0, 900)
    transcript.hear(hypothesis("he", "was", speech=speech), Held(0, 1_500))
    transcript.hear(Hypothesis((), None, speech), Held(0, 3_000))
    assert (transcript.keep_from_ms, transcript.said) == (3_000 - ONSET_MS, "")


def test_each_sentence_is_a_segment_of_its_own() -> None:
    transcript = LiveTranscript("en")
    found = transcript.hear(
        hypothesis("It", "was", "so.", "And", "it", "is."), Held(0, 3_000, is_over=True)
    )
    assert [segment.text for segment in found] == ["It was so.", "And it is."]
    assert transcript.final_ms == 3_000


def test_long_sound_is_cut_where_a_final_sentence_ended() -> None:
    transcript = LiveTranscript("en")
    texts = ["word"] * 20 + ["end."] + ["next"] * 12
    for _ in range(2):
        transcript.hear(hypothesis(*texts), Held(0, CONTEXT_MS + 1_500))
    assert transcript.keep_from_ms == 20 * 500 + 400
    assert transcript.said == " ".join(["next"] * 11)


def test_a_full_buffer_makes_all_but_its_tail_final_at_once() -> None:
    transcript = LiveTranscript("en")
    [segment] = transcript.hear(hypothesis(*["word"] * 20), Held(0, 10_000, is_full=True))
    assert segment.end_ms <= 10_000 - TAIL_MS < segment.end_ms + 500
    assert (transcript.keep_from_ms, transcript.said) == (segment.end_ms, "")


def test_a_full_buffer_in_which_nothing_is_understood_is_let_go() -> None:
    transcript = LiveTranscript("en")
    noise = Hypothesis((), None, SpeechSpan(0, 26_000))
    transcript.hear(noise, Held(0, 26_000, is_full=True))
    assert transcript.keep_from_ms == 26_000 - TAIL_MS


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from(["one", "two", "three."]), max_size=30),
            st.integers(1, 6_000),
            st.integers(0, 3_000),
            st.booleans(),
        ),
        max_size=12,
    )
)
def test_whatever_an_engine_says_finals_are_in_order_and_the_sound_is_cut_forwards(
    steps: list[tuple[list[str], int, int, bool]],
) -> None:
    transcript, start_ms, end_ms, last_ms = LiveTranscript("en"), 0, 0, 0
    for texts, new_ms, silent_ms, is_late in steps:
        end_ms += new_ms
        is_full = end_ms - start_ms > 25_000
        began_ms = end_ms - 100 if is_late else start_ms
        speech = SpeechSpan(start_ms, max(start_ms, end_ms - silent_ms))
        guess = hypothesis(*texts, start_ms=began_ms, speech=speech)
        for segment in transcript.hear(guess, Held(start_ms, end_ms, is_full)):
            for word in segment.words:
                assert last_ms <= word.start_ms <= word.end_ms
                last_ms = word.end_ms
        assert transcript.final_ms >= last_ms
        assert not is_full or transcript.keep_from_ms > start_ms
        assert start_ms <= transcript.keep_from_ms or start_ms == 0
        start_ms = min(max(start_ms, transcript.keep_from_ms), end_ms)
