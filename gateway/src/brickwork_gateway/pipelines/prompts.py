"""What a language model is asked for a summary."""

from collections.abc import Mapping, Sequence
from typing import Any

_REQUESTS: Mapping[str, str] = {
    "en": "Summarize the text above in a few sentences.",
    "pt": "Resuma o texto acima em poucas frases.",
}
_REQUEST = "Summarize the text above in a few sentences, in the language of the text."


def asked(text: str, language: str | None) -> str:
    """Put the request for a summary after a text.

    After it, because the default model copied the text, or chatted about it, when the
    same request came before or as a system message. In the language of the text, because
    a sentence in another language cannot be found again in what was said.
    """
    return f"{text}\n\n{_REQUESTS.get(language or '', _REQUEST)}"


def laid_out(said: Sequence[Mapping[str, Any]]) -> str:
    """Lay out sentences as a model reads them.

    A new line means that another one speaks; nobody is named, because a small model that sees
    names before lines goes on with the conversation instead of summarizing it.
    """
    text = ""
    for place, sentence in enumerate(said):
        is_same = place > 0 and sentence["speaker"] == said[place - 1]["speaker"]
        text += (" " if is_same else "\n" if place else "") + sentence["text"]
    return text
