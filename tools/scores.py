"""How far an answer is from the truth: words, speakers and characters."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import Any

import jiwer
import numpy as np
from scipy.optimize import linear_sum_assignment

WITHOUT_BLANKS = {"zh", "ja"}
"""Languages scored by character, because they write no words apart."""
SPELLINGS = {"mr": "mister", "mrs": "missis"}
NEGATIVE = {
    "en": {"no", "not", "never", "nobody", "neither", "none", "cannot", "don't", "won't", "didn't"}
    | {"isn't", "doesn't", "can't", "nothing", "wasn't", "haven't"},
    "pt": {"não", "nunca", "ninguém", "nenhum", "nenhuma", "nem", "jamais", "nada"},
}
"""Words that deny, as far as the sentences need them."""


def plain_words(text: str) -> str:
    """Lower the case, drop punctuation, spell a few abbreviations out."""
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    # By category, because \w leaves out the vowel signs of Hindi.
    kept = [" " if unicodedata.category(c)[0] in "PSZ" and c != "'" else c for c in text]
    return " ".join(SPELLINGS.get(word, word) for word in "".join(kept).split())


def count_errors(truth: str, heard: str, language: str) -> tuple[int, int]:
    """Return errors and units of one text against the other."""
    truth, heard = plain_words(truth), plain_words(heard)
    if language in WITHOUT_BLANKS:
        truth, heard = (" ".join(text.replace(" ", "")) for text in (truth, heard))
    found = jiwer.process_words(truth, heard)
    return found.substitutions + found.deletions + found.insertions, len(truth.split())


def is_negative(text: str, language: str) -> bool:
    """Tell whether a sentence denies something, by its words."""
    return bool(NEGATIVE[language] & set(plain_words(text).split()))


def character_f_score(references: Sequence[str], answers: Sequence[str]) -> float:
    """Return chrF over all sentences together, 0 to 100. Source: Popović 2015, beta 2."""
    scores = []
    for length in range(1, 7):
        common = expected = given = 0
        for reference, answer in zip(references, answers, strict=True):
            wanted, found = runs(reference, length), runs(answer, length)
            common += (wanted & found).total()
            expected += wanted.total()
            given += found.total()
        precision, recall = common / max(given, 1), common / max(expected, 1)
        scores.append(5 * precision * recall / max(4 * precision + recall, 1e-9))
    return 100 * sum(scores) / len(scores)


def runs(text: str, length: int) -> Counter[str]:
    """Count the runs of so many characters, blanks left out."""
    text = "".join(text.split())
    return Counter(text[start : start + length] for start in range(len(text) - length + 1))


def count_speakers(segments: Sequence[Any], turns: Sequence[Any]) -> tuple[int, int]:
    """Return how many words have the right speaker under the best naming, and of how many.

    A word counts for the turn that its middle is in; words between turns do not count.
    """
    pairs: Counter[tuple[str, str]] = Counter()
    for segment in segments:
        for word in segment["words"]:
            middle_ms = (word["start_ms"] + word["end_ms"]) // 2
            for turn in turns:
                if turn["start_ms"] <= middle_ms < turn["end_ms"]:
                    pairs[turn["speaker"], str(segment["speaker"])] += 1
    true_names = sorted({true for true, _ in pairs})
    names = sorted({name for _, name in pairs})
    counts = np.array([[pairs[true, name] for name in names] for true in true_names])
    rows, columns = linear_sum_assignment(-counts)
    return int(counts[rows, columns].sum()), int(counts.sum())
