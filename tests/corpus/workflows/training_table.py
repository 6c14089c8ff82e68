"""Training points by class, and the bands beneath them, as a table to export.

Source: the documentation's guides "Supervised Classification" and "Sampling" (`stratifiedSample`,
`sampleRegions`), and `Export.table.toCloudStorage`.
"""

from __future__ import annotations

import ee


def training_points(
    labels: ee.Image, area: ee.Geometry, per_class: int, seed: int = 7
) -> ee.FeatureCollection:
    """Return points of each class of a band `water`, split into training and validation."""
    points = labels.rename("water").stratifiedSample(
        numPoints=per_class,
        classBand="water",
        region=area,
        scale=10,
        seed=seed,
        geometries=True,
    )
    return points.randomColumn("split", seed).map(
        lambda point: point.set(
            "set", ee.Algorithms.If(ee.Number(point.get("split")).lt(0.7), "train", "valid")
        )
    )


def training_table(stack: ee.Image, points: ee.FeatureCollection) -> ee.FeatureCollection:
    """Return the bands under each point."""
    return stack.sampleRegions(
        collection=points, properties=["water", "split", "set"], scale=10, geometries=True
    )


def export(table: ee.FeatureCollection, bucket: str, prefix: str, selectors: list[str]) -> ee.batch.Task:
    return ee.batch.Export.table.toCloudStorage(
        collection=table,
        description="training",
        bucket=bucket,
        fileNamePrefix=prefix,
        fileFormat="CSV",
        selectors=selectors,
    )
