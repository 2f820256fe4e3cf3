"""Open the probe that the settings ask for: in this process, or on the machine of the device."""

from collections.abc import Iterator
from contextlib import contextmanager

import pynvml

from brickwork_broker.node.nvml_probe import NvmlProbe
from brickwork_broker.node.pid_namespaces import PidNamespaces
from brickwork_broker.node.probe import Finder, HostProbe, Probe
from brickwork_broker.node.remote_probe import RemoteProbe
from brickwork_broker.settings import BrokerSettings
from brickwork_sdk.errors import InvalidInput, Reason


@contextmanager
def open_probe(settings: BrokerSettings) -> Iterator[tuple[Probe, Finder]]:
    """Yield who sees the device, and who finds the processes that use it.

    Raises:
        InvalidInput: SETTING_INVALID, there is no such device.
        Busy: BRICK_UNREACHABLE, the probe does not answer.
    """
    if settings.probe:
        with RemoteProbe(settings.probe) as probe:
            yield probe, probe
    else:
        with embedded_probe(settings.device, "BRICKWORK_BROKER_DEVICE") as probe:
            yield probe, PidNamespaces(HostProbe())


@contextmanager
def embedded_probe(device: str, setting: str) -> Iterator[Probe]:
    """Yield who sees a device of this machine.

    Args:
        device: `host`, `cuda:0` and so on.
        setting: the variable that named it.

    Raises:
        InvalidInput: SETTING_INVALID, there is no such device.
    """
    host = HostProbe()
    if device == host.device:
        yield host
        return
    try:
        probe = NvmlProbe(pynvml, host, int(device.removeprefix("cuda:")))
    except pynvml.NVMLError as error:
        raise InvalidInput(
            Reason.SETTING_INVALID,
            f"The setting {setting} names {device}, which NVML cannot see: {error}.",
            metadata={"setting": setting},
        ) from error
    with probe:
        yield probe
