from brickwork_gateway.pipelines.prompts import asked, laid_out


def test_the_request_comes_after_the_text_and_in_its_language() -> None:
    text = "The bridge opens in spring."
    assert asked(text, "en") == f"{text}\n\nSummarize the text above in a few sentences."
    assert asked(text, "pt").endswith("Resuma o texto acima em poucas frases.")
    assert asked(text, None).endswith("in the language of the text.")


def test_a_new_line_means_that_another_one_speaks() -> None:
    said = [("S1", "One two three."), ("S1", "Four five six."), (None, "Ja.")]
    sentences = [{"speaker": speaker, "text": text} for speaker, text in said]
    assert laid_out(sentences) == "One two three. Four five six.\nJa."
    assert laid_out([]) == ""
