"""The types of columns that nobody declared: the narrowest that holds all values, of this file and of earlier months.

bigint widens to double, and everything to text; a type never narrows. A column without a value has no type: it is left
out until a month brings one.
"""

from collections.abc import Iterable

import pyarrow as pa

from ingest.casts import ARROW_TYPES, cast_array, is_number, is_time, unwrap
from ingest.datasets import ColumnType
from ingest.texts import exact_doubles

# What a type can become, itself first.
_WIDER: dict[ColumnType, tuple[ColumnType, ...]] = {
    "bigint": ("bigint", "double", "text"),
    "double": ("double", "text"),
    "timestamp": ("timestamp", "text"),
    "text": ("text",),
}


def choose_types(
    batches: Iterable[pa.RecordBatch], schema: pa.Schema, known: dict[str, ColumnType]
) -> dict[str, ColumnType]:
    """The type of each column of `schema` that holds a value in `batches`, which are read no further than needed.

    `known` are the types of those that earlier months brought: none gets narrower.
    """
    open_questions = {field.name: _Question(field.type, known.get(field.name)) for field in schema}
    types: dict[str, ColumnType] = {}
    for batch in batches:
        for name in list(open_questions):
            question = open_questions[name]
            question.look_at(batch.column(name))
            if question.has_values:
                types[name] = question.candidates[0]
            if question.is_settled:
                del open_questions[name]
        if not open_questions:
            break
    return types


class _Question:
    """Which type a column gets."""

    def __init__(self, arrow_type: pa.DataType, known: ColumnType | None):
        plain = unwrap(pa.nulls(0, arrow_type)).type
        own = _own_type(plain)
        self.candidates = list(_WIDER[known] if known else (own, "text"))
        if known and known != "text" and (own == "text" or (own == "timestamp") != (known == "timestamp")):
            self.candidates = ["text"]
        self.has_values = False
        self._sure = _holds_all(plain)

    @property
    def is_settled(self) -> bool:
        """Whether no further value can change the answer."""
        return self.has_values and self.candidates[0] in self._sure

    def look_at(self, array: pa.Array) -> None:
        """Strike out the types that do not hold a value of the array; text stays, as there is none wider."""
        plain = unwrap(array)
        if plain.null_count == len(plain):
            return
        self.has_values = True
        while self.candidates[0] not in self._sure and not _holds(plain, self.candidates[0]):
            self.candidates.pop(0)


def _own_type(plain: pa.DataType) -> ColumnType:
    """The type of a column that no earlier month brought."""
    if pa.types.is_integer(plain) or (pa.types.is_decimal(plain) and plain.scale <= 0):
        return "bigint"
    if is_number(plain) and not pa.types.is_boolean(plain):
        return "double"
    return "timestamp" if is_time(plain) else "text"


def _holds_all(plain: pa.DataType) -> set[ColumnType]:
    """The types that hold every value of the Arrow type, or need not be tried: there is none wider than text."""
    sure: set[ColumnType] = {"text"}
    if pa.types.is_integer(plain) and plain != pa.uint64():
        sure.add("bigint")
    if pa.types.is_floating(plain) or (pa.types.is_integer(plain) and plain.bit_width <= 32):
        sure.add("double")
    return sure


def _holds(plain: pa.Array, column_type: ColumnType) -> bool:
    """Whether the values are the same in that type."""
    try:
        cast = cast_array(plain, column_type)
        if column_type == "double" and pa.types.is_decimal(plain.type):
            cast = exact_doubles(plain)
    except pa.ArrowException:
        return False
    return cast.type == ARROW_TYPES[column_type] and cast.null_count == plain.null_count
