"""The same jobs under simpler policies, to compare with: nobody is ever asked for anything."""

import heapq
from collections import deque
from collections.abc import Mapping

from brickwork_broker.core.request import WorkClass
from tools.soak.figures import Course
from tools.soak.load import Load


def first_come(load: Load) -> list[Course]:
    """Grant in the order of asking, whole sizes, from all the memory there is."""
    return _queued(load, {work_class: 0 for work_class in WorkClass}, [load.capacity_bytes])


def split(load: Load) -> list[Course]:
    """Give each class a part of the memory, as large as its share of what is asked for."""
    parts = [int(load.capacity_bytes * share) for share in load.shares.values()]
    return _queued(load, {one: number for number, one in enumerate(load.shares)}, parts)


def _queued(load: Load, part_of: Mapping[WorkClass, int], free_bytes: list[int]) -> list[Course]:
    courses = [Course(job) for job in load.jobs]
    queues = [deque[Course]() for _ in free_bytes]
    events = [(course.job.asked_at_ms, 0, course.job.number) for course in courses]
    heapq.heapify(events)
    while events:
        now_ms, is_end, number = heapq.heappop(events)
        course = courses[number]
        part = part_of[course.job.work_class]
        if is_end:
            free_bytes[part] += course.job.size_bytes
        else:
            queues[part].append(course)
        queue = queues[part]
        while queue and queue[0].job.size_bytes <= free_bytes[part]:
            granted = queue.popleft()
            job = granted.job
            free_bytes[part] -= job.size_bytes
            end_ms = now_ms + job.load_ms + job.work_ms
            heapq.heappush(events, (end_ms, 1, job.number))
            granted.waited_ms, granted.loads, granted.is_done = (
                now_ms - job.asked_at_ms,
                int(job.load_ms > 0),
                True,
            )
            granted.had = job.size_bytes * max(0, min(end_ms, load.span_ms) - now_ms)
    return courses
