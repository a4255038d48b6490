"""Google's SQL analyzer (zetasql), in this process, on a catalog of tables that we describe to it.

It knows BigQuery's names, types and functions, and what may stand where, as BigQuery's own front end does. What of
BigQuery it does not know by itself, it is told here: the aliases of types, and that QUALIFY is a reserved word.
"""

from contextlib import suppress

import wasmtime
from google.protobuf.message import DecodeError
from zetasql.core import wasm_client
from zetasql.core.exceptions import ServerError
from zetasql.core.local_service import ZetaSqlLocalService
from zetasql.types import AnalyzerOptions, LanguageOptions, ProductMode
from zetasql.wasi._pb2.zetasql.local_service import local_service_pb2
from zetasql.wasi._pb2.zetasql.proto import simple_catalog_pb2
from zetasql.wasi._pb2.zetasql.public import options_pb2, simple_table_pb2, type_pb2

from linting.time_zones import zone_dependent

# https://docs.cloud.google.com/bigquery/docs/reference/standard-sql/data-types
TYPE_ALIASES = {
    type_pb2.TYPE_INT64: ("int", "smallint", "integer", "bigint", "tinyint", "byteint"),
    type_pb2.TYPE_NUMERIC: ("decimal",),
    type_pb2.TYPE_BIGNUMERIC: ("bigdecimal",),
}

# Of BigQuery's DDL; the analyzer counts it among the features in development, which no set of features includes.
PARTITION_COLUMNS = options_pb2.FEATURE_CREATE_EXTERNAL_TABLE_WITH_PARTITION_COLUMNS

Columns = list[tuple[str, str]]
"""Names and types of a table's or a query's columns."""


class SqlError(Exception):
    """The analyzer's complaint, with its place as [at line:column]."""


class _CachedConfig(wasmtime.Config):
    """Compiled code is kept in the user's cache folder: compiling takes 23 s, loading it 0.3 s."""

    def __init__(self) -> None:
        super().__init__()
        self.cache = True


class Analyzer:
    """The analyzer and the tables it knows."""

    def __init__(self, default_project: str = "taxi-local") -> None:
        """Load the analyzer (compile it, the first time on a machine).

        A table of the `default_project` is known by its data set and name as well.
        """
        self._default_project = default_project
        wasm_client.Config = _CachedConfig
        self._client = ZetaSqlLocalService.get_instance().wasm_client
        language = LanguageOptions.maximum_features()
        language.product_mode = ProductMode.PRODUCT_EXTERNAL
        language.reserved_keywords = ["QUALIFY"]
        language.enabled_language_features = [*language.enabled_language_features, PARTITION_COLUMNS]
        self._language = language.to_proto()
        self._options = AnalyzerOptions(language_options=language).to_proto()
        self._options.error_message_mode = options_pb2.ERROR_MESSAGE_ONE_LINE
        self._catalog = simple_catalog_pb2.SimpleCatalogProto(name="BigQuery")
        self._catalog.builtin_function_options.language_options.CopyFrom(self._language)
        for kind, aliases in TYPE_ALIASES.items():
            for alias in aliases:
                self._catalog.named_type.add(name=alias).type.type_kind = kind
        self._registered = self._register()
        self._is_stale = False
        self.tables: dict[str, Columns] = {}
        """The tables that are known, as data_set.name."""

    def add_table(self, project: str, dataset: str, name: str, columns: Columns) -> None:
        """Make a table known.

        `columns` have BigQuery's names of types. Raises SqlError.
        """
        declared = ", ".join(f"cast(null as {kind}) as `{column}`" for column, kind in columns)
        self.add_query(project, dataset, name, f"select {declared}")

    def add_query(self, project: str, dataset: str, name: str, query: str) -> Columns:
        """Make a table known that has the columns of `query`, which are returned. Raises SqlError."""
        outputs = self._analyze(query).resolved_query_stmt_node.output_column_list
        table = simple_table_pb2.SimpleTableProto(name=name)
        for output in outputs:
            table.column.add(name=output.name, is_writable_column=True).type.CopyFrom(output.column.type)
        columns = [(output.name, _type_name(output.column.type)) for output in outputs]
        self._complain_of_names([column for column, _ in columns])
        _child(_child(self._catalog, project), dataset).table.append(table)
        if project == self._default_project:
            _child(self._catalog, dataset).table.append(table)
        self._is_stale = True
        self.tables[f"{dataset}.{name}"] = columns
        return columns

    def check(self, statement: str) -> Columns:
        """Analyze a statement; a query's columns are returned. Raises SqlError."""
        outputs = self._analyze(statement).resolved_query_stmt_node.output_column_list
        return [(output.name, _type_name(output.column.type)) for output in outputs]

    def accept(self, statement: str) -> None:
        """Analyze a statement of any kind. Raises SqlError."""
        # An answer is nested as deep as a sum of many columns, which is too deep to be read. It is no complaint.
        with suppress(DecodeError):
            self._analyze(statement)

    def created(self, statement: str) -> Columns:
        """The columns of the table or view that a CREATE statement makes. Raises SqlError.

        Those of partitions by the names of files come last.
        """
        node = _innermost(self._analyze(statement).resolved_create_statement_node)
        base = getattr(node, "parent", node)
        definitions = list(getattr(node, "column_definition_list", ()) or base.column_definition_list)
        if partitions := getattr(node, "with_partition_columns", None):
            definitions += partitions.column_definition_list
        return [(definition.name, _type_name(definition.type)) for definition in definitions]

    def check_script(self, script: str) -> int:
        """Analyze each statement of a script; how many there are is returned. Raises SqlError."""
        request = local_service_pb2.AnalyzeRequest()
        request.parse_resume_location.input = script
        count = 0
        while script.encode()[request.parse_resume_location.byte_position :].strip():
            answer = self._send(request)
            request.parse_resume_location.byte_position = answer.resume_byte_position
            count += 1
        return count

    def _analyze(self, statement: str):
        resolved = self._send(local_service_pb2.AnalyzeRequest(sql_statement=statement)).resolved_statement
        if found := zone_dependent(resolved):
            raise SqlError(f"depends on the project's default time zone: {', '.join(found)}")
        return resolved

    def _send(self, request):
        """To register a catalog takes three times as long as to analyze a query: done when a new table is missed."""
        request.registered_catalog_id = self._registered
        request.options.CopyFrom(self._options)
        try:
            return self._call("Analyze", request, local_service_pb2.AnalyzeResponse)
        except SqlError:
            if not self._is_stale:
                raise
        self._call("UnregisterCatalog", local_service_pb2.UnregisterRequest(registered_id=self._registered))
        self._registered = self._register()
        self._is_stale = False
        return self._send(request)

    def _register(self) -> int:
        request = local_service_pb2.RegisterCatalogRequest(simple_catalog=self._catalog)
        return self._call("RegisterCatalog", request, local_service_pb2.RegisterResponse).registered_id

    def _call(self, function: str, request, *answer):
        try:
            return self._client.call_grpc_func(f"ZetaSqlLocalService_{function}", request, *answer)
        except ServerError as error:
            raise SqlError(error.message) from error

    @staticmethod
    def _complain_of_names(names: list[str]) -> None:
        """What a query may do and a table may not."""
        lowered = [name.lower() for name in names]
        if twice := sorted({name for name in names if lowered.count(name.lower()) > 1}):
            raise SqlError(f"Columns of one name: {', '.join(twice)}")
        if any(name.startswith("$") for name in names):
            raise SqlError(f"A column has no name: number {[name[0] for name in names].index('$') + 1}")


def _innermost(node):
    """Of a statement, which the answer wraps in a message for each class above its own."""
    while (kind := node.WhichOneof("node") if node.DESCRIPTOR.oneofs else None) is not None:
        node = getattr(node, kind)
    return node


def _child(catalog, name: str):
    return next((child for child in catalog.catalog if child.name == name), None) or catalog.catalog.add(name=name)


def _type_name(kind: type_pb2.TypeProto) -> str:
    """As BigQuery writes it."""
    if kind.type_kind == type_pb2.TYPE_ARRAY:
        return f"ARRAY<{_type_name(kind.array_type.element_type)}>"
    if kind.type_kind == type_pb2.TYPE_STRUCT:
        fields = (f"{field.field_name} {_type_name(field.field_type)}" for field in kind.struct_type.field)
        return f"STRUCT<{', '.join(fields)}>"
    return type_pb2.TypeKind.Name(kind.type_kind).removeprefix("TYPE_").replace("DOUBLE", "FLOAT64")
