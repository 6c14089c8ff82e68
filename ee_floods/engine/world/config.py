"""The world's parameters: a versioned YAML file read into frozen dataclasses; unknown keys are errors."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from ee_floods.errors import ConfigError, suggest

__all__ = [
    "DEFAULT_CONFIG",
    "SCHEMA",
    "Biome",
    "Clouds",
    "Event",
    "History",
    "Hydrology",
    "Optical",
    "Radar",
    "Relief",
    "WorldConfig",
    "load_config",
]

SCHEMA = "ee-floods/world/1.0"

DEFAULT_CONFIG = Path(__file__).with_name("world.yaml")

Range = tuple[float, float]


@dataclass(frozen=True)
class Relief:
    """Wavelengths (m) and shapes of the terrain that are the same everywhere."""

    main_river_wavelength: float
    tributary_wavelength: float
    meander_wavelengths: tuple[float, float]
    meander_amplitudes: tuple[float, float]
    tributary_half_width: float
    tributary_plain: float
    levee_height: float
    levee_width: float
    oxbow_depth: float
    scroll_height: float
    scroll_spacing: float
    base_wavelength: float
    base_height: float


@dataclass(frozen=True)
class Hydrology:
    """How stage rises and falls, in m and days."""

    background_probability: float
    background_amplitude: Range
    background_radius_km: Range
    rise_days: Range
    recession_days: Range
    wet_pulse: float


@dataclass(frozen=True)
class Biome:
    """A kind of country: its place on Earth, its rivers, its cover and its sky.

    `latitude` (centre, width in degrees) and `aridity` (-2..2) say where it is found away from listed events.
    Lengths in m, shares 0..1, `season_day` is the day of the year of highest stage in the north.
    """

    latitude: Range
    aridity: float
    channel_half_width: float
    floodplain: float
    slope: float
    relief: float
    bank: float
    plain_rise: float
    season_amplitude: float
    season_day: float
    low_stage: float
    forest: float
    urban: float
    dark: float
    parcels: float
    green: float
    sand: float
    turbidity: float
    cloudiness: float
    wind: float
    moisture: float


@dataclass(frozen=True)
class Radar:
    """Backscatter in dB at 38 degrees incidence as (VV, VH), and the sensor."""

    forest: Range
    green: Range
    dry: Range
    soil: Range
    sand: Range
    urban: Range
    dark: Range
    flooded_vegetation: Range
    water: Range
    water_per_wind: Range
    land_slope_per_degree: float
    water_slope_per_degree: float
    moisture_gain: float
    parcel_spread: float
    texture_spread: float
    urban_texture: float
    looks: float
    speckle_kernel: float
    noise_floor: Range
    floor_value: float
    wind_spread: float
    near_angle: float
    far_angle: float


@dataclass(frozen=True)
class Optical:
    """Reflectance (0..1) of each surface in the 13 bands, and the atmosphere above."""

    bands: tuple[str, ...]
    forest: tuple[float, ...]
    green: tuple[float, ...]
    dry: tuple[float, ...]
    soil: tuple[float, ...]
    sand: tuple[float, ...]
    urban: tuple[float, ...]
    dark: tuple[float, ...]
    clear_water: tuple[float, ...]
    turbid_water: tuple[float, ...]
    cloud: tuple[float, ...]
    path: tuple[float, ...]
    transmission: tuple[float, ...]
    haze: Range
    wet_darkening: float
    texture_spread: float
    noise: float


@dataclass(frozen=True)
class Clouds:
    """The sky of one pass: weather over hundreds of km, clouds over hundreds of m."""

    weather_wavelength: float
    weather_spread: float
    wavelengths: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    rain_gain: float
    rain_lead_days: float
    edge: float
    shadow_length: float
    shadow_strength: float
    score_noise: float
    label_limit: float


@dataclass(frozen=True)
class History:
    """The record from which water occurrence is counted."""

    start: str
    end: str
    sample_days: float
    node_degrees: float
    never_below: float


@dataclass(frozen=True)
class Event:
    """One listed flood.

    Args:
        id: Stable id.
        name: Begins with `SIMULATED`.
        country: ISO 3166-1 alpha-3.
        biome: Key of `biomes`.
        box: West, south, east, north in degrees.
        start: ISO date.
        end: ISO date.
        peak: ISO datetime, UTC.
        amplitude: Height of the pulse in m.
        radius_km: Its Gaussian radius.
    """

    id: str
    name: str
    country: str
    biome: str
    box: tuple[float, float, float, float]
    start: str
    end: str
    peak: str
    amplitude: float
    radius_km: float


@dataclass(frozen=True)
class WorldConfig:
    """Everything that decides what the world looks like."""

    schema: str
    seed: int
    relief: Relief
    hydrology: Hydrology
    radar: Radar
    optical: Optical
    clouds: Clouds
    history: History
    biomes: Mapping[str, Biome]
    events: tuple[Event, ...]

    def __hash__(self) -> int:
        return id(self)


def load_config(path: Path | None = None, seed: int | None = None) -> WorldConfig:
    """Read the world's parameters.

    Args:
        path: YAML file; by default the one that ships with the package.
        seed: Replaces the file's seed.

    Raises:
        ConfigError: If the file is unreadable, of another schema, or has a key that is unknown, missing or
            of the wrong type.
    """
    config = _load(path or DEFAULT_CONFIG)
    return config if seed is None else dataclasses.replace(config, seed=seed)


@lru_cache(maxsize=8)
def _load(path: Path) -> WorldConfig:
    import yaml

    try:
        # The parser in C, where PyYAML has it, takes a tenth of the time, and every worker reads this.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(
            f"The world's parameters in {path.name} cannot be read: {error}.",
            remedy="Start from the world.yaml that ships with the package.",
        ) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or schema.rpartition(".")[0] != SCHEMA.rpartition(".")[0]:
        raise ConfigError(f"{path.name} has schema {schema!r}, not {SCHEMA!r}.")
    config: WorldConfig = _build(WorldConfig, document, path.name)
    for event in config.events:
        if event.biome not in config.biomes:
            raise ConfigError(
                f"{path.name}: event {event.id!r} has the unknown biome {event.biome!r}.",
                remedy=suggest(event.biome, config.biomes),
            )
        if not event.name.startswith("SIMULATED "):
            raise ConfigError(f"{path.name}: event {event.id!r} must have a name that begins with SIMULATED.")
    return config


def _build(kind: Any, value: Any, where: str) -> Any:
    """Turn a YAML value into `kind`, checking every key and type on the way down."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind):
        if not isinstance(value, dict):
            raise ConfigError(f"{where} must be a mapping, received {value!r}.")
        hints = typing.get_type_hints(kind)
        for key in value:
            if key not in hints:
                raise ConfigError(f"{where} has the unknown key {key!r}.", remedy=suggest(str(key), hints))
        missing = sorted(set(hints) - set(value))
        if missing:
            raise ConfigError(f"{where} lacks {', '.join(missing)}.")
        assert isinstance(kind, type)
        return kind(**{key: _build(hints[key], item, f"{where}: {key}") for key, item in value.items()})
    if origin is tuple:
        if not isinstance(value, list):
            raise ConfigError(f"{where} must be a list, received {value!r}.")
        if arguments[-1] is ...:
            return tuple(_build(arguments[0], item, where) for item in value)
        if len(value) != len(arguments):
            raise ConfigError(f"{where} must have {len(arguments)} items, received {value!r}.")
        return tuple(_build(k, item, where) for k, item in zip(arguments, value, strict=True))
    if origin is not None:  # Mapping[str, X]
        if not isinstance(value, dict):
            raise ConfigError(f"{where} must be a mapping, received {value!r}.")
        built = {str(key): _build(arguments[1], item, f"{where}: {key}") for key, item in value.items()}
        return types.MappingProxyType(built)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ConfigError(f"{where} must be a {kind.__name__}, received {value!r}.")
    return value
