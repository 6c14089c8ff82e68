"""Base of the JSON documents: frozen, checked when read, written with sorted keys and the same bytes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from ee_floods.contracts.schema import check_schema, schema_name
from ee_floods.errors import CorruptFileError, InputError

__all__ = ["Document", "Part"]


class Part(BaseModel):
    """A part of a document: immutable; unknown keys of a newer minor version are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Document(Part):
    """A versioned JSON document; subclasses set `kind`."""

    kind: ClassVar[str]
    schema_: str = ""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        alias_generator=lambda name: "schema" if name == "schema_" else name,
    )

    @model_validator(mode="before")
    @classmethod
    def _stamp(cls, data: Any) -> Any:
        if isinstance(data, dict) and "schema" not in data and "schema_" not in data:
            return {"schema": schema_name(cls.kind), **data}
        return data

    def to_json(self) -> str:
        """Return the document as indented JSON, `schema` first."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=2, allow_nan=False) + "\n"

    def write(self, path: Path) -> Path:
        """Write the document whole or not at all, and return its path."""
        partial = path.with_name(path.name + ".part")
        partial.write_text(self.to_json(), encoding="utf-8")
        return partial.replace(path)

    @classmethod
    def from_json(cls, text: str, source: str) -> Self:
        """Read a document.

        Args:
            text: JSON.
            source: Where it came from, for messages.

        Raises:
            CorruptFileError: If it is not JSON, or a field is missing or of a wrong type.
            FormatVersionError: If it is of another major version.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise CorruptFileError(
                f"{source} is not JSON ({error}).", remedy=f"Give an ee-floods {cls.kind} file."
            ) from error
        check_schema(data, cls.kind, source)
        try:
            return cls.model_validate(data)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise CorruptFileError(
                f"{source}: `{where}`: {first['msg']}.", remedy="Write the file again with this version."
            ) from error

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a document from a file; see `from_json`."""
        if not path.is_file():
            raise InputError(f"There is no file {path}.", remedy=f"Give an ee-floods {cls.kind} file.")
        return cls.from_json(path.read_text(encoding="utf-8"), str(path))
