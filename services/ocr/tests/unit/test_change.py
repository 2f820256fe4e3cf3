import numpy as np
import pytest
from numpy.typing import NDArray

from brickwork_ocr.change import Change, ChangeWatch, thumbnail

Pixels = NDArray[np.uint8]
WHITE = np.full((720, 1280, 3), 255, dtype=np.uint8)


def with_line(pixels: Pixels, top_px: int, width_px: int = 600) -> Pixels:
    """Draw what a line of text is to a thumbnail: strokes that cover a third of a strip."""
    drawn = pixels.copy()
    drawn[top_px : top_px + 30, 100 : 100 + width_px : 3] = 0
    return drawn


def with_pointer(pixels: Pixels, top_px: int, left_px: int) -> Pixels:
    drawn = pixels.copy()
    drawn[top_px : top_px + 20, left_px : left_px + 12] = 0
    return drawn


def with_noise(pixels: Pixels, seed: int) -> Pixels:
    # Even noise between -35 and 35 has a deviation of 20.
    noise = np.random.default_rng(seed).integers(-35, 36, pixels.shape, dtype=np.int16)
    noisy: Pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    return noisy


SLIDE = with_line(WHITE, 100)
OTHER_SLIDE = with_line(with_line(WHITE, 300), 400)


def changes(pictures: list[Pixels]) -> list[Change]:
    """Show one picture a second and collect the changes, the one at the end included."""
    watch = ChangeWatch()
    seen = [watch.look(second * 1000, thumbnail(p)) for second, p in enumerate(pictures)]
    return [change for change in [*seen, watch.end()] if change is not None]


def test_thumbnail_is_the_mean_brightness_of_each_block() -> None:
    pixels = np.zeros((108, 192, 3), dtype=np.uint8)
    pixels[:2, :2] = 200
    pixels[-1, -1] = 100
    small = thumbnail(pixels)
    assert small.shape == (54, 96)
    assert small.dtype == np.float32
    assert small[0, 0] == 200
    assert small[-1, -1] == 25
    assert np.count_nonzero(small) == 2


@pytest.mark.parametrize("shape", [(1, 1), (2, 3000), (7, 5), (719, 1279)])
def test_thumbnail_takes_a_frame_of_any_size(shape: tuple[int, int]) -> None:
    assert np.allclose(thumbnail(np.full((*shape, 3), 77, dtype=np.uint8)), 77)


def test_slide_is_read_once_however_long_it_stands() -> None:
    assert changes([SLIDE] * 30) == [Change(0, 0)]


def test_new_slide_is_read_when_two_samples_agree_and_begins_at_the_first_of_them() -> None:
    assert changes([SLIDE] * 4 + [OTHER_SLIDE] * 4) == [Change(0, 0), Change(4000, 4000)]


def test_one_new_line_of_text_is_a_change() -> None:
    assert len(changes([SLIDE] * 3 + [with_line(SLIDE, 200)] * 3)) == 2


def test_one_new_short_word_is_a_change() -> None:
    assert len(changes([SLIDE] * 3 + [with_line(SLIDE, 200, width_px=80)] * 3)) == 2


def test_pointer_that_wanders_is_no_change() -> None:
    path = [with_pointer(SLIDE, 300 + 17 * step, 500 + 31 * step) for step in range(12)]
    assert changes([SLIDE, *path]) == [Change(0, 0)]


def test_noise_is_no_change() -> None:
    assert changes([with_noise(SLIDE, seed) for seed in range(4)]) == [Change(0, 0)]


def test_fade_is_not_read_in_its_middle() -> None:
    fade = [(SLIDE * (1 - share) + OTHER_SLIDE * share).astype(np.uint8) for share in (0.3, 0.6)]
    told = changes([SLIDE] * 3 + fade + [OTHER_SLIDE] * 3)
    # At three seconds less than half of the new slide is there, at four more.
    assert told == [Change(0, 0), Change(left_ms=3000, start_ms=4000)]


def test_passing_disturbance_leaves_the_slide_alone() -> None:
    assert changes([SLIDE] * 3 + [WHITE] + [SLIDE] * 3) == [Change(0, 0)]


def test_picture_that_never_settles_is_read_after_a_while() -> None:
    flicker = [with_line(WHITE, 60 * step) for step in range(1, 10)]
    told = changes([SLIDE] * 3 + flicker)
    assert told[0] == Change(0, 0)
    assert told[1].left_ms == 3000
    assert len(told) == 3


def test_speaker_in_the_corner_does_not_hide_a_new_slide_and_is_not_read_for_ever() -> None:
    def with_speaker(pixels: Pixels, seed: int) -> Pixels:
        drawn = pixels.copy()
        blocks = np.random.default_rng(seed).integers(0, 256, (11, 16, 1), dtype=np.uint8)
        drawn[500:720, 960:1280] = np.kron(blocks, np.ones((20, 20, 3), dtype=np.uint8))
        return drawn

    first = [with_speaker(SLIDE, seed) for seed in range(12)]
    second = [with_speaker(OTHER_SLIDE, seed) for seed in range(12, 18)]
    told = changes(first + second)
    assert told == [Change(0, 0), Change(left_ms=12_000, start_ms=12_000)]


def test_speaker_who_holds_still_for_a_while_makes_nothing_new() -> None:
    def with_speaker(seed: int) -> Pixels:
        drawn = SLIDE.copy()
        blocks = np.random.default_rng(seed).integers(0, 256, (11, 16, 1), dtype=np.uint8)
        drawn[500:720, 960:1280] = np.kron(blocks, np.ones((20, 20, 3), dtype=np.uint8))
        return drawn

    seeds = [*range(10), *[10] * 5, *range(11, 20)]
    assert changes([with_speaker(seed) for seed in seeds]) == [Change(0, 0)]


def test_slides_that_change_often_are_not_taken_for_restlessness() -> None:
    slides = [SLIDE if turn % 2 else OTHER_SLIDE for turn in range(12) for _ in range(3)]
    assert [change.start_ms for change in changes(slides)] == [3000 * turn for turn in range(12)]


def test_last_picture_is_read_even_if_it_was_seen_once() -> None:
    assert changes([SLIDE]) == [Change(0, 0)]
    assert changes([SLIDE] * 3 + [OTHER_SLIDE]) == [Change(0, 0), Change(3000, 3000)]


def test_no_picture_is_no_change() -> None:
    assert changes([]) == []
