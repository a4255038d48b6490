"""Names of columns that have broken something, here or elsewhere, or might."""

# Names that the queries and tables of this project use themselves, or of which a warehouse, dlt or DuckDB has its own.
OURS = [
    "trips", "counted", "cents", "c0", "c1", "c4", "r0", "r1", "residues", "measured", "_measured", "dataset",
    "file_month", "row_number", "file", "stage", "source", "renamed", "all columns", "fold", "weight",
    "present", "plain",
]  # fmt: skip
THEIRS = [
    "_dlt_id", "_dlt_load_id", "ctid", "tableoid", "xmin", "XMAX", "oid", "rowid", "filename", "file_row_number",
    "_TABLE_SUFFIX", "_FILE_NAME", "_PARTITIONTIME", "_PARTITIONDATE", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER",
    "_CHANGE_TYPE", "__index_level_0__", "select", "order", "User", "group", "from", "null", "true", "case", "all",
    "current_date", "timestamp", "date", "int64", "rows", "unnest", "struct",
]  # fmt: skip
ODD = [
    "", " ", "_", "%", "%s", "%(a)s", "{}", "{0}", "{y}", "a.b", "a", "b.c.d", 'say "x"', "it's", "back`tick", "a;--",
    "new\nline", "tab\t", "\\", "1", "2nd stop", "-1", "1e5", "$fee", "€", "日本", "中国", "fee_日本", "fee_中国",
    "Überfee", "ﬁne", "Ж", "🚕", "x" * 63, "x" * 64, "x" * 65, "x" * 299 + "a", "x" * 299 + "b", "é" * 40, "9" * 70,
    "New Fee", "newFee", "NEW_FEE", "new-fee", "new_fee_2", "a/b", "<b>", "?", "*", "a,b", "(", ")", "@x", "#", "a=b",
    "▶", "--", "/*",
]  # fmt: skip
HOSTILE = list(dict.fromkeys([*OURS, *THEIRS, *ODD]))
