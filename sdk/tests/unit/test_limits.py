"""A limit takes both of its ends and nothing beyond, and says what it would have taken."""

import math

import pytest

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.limit import Limit


@pytest.mark.parametrize("value", [1, 2.5, 1000])
def test_what_lies_between_is_taken(value: float) -> None:
    Limit("ReadVideo", "sample_every_ms", 1000, least=1).require(value)


@pytest.mark.parametrize("value", [0, -5, 1000.5, math.nan, math.inf, -math.inf])
def test_what_lies_beyond_is_refused_with_both_ends(value: float) -> None:
    limit = Limit("ReadVideo", "sample_every_ms", 1000, least=1, reason=Reason.TEXT_TOO_LONG)
    with pytest.raises(InvalidInput, match="sample_every_ms lies between 1 and 1,000") as caught:
        limit.require(value)
    assert caught.value.reason is Reason.TEXT_TOO_LONG
    assert caught.value.metadata == {"field": "sample_every_ms", "least": "1", "most": "1000"}
