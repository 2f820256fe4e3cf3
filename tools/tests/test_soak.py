import pytest

from tools.soak import others, virtual
from tools.soak.figures import jain, percentile, right_share, shares
from tools.soak.load import read_load

MINUTES = 1.0


def test_the_same_file_gives_the_same_jobs_which_ask_for_more_than_there_is() -> None:
    load = read_load()
    assert load == read_load()
    asked = sum(job.demand for job in load.jobs) / (load.capacity_bytes * load.span_ms)
    assert asked == pytest.approx(1.5, rel=0.1)
    assert all(job.guaranteed_bytes <= job.size_bytes for job in load.jobs)


@pytest.mark.parametrize("policy", [virtual.lent, others.first_come, others.split])
def test_every_job_is_done_and_has_no_more_than_it_asked_for(policy: virtual.Policy) -> None:
    load = read_load(MINUTES)
    courses = policy(load)
    assert [course.job for course in courses] == list(load.jobs)
    assert all(course.is_done and course.waited_ms is not None for course in courses)
    had = sum(course.had for course in courses)
    assert 0 < had <= load.capacity_bytes * load.span_ms


def test_the_broker_lets_batch_jobs_give_way_and_says_how_long_waits_are() -> None:
    courses = virtual.lent(read_load(2 * MINUTES))
    assert any(course.gave_way for course in courses)
    assert all(course.loads >= (course.job.load_ms > 0) for course in courses)
    _, count = right_share(courses)
    assert count > 0
    assert 0.5 < jain(shares(courses)) <= 1


def test_figures_are_what_their_names_say() -> None:
    assert jain({"one": 1.0, "other": 1.0}) == 1
    assert jain({"one": 1.0, "other": 0.0}) == 0.5
    assert [percentile([3, 1, 2, 4], share) for share in (0.5, 0.95)] == [2, 4]
