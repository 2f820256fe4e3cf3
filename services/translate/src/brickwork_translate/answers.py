"""What was found, as messages of the wire."""

from collections.abc import Mapping

from brickwork.translate.v1 import translate_pb2
from brickwork_translate.engine import Kind, Translation
from brickwork_translate.sources import Item, Outcome

_OUTCOMES: Mapping[Outcome, translate_pb2.TranslationOutcome.ValueType] = {
    Outcome.TRANSLATED: translate_pb2.TRANSLATION_OUTCOME_TRANSLATED,
    Outcome.ALREADY_THERE: translate_pb2.TRANSLATION_OUTCOME_ALREADY_THERE,
    Outcome.NO_PAIR: translate_pb2.TRANSLATION_OUTCOME_NO_PAIR,
    Outcome.NO_LANGUAGE: translate_pb2.TRANSLATION_OUTCOME_NO_LANGUAGE,
}
_KINDS: Mapping[Kind, translate_pb2.PartKind.ValueType] = {
    Kind.TERM: translate_pb2.PART_KIND_TERM,
    Kind.NUMBER: translate_pb2.PART_KIND_NUMBER,
    Kind.PLACEHOLDER: translate_pb2.PART_KIND_PLACEHOLDER,
    Kind.MARKUP: translate_pb2.PART_KIND_MARKUP,
    Kind.ADDRESS: translate_pb2.PART_KIND_ADDRESS,
}


def translation_message(
    index: int, item: Item, translation: Translation
) -> translate_pb2.Translation:
    """Render what became of a text."""
    message = translate_pb2.Translation(
        index=index,
        text=translation.text,
        outcome=_OUTCOMES[item.outcome],
        parted_sentence_count=translation.parted_count,
        missing=[
            translate_pb2.MissingPart(kind=_KINDS[part.kind], text=part.text)
            for part in translation.missing
        ],
    )
    if item.detected is not None:
        detected = translate_pb2.DetectedLanguage(
            language=item.detected.language,
            confidence=item.detected.confidence,
            is_sure=item.is_sure,
        )
        message.detected.CopyFrom(detected)
    return message
