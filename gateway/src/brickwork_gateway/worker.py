"""A worker process: `python -m brickwork_gateway.worker --class interactive`."""

import argparse
import logging
import signal
import sys
import threading
import time

from brickwork_gateway.jobs.pulse import health_answered
from brickwork_gateway.jobs.runner import Runner
from brickwork_gateway.jobs.transport import make_worker, stage_loop
from brickwork_gateway.ledger.decisions import Patience
from brickwork_gateway.ledger.sqlite_ledger import SqliteLedger
from brickwork_gateway.pipelines.replicas import Replicas
from brickwork_gateway.pipelines.stage_run import Surroundings
from brickwork_gateway.pipelines.stages import STAGES
from brickwork_gateway.settings import GatewaySettings
from brickwork_sdk.caller import WorkClass
from brickwork_sdk.errors import BrickworkError
from brickwork_sdk.logs import write_logs
from brickwork_sdk.objects import ObjectStore
from brickwork_sdk.telemetry.metrics import serve_metrics
from brickwork_sdk.telemetry.span import trace_id
from brickwork_sdk.telemetry.tracing import traced

_log = logging.getLogger(__name__)
BEAT_SECONDS = 1.0
"""How often a claim is renewed; a fifth of the silence after which it is taken back."""
STOP_SECONDS = 5.0
"""How long a stopping worker waits for its stages, which give way within a beat."""


def main() -> None:
    """Run stages of one class until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="brickwork_gateway.worker", description=__doc__)
    parser.add_argument(
        "--class", dest="work_class", choices=("interactive", "batch"), default="interactive"
    )
    work_class = WorkClass(parser.parse_args().work_class)
    try:
        settings = GatewaySettings.load()
        work(settings, work_class)
    except BrickworkError as error:
        sys.exit(f"{error.reason}: {error.message}")


def work(settings: GatewaySettings, work_class: WorkClass) -> None:
    """Work until a signal asks to stop; what still runs then is put back into the ledger."""
    service = f"worker-{work_class}"
    write_logs(service, settings.log_level, trace_id)
    with traced(service, settings.otlp_endpoint):
        if settings.metrics_listen:
            serve_metrics(settings.metrics_listen)
        _work(settings, work_class)


def _work(settings: GatewaySettings, work_class: WorkClass) -> None:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    ledger = SqliteLedger.in_folder(settings.state_dir)
    runner = Runner(
        STAGES,
        Surroundings(
            ledger=ledger,
            objects=ObjectStore(settings.objects_dir),
            bricks=Replicas(settings.bricks),
            clock=time.monotonic,
        ),
        Patience(),
        BEAT_SECONDS,
        stopping.is_set,
    )

    async def run_stage(job_id: str, stage: str, attempt: int) -> None:
        await runner.run(job_id, stage, attempt)

    worker = make_worker(settings.valkey, work_class, run_stage, settings.worker_threads)
    worker.start()
    with health_answered(stage_loop(), f"worker-{work_class}", settings.worker_listen):
        _log.info("worker_ready")
        stopping.wait()
        _log.info("worker_stopping")
    worker.stop(timeout=round(STOP_SECONDS * 1000))
    ledger.close()


if __name__ == "__main__":
    main()
