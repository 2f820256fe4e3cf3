"""How many processes of a service are wanted."""

import pytest

from brickwork_cli.plan import SCALABLE
from brickwork_cli.scale import parse_scale, replica_names
from brickwork_sdk.errors import InvalidInput, Reason


def test_a_scale_is_read() -> None:
    assert parse_scale("", SCALABLE) == {}
    assert parse_scale("asr=2, worker-batch=16", SCALABLE) == {"asr": 2, "worker-batch": 16}


def test_a_lone_process_has_the_name_of_its_service() -> None:
    assert replica_names("asr", {}) == replica_names("asr", {"asr": 1}) == ["asr"]
    assert replica_names("asr", {"asr": 2}) == ["asr-1", "asr-2"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("asr", "written like"),
        ("asr=", "written like"),
        ("asr=two", "written like"),
        ("asr=-1", "written like"),
        ("asr=100", "written like"),
        ("asr=2,", "written like"),
        ("asr=0", "1 to 16"),
        ("asr=17", "1 to 16"),
        ("arr=2", "arr cannot have replicas"),
        ("broker=2", "broker cannot have replicas"),
        ("asr=2,asr=3", "twice"),
    ],
)
def test_a_scale_that_cannot_be_is_one_clear_error(text: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault) as caught:
        parse_scale(text, SCALABLE)
    assert caught.value.reason is Reason.ARGUMENT_INVALID
