"""Ask a process whether it serves: `python -m brickwork_sdk.health ADDRESS`.

Images have no other client for their health checks. It imports little, as it runs again and again.
"""

import sys
from collections.abc import Sequence

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.targets import target_of

ASK_SECONDS = 5.0


def main(words: Sequence[str]) -> int:
    """Return 0 if the process at the address serves, and 1 after one line that says why not."""
    if len(words) != 1:
        sys.stderr.write("usage: python -m brickwork_sdk.health ADDRESS\n")
        return 2
    fault = _find_fault(words[0])
    if fault:
        sys.stderr.write(f"{fault}\n")
    return 1 if fault else 0


def _find_fault(address: str) -> str:
    """Return why the process at an address does not serve, or nothing."""
    try:
        with grpc.insecure_channel(target_of(address)) as channel:
            answer = health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), timeout=ASK_SECONDS
            )
    except BrickworkError as error:
        return error.message
    except grpc.RpcError as error:
        return f"{address} does not answer: {error.code().name}"
    if answer.status == health_pb2.HealthCheckResponse.SERVING:
        return ""
    return f"{address} answers {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
