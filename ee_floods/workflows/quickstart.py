"""The main job, start to finish, on the local engine.

An event's pairs are found, exported as TFRecords, a teacher and students are trained and compared with
classical baselines, the student maps the scene, the map becomes an asset and is drawn. Everything is kept in
one folder; the same call again reuses what is there.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ee_floods.config.quickstart import QuickstartSpec, default_quickstart
from ee_floods.config.runs import TrainingRun
from ee_floods.contracts.report import ModelScore, RunReport
from ee_floods.workflows.train import TrainRole
from ee_floods.workflows.watch import Listener, PeakMemory, Watch

if TYPE_CHECKING:
    from ee_floods.config.training import TrainingConfig
    from ee_floods.training.trained import TrainedModel
    from ee_floods.workflows.build_dataset import BuiltDataset

__all__ = ["NETWORKS", "run_quickstart"]

NETWORKS: dict[str, TrainRole] = {
    "teacher": "teacher",
    "supervised": "supervised",
    "weak_label": "supervised",
    "student": "student",
}
"""The networks that are trained and how, in order: the student needs its teacher."""

_BASELINES = {"vh_threshold": "baseline:vh-threshold", "otsu": "baseline:otsu"}


def run_quickstart(
    out: Path, *, spec: QuickstartSpec | None = None, listener: Listener | None = None
) -> RunReport:
    """Do the main job and return its report, which is also written to `out/report.json`.

    Args:
        out: Folder for everything: `dataset/`, `models/`, `engine/` (the engine's state), the flood map,
            `map.html`, `flood_map.png`, `report.json`.
        spec: What to do; None for the one that comes with the package.
        listener: Told of progress.

    Raises:
        ConfigError: If a session with another Earth Engine is open.
        EEFloodsError: As the steps raise; what was done stays, and the same call goes on from there.
    """
    from ee_floods.session import connect
    from ee_floods.workflows.build_dataset import build_dataset

    plan = spec or default_quickstart()
    out.mkdir(parents=True, exist_ok=True)
    watch = Watch(listener)
    with PeakMemory() as memory:
        with watch.step("start the local engine"):
            session = connect(engine="local", state=out / "engine")
        with session:
            built = build_dataset(plan.dataset, out / "dataset", watch=watch)
            models = _train(plan, out, watch)
            metrics = _evaluate(models, built, watch)
            outputs = _map(plan, models["student"], built, out, watch)
    report = RunReport(
        simulated=built.manifest.simulated,
        steps=watch.steps,
        peak_memory_mib=memory.mib,
        pairs=tuple(pair.to_dict() for found in built.pair_sets for pair in found.pairs),
        metrics=metrics,
        outputs=outputs,
    )
    report.write(out / "report.json")
    return report


def _train(plan: QuickstartSpec, out: Path, watch: Watch) -> dict[str, TrainedModel]:
    from ee_floods.workflows.train import train

    models: dict[str, TrainedModel] = {}
    for name, role in NETWORKS.items():
        settings: TrainingConfig = getattr(plan, name)
        run = TrainingRun(
            dataset=out / "dataset",
            output=out / "models" / f"{name}.keras",
            teacher=models["teacher"].path if name == "student" else None,
            label="weak_s1" if name == "weak_label" else "label",
            training=settings,
        )
        models[name] = train(role, run, overwrite=True, watch=watch)
    return models


def _evaluate(models: dict[str, TrainedModel], built: BuiltDataset, watch: Watch) -> dict[str, ModelScore]:
    from ee_floods.data.tfrecords import ChipDataset
    from ee_floods.evaluation.dataset_chips import labelled_chips
    from ee_floods.evaluation.scoring import evaluate_chips, model_score
    from ee_floods.models.registry import open_predictor

    dataset = ChipDataset.open(built.folder)
    names = {name: str(model.path) for name, model in models.items()} | _BASELINES
    scores = {}
    with watch.step("evaluate"):
        for done, (name, model) in enumerate(names.items()):
            watch.advance(done, len(names), name)
            predictor = open_predictor(model)
            chips = labelled_chips(dataset, "test", predictor.bands)
            report = evaluate_chips(predictor, chips, scale_m=dataset.manifest.scale_m)
            scores[name] = model_score(report)
        student, otsu = scores["student"].pooled_iou, scores["otsu"].pooled_iou
        watch.say(f"student {student:.3f}, Otsu {otsu:.3f}" if student and otsu else "")
    return scores


def _map(
    plan: QuickstartSpec, student: TrainedModel, built: BuiltDataset, out: Path, watch: Watch
) -> dict[str, str]:
    from ee_floods.catalog import events
    from ee_floods.inference.product_file import read_product
    from ee_floods.maps.figure import draw_figure
    from ee_floods.maps.html import write_html
    from ee_floods.models.registry import open_predictor
    from ee_floods.query.pairs import event_grid
    from ee_floods.query.passes import pass_of_pair
    from ee_floods.service.ledger import FileLedger
    from ee_floods.workflows.build_dataset import LEDGER
    from ee_floods.workflows.map_event import map_event, read_pass
    from ee_floods.workflows.publish import publish_file

    event = events.get(plan.mapped_event)
    (pair,) = (found.pairs[0] for found in built.pair_sets if found.event.id == event.id)
    # The chips are the middle of the event; the map is all of it, as the same pass of the radar saw it.
    whole = replace(
        pass_of_pair(pair), grid=event_grid(event, scale=plan.dataset.scale, patch=plan.dataset.patch)
    )
    flood = out / "flood.tif"
    map_event(open_predictor(str(student.path)), event, flood, radar=whole, watch=watch)
    publish_file(flood, plan.asset, ledger=FileLedger(out / LEDGER), watch=watch)
    with watch.step("draw"):
        radar = read_pass(whole, event.name)
        write_html([flood], out / "map.html", radar=radar)
        draw_figure(read_product(flood), out / "flood_map.png", radar=radar)
    return {
        "map": "map.html",
        "picture": "flood_map.png",
        "flood": "flood.tif",
        "asset": plan.asset,
        "dataset": "dataset/dataset.json",
        "teacher": "models/teacher.keras",
        "student": "models/student.keras",
    }
