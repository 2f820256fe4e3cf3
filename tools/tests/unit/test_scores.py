import pytest

from tools.scores import character_f_score, count_errors, count_speakers, is_negative


def test_case_punctuation_and_abbreviations_are_no_errors() -> None:
    assert count_errors("Mr. Dashwood's ill-disposed!", "mister dashwood’s ill disposed", "en") == (
        0,
        4,
    )


def test_errors_are_substitutions_deletions_and_insertions() -> None:
    assert count_errors("one two three four", "one too three five six", "en") == (3, 4)


def test_chinese_is_counted_by_character() -> None:
    assert count_errors("你好世界。", "你好事界", "zh") == (1, 4)


def test_vowel_signs_of_hindi_are_part_of_their_word() -> None:
    assert count_errors("नमस्ते दुनिया", "नमस्ते दुनिया।", "hi") == (0, 2)


def test_equal_texts_score_a_hundred_and_strange_ones_nothing() -> None:
    assert character_f_score(["Bom dia a todos."], ["Bom dia a todos."]) == pytest.approx(100)
    assert character_f_score(["aaaaaaa"], ["bbbbbbb"]) == 0


def test_the_score_agrees_with_sacrebleu() -> None:
    # sacrebleu 2.6.0: corpus_chrf(answers, [references]).score
    references = ["Não há mais dinheiro para este ano.", "Vamos falar sobre isso."]
    answers = ["Não há dinheiro para este ano.", "Vamos falar disso na semana."]
    assert character_f_score(references, answers) == pytest.approx(66.5403, abs=1e-3)


def test_a_negation_is_seen_by_its_words() -> None:
    assert is_negative("Neither of them wanted to.", "en")
    assert is_negative("Nenhum dos dois queria.", "pt")
    assert not is_negative("A new note.", "en")


def test_speakers_are_counted_under_the_best_naming() -> None:
    turns = [
        {"start_ms": 0, "end_ms": 1000, "speaker": "ana"},
        {"start_ms": 1000, "end_ms": 2000, "speaker": "rui"},
    ]
    words = [{"start_ms": at, "end_ms": at + 100} for at in (100, 500, 1100)]
    segments = [
        {"speaker": "S2", "words": words},
        {"speaker": "S1", "words": [{"start_ms": 1500, "end_ms": 1600}]},
        {"speaker": None, "words": [{"start_ms": 2500, "end_ms": 2600}]},
    ]
    assert count_speakers(segments, turns) == (3, 4)
