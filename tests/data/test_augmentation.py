import numpy as np

from ee_floods.data.augmentation import random_crop, random_symmetry


def test_all_eight_symmetries_are_drawn_and_applied_to_every_array_alike() -> None:
    rng = np.random.default_rng(0)
    first = np.arange(9, dtype=np.float32).reshape(3, 3, 1)
    seen = set()
    for _ in range(200):
        a, b = random_symmetry(rng, first, first * 10)
        np.testing.assert_array_equal(a * 10, b)
        seen.add(a.tobytes())
    assert len(seen) == 8


def test_crops_reach_every_corner_and_stay_inside() -> None:
    rng = np.random.default_rng(0)
    crops = {(r.start, c.start) for r, c in (random_crop(rng, (4, 5), 3) for _ in range(200))}
    assert crops == {(row, col) for row in range(2) for col in range(3)}
