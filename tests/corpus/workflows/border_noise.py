"""Border noise: edges of a pass and angles that are not of the swath are masked.

Source: A. Mullissa et al. (2021), Remote Sensing 13(10), 1954, after the code of G. Lemoine (angles below
30.63993 and above 45.23993 degrees) and M. Hird et al. (2017), Remote Sensing 9(12), 1315 (values below -30
dB).
"""

from __future__ import annotations

import ee


def without_border_noise(image: ee.Image) -> ee.Image:
    angle = image.select("angle")
    edge = image.select("VV").lt(-30.0)
    inside = angle.gt(30.63993).And(angle.lt(45.23993))
    valid = image.mask().reduce(ee.Reducer.min()).And(edge.Not())
    return image.updateMask(inside).updateMask(valid).set("border_noise", "removed")
