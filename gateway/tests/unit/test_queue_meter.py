from collections.abc import Callable

from prometheus_client import REGISTRY

from brickwork_gateway.jobs.queue_meter import QueueMeter
from brickwork_gateway.ledger.job import Job, StageName
from brickwork_gateway.ledger.transitions import claim, send
from brickwork_sdk.testing.clock import ManualClock

Make = Callable[..., Job]
NAME = StageName.TRANSCRIBE


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"brickwork_{name}", labels) or 0.0


def test_a_stage_that_nobody_takes_grows_old_in_the_queue(make_job: Make) -> None:
    clock, job = ManualClock(), make_job()
    meter = QueueMeter(clock)
    meter.look([job])
    clock.advance(40)
    meter.look([send(job, NAME, job.stage(NAME).version)])
    assert sample("queue_age_seconds", **{"class": "interactive"}) == 40
    assert sample("queue_age_seconds", **{"class": "batch"}) == 0
    assert sample("stages", stage="transcribe", state="sent") == 1
    meter.look([])
    assert sample("queue_age_seconds", **{"class": "interactive"}) == 0
    assert sample("stages", stage="transcribe", state="sent") == 0


def test_the_time_until_a_worker_takes_a_stage_is_measured_once(make_job: Make) -> None:
    clock, job = ManualClock(), make_job()
    meter, before = QueueMeter(clock), sample("stage_queued_seconds_sum", stage="transcribe")
    sent = send(job, NAME, job.stage(NAME).version)
    meter.sends(job.job_id, NAME, 1)
    meter.look([sent])
    clock.advance(3)
    taken = claim(sent, NAME, sent.stage(NAME).attempt, "secret")
    meter.look([taken])
    clock.advance(3)
    meter.look([taken])
    assert sample("stage_queued_seconds_sum", stage="transcribe") - before == 3
