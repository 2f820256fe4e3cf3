"""Language codes, checked at the border before anything is uploaded."""

import logging

from brickwork.translate.v1 import translate_pb2, translate_pb2_grpc
from brickwork_sdk.channels import open_channel, rpc_errors
from brickwork_sdk.errors import BrickworkError, InvalidInput, Reason

_log = logging.getLogger(__name__)
_ASK_SECONDS = 3.0

_CODES = """
aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy
da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu
hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb
lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om
or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw
ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
"""
CODES = frozenset(_CODES.split())
"""All two-letter codes. Source: ISO 639-1:2002, with bh, which was withdrawn in 2021."""


def require_known(code: str | None) -> None:
    """Refuse what is no language.

    Raises:
        LANGUAGE_UNKNOWN: it is not an ISO 639-1 code.
    """
    if code is not None and code not in CODES:
        raise InvalidInput(
            Reason.LANGUAGE_UNKNOWN,
            f"{code!r} is not an ISO 639-1 code of a language.",
            metadata={"language": code},
        )


async def require_pair(address: str, source: str | None, target: str) -> None:
    """Refuse a translation that no installed model could make.

    A brick that does not answer refuses nothing: it may be back before its turn
    comes, and if not the job delivers the rest.

    Args:
        address: address of the translate brick.
        source: language that is spoken; None when nobody knows yet.
        target: wanted language.

    Raises:
        LANGUAGE_PAIR_UNAVAILABLE: no pair has this target, or not from this source.
    """
    if source == target:
        return
    try:
        with rpc_errors("translate"):
            async with open_channel(address) as channel:
                stub = translate_pb2_grpc.TranslateServiceStub(channel)
                answer = await stub.ListLanguagePairs(
                    translate_pb2.ListLanguagePairsRequest(), timeout=_ASK_SECONDS
                )
    except BrickworkError as error:
        _log.warning("language_pairs_unknown", extra={"reason": error.reason})
        return
    pairs = {(pair.source_language, pair.target_language) for pair in answer.pairs}
    if not any(pair[1] == target and source in (None, pair[0]) for pair in pairs):
        raise InvalidInput(
            Reason.LANGUAGE_PAIR_UNAVAILABLE,
            f"No installed model translates {f'from {source} ' if source else ''}into {target}.",
            metadata={"source": source or "", "target": target},
        )
