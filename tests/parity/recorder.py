"""Asks the service and this engine the same questions, and writes down what each answered."""

from __future__ import annotations

import datetime as dt
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ee
import numpy as np

from tests.engine.memory_library import Bench
from tests.parity.questions import PATCHES, Patch, Pixels, Question, cases, printed, real

PACKAGES = ("ee-floods", "earthengine-api", "numpy", "scipy", "shapely", "pyproj")
RTOL, PIXEL_RTOL = 1e-9, 1e-5
"""What two computers may differ by and still have the same answer; many pixels are 32-bit floats."""


def record(
    path: Path, *, bench: Bench | None = None, patches: Iterable[Patch] = PATCHES, every: int = 1
) -> dict[str, Any]:
    """Ask everything of the service that the client is connected to, and write the report.

    Args:
        path: The JSON file.
        bench: This engine; a fresh one by default.
        patches: Real data to ask about.
        every: Takes only each n-th of the printed answers and cases.

    Returns:
        The report.
    """
    engine = bench or Bench()
    asked = [*list(printed())[::every], *list(cases())[::every]]
    skipped: list[dict[str, str]] = []
    for patch in patches:
        try:
            asked += real(patch, engine)
        except Exception as error:  # noqa: BLE001 - a data set that is not there is part of the report
            skipped.append({"question": f"real/{patch.collection}", "because": _sentence(error)})
    answers = list(_answers(asked, engine, skipped))
    equal = sum(answer["equal"] for answer in answers)
    report = {
        "service": ee.data._get_state().cloud_api_base_url,
        "date": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "versions": {
            **{name: version(name) for name in PACKAGES},
            "python": platform.python_version(),
        },
        "summary": {
            "asked": len(answers), "equal": equal, "different": len(answers) - equal, "skipped": len(skipped),
        },
        "answers": answers,
        "skipped": skipped,
    }  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return report


def _answers(
    questions: list[Question], bench: Bench, skipped: list[dict[str, str]]
) -> Iterator[dict[str, Any]]:
    things = []
    for question in questions:
        try:
            thing = question.ask()
        except Exception as error:  # noqa: BLE001 - what the client refuses to send cannot be compared
            skipped.append({"question": question.id, "because": _sentence(error)})
            continue
        if thing is None:
            skipped.append({"question": question.id, "because": "needs a stored test image"})
        else:
            things.append((question.id, thing))
    with ThreadPoolExecutor(8) as pool:
        theirs = pool.map(lambda item: _tried(lambda: _of_the_service(item[1])), things)
        for (name, thing), service in zip(things, theirs, strict=True):
            local = _tried(lambda thing=thing: _of_this_engine(thing, bench))
            where, difference = compared(local, service, PIXEL_RTOL if isinstance(thing, Pixels) else RTOL)
            yield {
                "question": name,
                "local": _short(local),
                "service": _short(service),
                "equal": not where,
                "where": where,
                "difference": difference,
            }


def _tried(ask: Any) -> Any:
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 - a refusal is an answer
        return {"error": _sentence(error)}


def _sentence(error: Exception) -> str:
    return str(error).splitlines()[0][:300] if str(error) else type(error).__name__


def _of_the_service(thing: Any) -> Any:
    if not isinstance(thing, Pixels):
        return thing.getInfo() if hasattr(thing, "getInfo") else ee.data.computeValue(thing)
    band = thing.image.select(thing.band)
    both = ee.Image.cat(band.rename("value"), band.mask().rename("mask"))
    found = ee.data.computePixels(
        {"expression": both, "fileFormat": "NUMPY_NDARRAY", "grid": thing.grid.pixel_grid}
    )
    return _plain(np.ma.MaskedArray(found["value"], found["mask"] == 0))


def _of_this_engine(thing: Any, bench: Bench) -> Any:
    if isinstance(thing, Pixels):
        return _plain(bench.pixels(thing.image.select(thing.band), thing.grid)[0])
    return json.loads(json.dumps(bench.value(thing)))


def _plain(values: np.ma.MaskedArray) -> list[Any]:
    """Rows of numbers; what is masked is None."""
    found: list[Any] = values.astype(float).tolist()
    return found


def compared(local: Any, service: Any, rtol: float = RTOL, where: str = "") -> tuple[str, float | None]:
    """Return where two answers differ first ("" if nowhere) and the largest difference of numbers."""
    if _number(local) and _number(service):
        left, right = float(local), float(service)
        same = left == right or (left != left and right != right)
        if same or abs(left - right) <= rtol * max(abs(left), abs(right)):
            return "", 0.0
        return where or ".", abs(left - right)
    if isinstance(local, Mapping) and isinstance(service, Mapping):
        if set(local) != set(service):
            return f"{where}.keys", None
        parts = [(f"{where}.{key}", local[key], service[key]) for key in local]
    elif isinstance(local, list) and isinstance(service, list):
        if len(local) != len(service):
            return f"{where}.length", None
        parts = [(f"{where}[{i}]", a, b) for i, (a, b) in enumerate(zip(local, service, strict=True))]
    else:
        return ("", 0.0) if local == service else (where or ".", None)
    first, largest = "", 0.0
    for name, a, b in parts:
        found, difference = compared(a, b, rtol, name)
        first = first or found
        if difference is None:
            return first, None
        largest = max(largest, difference)
    return first, largest


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _short(answer: Any) -> Any:
    """Long answers by their beginning: the report is to be read."""
    text = json.dumps(answer, ensure_ascii=False)
    return answer if len(text) <= 2000 else text[:2000] + "..."
