"""The Python surface: what `import ee_floods as eef` offers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ee_floods.catalog import events
from ee_floods.config.pairing import PairingRule
from ee_floods.contracts.chip import STACK_BANDS
from ee_floods.errors import InputError
from ee_floods.evaluation.scoring import NanPolicy
from ee_floods.query.pairs import find_pairs
from ee_floods.session import connect, current, provenance
from ee_floods.workflows.build_dataset import LEDGER

if TYPE_CHECKING:
    from ee_floods.catalog.event import FloodEvent
    from ee_floods.contracts.card import ModelCard
    from ee_floods.contracts.report import EvaluationReport
    from ee_floods.data.tfrecords import ChipDataset
    from ee_floods.inference.raster import FloodRaster
    from ee_floods.models.predictor import Predictor
    from ee_floods.publishing.asset import PublishedAsset
    from ee_floods.query.pairs import Pair, PairSet
    from ee_floods.statistics.area import AreaReport

__all__ = [
    "FloodModel",
    "FloodProduct",
    "PairingRule",
    "connect",
    "current",
    "evaluate",
    "events",
    "export_chips",
    "find_pairs",
    "load_model",
    "open_product",
    "provenance",
    "publish",
]


@dataclass(frozen=True)
class FloodProduct:
    """A flood product on disk.

    Args:
        path: The COG.
        raster: Its bands and properties.
    """

    path: Path
    raster: FloodRaster

    def stats(self) -> AreaReport:
        """Return the area of each class in km²; what was not observed stands apart."""
        from ee_floods.statistics.area import area_report

        return area_report(self.raster)

    def map(self, out: str | Path | None = None) -> Path:
        """Write a self-contained HTML map, by default beside the product, and return its path."""
        from ee_floods.maps.html import write_html

        return write_html([self.path], Path(out) if out else self.path.with_suffix(".html"))

    def picture(self, out: str | Path | None = None) -> Path:
        """Write a PNG with a legend, by default beside the product, and return its path."""
        from ee_floods.maps.figure import draw_figure

        return draw_figure(self.raster, Path(out) if out else self.path.with_suffix(".png"))


@dataclass(frozen=True)
class FloodModel:
    """A model by name; `predictor` is what turns bands into probabilities."""

    name: str
    predictor: Predictor

    @property
    def card(self) -> ModelCard | None:
        """The model's card, if it was trained."""
        return self.predictor.card

    def predict(self, source: str | Path | FloodEvent, output: str | Path) -> FloodProduct:
        """Map a flood and return the product.

        Args:
            source: A Sentinel-1 GeoTIFF (VV, VH in dB), or an event, whose radar the session reads.
            output: Path of the product, a COG.
        """
        from ee_floods.workflows.map_event import map_event
        from ee_floods.workflows.predict import predict_file

        path = Path(output)
        if isinstance(source, str | Path):
            return FloodProduct(path, predict_file(self.predictor, Path(source), path))
        return FloodProduct(path, map_event(self.predictor, source, path))


def load_model(name: str | Path) -> FloodModel:
    """Return a model: a `.keras` file with its card, `baseline:otsu` or `baseline:vh-threshold[=DB]`."""
    from ee_floods.models.registry import open_predictor

    return FloodModel(str(name), open_predictor(str(name)))


def open_product(path: str | Path) -> FloodProduct:
    """Return a flood product that was written earlier."""
    from ee_floods.inference.product_file import read_product

    return FloodProduct(Path(path), read_product(Path(path)))


def export_chips(
    pairs: PairSet | Sequence[Pair],
    destination: str,
    *,
    folder: str | Path | None = None,
    scale: float = 10.0,
    bands: Sequence[str] = STACK_BANDS,
    labels: str | None = None,
    split: str = "train",
) -> ChipDataset:
    """Export the chips of pairs by Earth Engine's batch tasks, fetch them and write `dataset.json`.

    Args:
        pairs: From `find_pairs`, at the same scale.
        destination: `gs://BUCKET/FOLDER` for the tasks.
        folder: Where the data set goes on this machine; by default a folder of the destination's last name.
        scale: Pixel size in m that the pairs were found for.
        bands: Bands, in order.
        labels: Source of hand labels, such as `asset:ID`; None leaves `label` masked.
        split: Split of all these chips.

    Returns:
        The data set, open.
    """
    from ee_floods.config.pairing import MIN_CLEAR_SCORE
    from ee_floods.contracts.chip import PATCH
    from ee_floods.data.tfrecords import ChipDataset
    from ee_floods.export.dataset import build_manifest
    from ee_floods.service.ledger import FileLedger
    from ee_floods.workflows.build_dataset import export_pairs

    chosen = tuple(pairs)
    wrong = [pair.id for pair in chosen if abs(pair.grid.scale - scale) > 1e-9]
    if wrong:
        raise InputError(
            f"`scale` is {scale:g} m, but pair {wrong[0]} was found for another.",
            remedy=f"find_pairs(..., scale={scale:g})",
        )
    name = destination.rstrip("/").rsplit("/", 1)[-1]
    out = Path(folder) if folder else Path(name)
    out.mkdir(parents=True, exist_ok=True)
    exports = export_pairs(
        chosen,
        out,
        root=destination.rstrip("/"),
        ledger=FileLedger(out / LEDGER),
        scale=scale,
        patch=PATCH,
        bands=bands,
        labels=labels,
        min_clear_score=MIN_CLEAR_SCORE,
    )
    manifest = build_manifest(
        name, exports, lambda _: split, folder=out, scale_m=scale, split_rule=f"all {split}"
    )
    manifest.write(out / "dataset.json")
    return ChipDataset.open(out)


def publish(
    product: FloodProduct | str | Path, asset_id: str, *, bucket: str | None = None, overwrite: bool = False
) -> PublishedAsset:
    """Publish a product as an asset of the session's Earth Engine; it is checked to read back as the file."""
    from ee_floods.workflows.publish import publish_file

    path = product.path if isinstance(product, FloodProduct) else Path(product)
    return publish_file(path, asset_id, bucket=bucket, overwrite=overwrite)


def evaluate(
    model: FloodModel | str,
    *,
    sen1floods11: str | Path,
    chips: Sequence[str] | None = None,
    split: str | None = None,
    scale: float = 10.0,
    nan: NanPolicy = "exclude",
) -> EvaluationReport:
    """Score a model on a folder of Sen1Floods11 chips; see `workflows.evaluate`."""
    from ee_floods.workflows.evaluate import evaluate_sen1floods11

    name = model.name if isinstance(model, FloodModel) else model
    return evaluate_sen1floods11(
        name, Path(sen1floods11), chips=chips, split=split, scale_m=scale, nan_policy=nan
    )
