"""What in a query depends on the project's default time zone, which anybody may set. Nothing of ours may.

BigQuery uses that zone where a function could name a time zone and names none, for today's date, and for a cast between
TIMESTAMP and another type (https://docs.cloud.google.com/bigquery/docs/default-configuration). It casts none to the
other by itself: to compare a TIMESTAMP with a DATETIME is an error.
"""

from collections.abc import Iterator

from google.protobuf.message import Message
from zetasql.wasi._pb2.zetasql.public import type_pb2

# Functions that make a time of something else, and so have no TIMESTAMP among their arguments.
_MAKERS = ("current_date", "current_datetime", "current_time", "parse_timestamp", "timestamp")


def zone_dependent(resolved: Message) -> list[str]:
    """The casts and functions of an analyzed statement that take the default time zone, by name."""
    return sorted({found for message in _messages(resolved) if (found := _zone_dependent(message))})


def _zone_dependent(message: Message) -> str:
    match message.DESCRIPTOR.name:
        case "ResolvedCastProto":
            is_zoned = type_pb2.TYPE_TIMESTAMP in (message.parent.type.type_kind, _kind(message.expr))
            return "a cast from or to TIMESTAMP" if is_zoned else ""
        case "ResolvedFunctionCallBaseProto":
            name, kinds = (
                message.function.name.rpartition(":")[2],
                [one.type.type_kind for one in message.signature.argument],
            )
            is_of_times = type_pb2.TYPE_TIMESTAMP in kinds or name in _MAKERS
            can_name_one = kinds[-1:] == [type_pb2.TYPE_STRING] and len(message.argument_list) < len(kinds)
            return f"{name.strip('$')} without a time zone" if is_of_times and can_name_one else ""
    return ""


def _kind(expression: Message) -> int:
    """The type of an expression: that of the first message in it that has one."""
    return next((one.type.type_kind for one in _messages(expression) if one.DESCRIPTOR.name == "ResolvedExprProto"), 0)


def _messages(message: Message) -> Iterator[Message]:
    """The message and all that is in it, from the outside in."""
    yield message
    for field, value in message.ListFields():
        if field.message_type:
            for one in value if field.is_repeated else [value]:
                yield from _messages(one)
