"""The discovery document and the list of algorithms, as the installed client ships them.

Both are read from the installed `earthengine-api`, never copied. Its discovery document is of 2020, so
methods and parameters that later clients use are laid over it.
"""

from __future__ import annotations

import copy
import functools
import importlib.util
import json
from pathlib import Path
from typing import Any

from ee_floods.errors import MissingExtraError

__all__ = ["algorithms_document", "check_client", "discovery_document"]

_QUERY = {"type": "string", "location": "query"}


def check_client() -> None:
    """Raise `MissingExtraError` unless the installed client has the files that the engine serves."""
    for name in ("algorithms.json", "cloud_api_discovery_document.json"):
        _shipped(name)


@functools.cache
def algorithms_document() -> bytes:
    """Return the answer of `projects.algorithms.list`."""
    return _shipped("algorithms.json").read_bytes()


@functools.cache
def discovery_document(root_url: str, version: str) -> bytes:
    """Return the discovery document with this server as its root.

    Args:
        root_url: Ends in a slash.
        version: `v1` or `v1alpha`, for the paths.
    """
    document = json.loads(_shipped("cloud_api_discovery_document.json").read_bytes())
    shipped = str(document["version"])
    document["rootUrl"] = document["baseUrl"] = root_url
    document["version"] = version
    document["id"] = f"earthengine:{version}"
    _rewrite(document["resources"], shipped, version)
    _overlay(document["resources"]["projects"], version)
    return json.dumps(document).encode()


def _shipped(name: str) -> Path:
    # `find_spec` does not run the package: importing `ee` takes a second.
    spec = importlib.util.find_spec("ee")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    path = folder / "tests" / name if folder is not None else None
    if path is None or not path.exists():
        raise MissingExtraError(
            f"The installed earthengine-api does not hold `ee/tests/{name}`, which the local engine serves.",
            remedy='Install it from its wheel: `pip install --force-reinstall "earthengine-api~=1.7.0"`.',
        )
    return path


def _rewrite(resources: dict[str, Any], shipped: str, version: str) -> None:
    for resource in resources.values():
        for method in resource.get("methods", {}).values():
            for key in ("path", "flatPath"):
                if str(method.get(key, "")).startswith(shipped + "/"):
                    method[key] = version + method[key][len(shipped) :]
        _rewrite(resource.get("resources", {}), shipped, version)


def _overlay(projects: dict[str, Any], version: str) -> None:
    """Add what earthengine-api 1.7 calls and the document of 2020 does not have."""
    resources, methods = projects["resources"], projects["methods"]
    for listing in (methods["listAssets"], resources["assets"]["methods"]["listAssets"]):
        listing["parameters"].update(filter=_QUERY, view=_QUERY)
    resources["assets"]["methods"]["create"]["parameters"]["overwrite"] = {
        "type": "boolean",
        "location": "query",
    }
    features = copy.deepcopy(resources["assets"]["methods"]["listFeatures"])
    features["parameters"]["asset"] = features["parameters"].pop("parent")
    features["parameterOrder"] = ["asset"]
    features["path"] = features["path"].replace("{+parent}", "{+asset}")
    resources["assets"]["methods"]["listFeatures"] = features
    for name in ("maps", "thumbnails", "videoThumbnails", "filmstripThumbnails"):
        if "create" in resources.get(name, {}).get("methods", {}):
            resources[name]["methods"]["create"]["parameters"]["workloadTag"] = _QUERY
    create = copy.deepcopy(resources["thumbnails"]["methods"]["create"])
    create["id"] = "earthengine.projects.tables.create"
    create["path"] = f"{version}/{{+parent}}/tables"
    create.pop("flatPath", None)
    resources["tables"] = {"methods": {"create": create}}
    template = copy.deepcopy(resources["operations"]["methods"]["get"])
    template["path"] = f"{version}/{{+name}}"
    template.pop("flatPath", None)
    template["parameters"]["name"] = {
        "type": "string",
        "location": "path",
        "required": True,
        "pattern": "^projects/[^/]+/config$",
    }
    methods["getConfig"] = {**template, "id": "earthengine.projects.getConfig"}
    update = copy.deepcopy(resources["assets"]["methods"]["patch"])
    update["id"] = "earthengine.projects.updateConfig"
    update["path"] = f"{version}/{{+name}}"
    update.pop("flatPath", None)
    update["parameters"] = {**template["parameters"], "updateMask": _QUERY}
    methods["updateConfig"] = update
    exported = resources["image"]["methods"]["export"]
    imported = resources["image"]["methods"]["import"]
    # The client's own checks need the method; the server answers that it does not have it.
    resources["classifier"] = {"methods": {"export": _like(exported, "classifier:export", version)}}
    resources["image"]["methods"]["importExternal"] = _like(imported, "image:importExternal", version)
    resources["featureView"] = {
        "methods": {"create": {**copy.deepcopy(create), "path": f"{version}/{{+parent}}/featureView"}}
    }


def _like(method: dict[str, Any], action: str, version: str) -> dict[str, Any]:
    """Return a copy of a method of a project under another path."""
    found = copy.deepcopy(method)
    found["id"] = f"earthengine.projects.{action.replace(':', '.')}"
    found["path"] = f"{version}/{{+project}}/{action}"
    found.pop("flatPath", None)
    return found
