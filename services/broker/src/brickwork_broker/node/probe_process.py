"""Start a probe as a process of its own: `python -m brickwork_broker.node.probe_process`.

It runs where the devices and their processes are, with sight of all of these; its broker may run
elsewhere.
"""

import asyncio
import sys

from brickwork.broker.v1 import probe_pb2, probe_pb2_grpc
from brickwork_broker.node.pid_namespaces import PidNamespaces
from brickwork_broker.node.probe import HostProbe
from brickwork_broker.node.probe_servicer import ProbeServicer
from brickwork_broker.node.probes import embedded_probe
from brickwork_broker.settings import ProbeSettings
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.server import serve

SERVICE_NAME = probe_pb2.DESCRIPTOR.services_by_name["ProbeService"].full_name


def main() -> int:
    """Serve until it is asked to stop; 1 after an error, named on stderr."""
    try:
        settings = ProbeSettings.load()
        with embedded_probe(settings.device, "BRICKWORK_PROBE_DEVICE") as probe:
            servicer = ProbeServicer(probe, PidNamespaces(HostProbe()))
            asyncio.run(
                serve(
                    [SERVICE_NAME],
                    lambda server: probe_pb2_grpc.add_ProbeServiceServicer_to_server(
                        servicer, server
                    ),
                    settings,
                )
            )
    except BrickworkError as error:
        # One line for the operator; the log has no reader yet when settings are wrong.
        sys.stderr.write(f"{error.message} [{error.reason.value}]\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
