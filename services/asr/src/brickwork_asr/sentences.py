"""Cuts the words of a clip into segments that read as sentences."""

from collections.abc import Iterator, Sequence

from brickwork_asr.engine import Segment, Word

SEGMENT_MS_MAX = 12_000
"""A longer segment is cut at a word. A subtitle of two lines is read in about six seconds; a
sentence may take two of them. Source: Netflix timed text style guide, general requirements."""
PAUSE_MS = 1_000
"""A pause this long ends a segment."""
_SHORT_MS = 800
"""A shorter sentence, such as "Yes.", stays with the next one unless a pause parts them."""
_WITHOUT_BLANKS = {"zh", "ja", "th", "lo", "my", "yue"}
"""Languages that write no blanks. Source: OpenAI Whisper tokenizer, split_to_word_tokens."""
_ENDS = (".", "?", "!", "…", "。", "？", "！", "؟", "।")


def cut_sentences(
    words: Sequence[Word], language: str, written_in: str | None = None
) -> Iterator[Segment]:
    """Yield segments that hold every word once, in order.

    Args:
        words: of a clip, in order.
        language: that is spoken.
        written_in: language of the words, where they are a translation.
    """
    current: list[Word] = []
    for index, word in enumerate(words):
        current.append(word)
        following = words[index + 1] if index + 1 < len(words) else None
        if following is None or _ends(current, following):
            yield segment_of(current, language, written_in)
            current = []


def _ends(current: list[Word], following: Word) -> bool:
    word = current[-1]
    if following.start_ms - word.end_ms >= PAUSE_MS:
        return True
    if following.end_ms - current[0].start_ms > SEGMENT_MS_MAX:
        return True
    spoken_ms = word.end_ms - current[0].start_ms
    return ends_sentence(word) and spoken_ms >= _SHORT_MS


def ends_sentence(word: Word) -> bool:
    """Tell whether a word has the mark that ends a sentence."""
    return word.text.endswith(_ENDS)


def segment_of(words: Sequence[Word], language: str, written_in: str | None = None) -> Segment:
    """Put words together, of which there is at least one; see `cut_sentences`."""
    text = ("" if (written_in or language) in _WITHOUT_BLANKS else " ").join(
        word.text for word in words
    )
    return Segment(words[0].start_ms, words[-1].end_ms, text, tuple(words), language)
