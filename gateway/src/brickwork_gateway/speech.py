"""What may be wanted of the speech in a recording, checked before anything is uploaded."""

import logging

from brickwork.control.v1 import control_pb2, control_pb2_grpc
from brickwork_gateway.ledger.job import Request
from brickwork_sdk.channels import open_channel, rpc_errors
from brickwork_sdk.errors import BrickworkError, NotPossible, Reason
from brickwork_sdk.speech_context import require_speech_context

_log = logging.getLogger(__name__)
_ASK_SECONDS = 3.0


async def require_possible(address: str, wanted: Request) -> None:
    """Refuse what is too much, or more than the model for speech can.

    A brick that does not answer refuses nothing: it may be back before the job's turn comes.

    Args:
        address: address of the asr brick.
        wanted: what a job is to do.

    Raises:
        InvalidInput: ARGUMENT_INVALID, TEXT_TOO_LONG.
        NotPossible: MODEL_CANNOT.
    """
    require_speech_context(wanted.prompt, wanted.hot_words)
    needed = {
        "translate": wanted.task == "translate",
        "prompt": bool(wanted.prompt),
        "hot_words": bool(wanted.hot_words),
    }
    if not any(needed.values()):
        return
    try:
        with rpc_errors("asr"):
            async with open_channel(address) as channel:
                described = await control_pb2_grpc.ControlServiceStub(channel).DescribeBrick(
                    control_pb2.DescribeBrickRequest(), timeout=_ASK_SECONDS
                )
    except BrickworkError as error:
        _log.warning("abilities_unknown", extra={"reason": error.reason})
        return
    for state in described.models:
        if state.model.name == described.default_model:
            for ability, is_needed in needed.items():
                if is_needed and ability not in state.abilities:
                    raise NotPossible(
                        Reason.MODEL_CANNOT,
                        f"The model {state.model.name} cannot do this ({ability}).",
                        metadata={"model": state.model.name, "ability": ability},
                    )
