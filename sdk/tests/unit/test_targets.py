import pytest

from brickwork_sdk.errors import InvalidInput, Reason
from brickwork_sdk.targets import split_addresses, target_of


@pytest.mark.parametrize(
    ("address", "target"),
    [
        ("unix:/run/asr.sock", "unix:/run/asr.sock"),
        ("unix:/run/a.sock,unix:/run/b.sock", "unix:/run/a.sock,/run/b.sock"),
        ("asr:7001", "dns:asr:7001"),
        ("10.0.0.7:7001", "ipv4:10.0.0.7:7001"),
        ("10.0.0.7:7001,10.0.0.8:7001", "ipv4:10.0.0.7:7001,10.0.0.8:7001"),
        ("[::1]:7001,[::2]:7001", "ipv6:[::1]:7001,[::2]:7001"),
    ],
)
def test_an_address_becomes_what_grpc_calls(address: str, target: str) -> None:
    assert target_of(address) == target


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("", "neither"),
        ("asr", "neither"),
        ("asr:0", "neither"),
        ("10.0.0.7:7001,", "neither"),
        (",unix:/a", "neither"),
        ("unix:a", "not an absolute path"),
        ("unix:/a,/b", "neither"),
        (f"unix:/{'a' * 107}", "longer"),
        ("asr-1:7001,asr-2:7001", "stands alone"),
        ("unix:/a,10.0.0.7:7001", "one kind"),
        ("10.0.0.7:7001,[::1]:7001", "one kind"),
        ("unix:/a,unix:/a", "twice"),
    ],
)
def test_a_bad_address_is_one_clear_error(address: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault) as caught:
        split_addresses(address)
    assert caught.value.reason is Reason.ADDRESS_INVALID
