"""One edition of an object of the lake, as the ledger remembers it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StoredObject:
    """One edition of an object, as Cloud Storage states it: its generation, bytes and CRC32C (base64)."""

    generation: int
    size: int
    crc32c: str
