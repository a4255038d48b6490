"""Puts a block of trips into the column names and physical types of its month."""

import re
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from synthetic.layouts import Layout
from synthetic.taxi import Block, Part, Words

# Names of 2009-2010 whose key is not their lower case
_OLD_NAMES = {
    "vendor_name": "vendorid",
    "vendor_id": "vendorid",
    "Start_Lon": "pickup_longitude",
    "Start_Lat": "pickup_latitude",
    "End_Lon": "dropoff_longitude",
    "End_Lat": "dropoff_latitude",
    "Rate_Code": "ratecodeid",
    "rate_code": "ratecodeid",
    "store_and_forward": "store_and_fwd_flag",
    "Fare_Amt": "fare_amount",
    "surcharge": "extra",
    "Tip_Amt": "tip_amount",
    "Tolls_Amt": "tolls_amount",
    "Total_Amt": "total_amount",
}
_VENDORS = ("CMT", "VTS", "DDS")
_PAYMENTS = {
    2009: (("Credit", "Cash", "No Charge", "Dispute"), ("Credit", "CASH", "No Charge", "Dispute"), ("CREDIT", "CASH")),
    2010: (("Cre", "Cas", "No ", "Dis"), ("CRE", "CAS", "NOC", "DIS"), ("CRE", "CAS")),
}
"""Words for payment types 1 to 4, by vendor; DDS knows two."""


def key_of(name: str) -> str:
    """The key in a block of a column of TLC's."""
    name = _OLD_NAMES.get(name, name.lower())
    return re.sub(r"^(tpep_|lpep_|trip_(?=pickup|dropoff))", "", name)


def dress(part: Part, block: Block, layout: Layout) -> pa.RecordBatch:
    """The block as a record batch of the layout. Raises KeyError for a column that the block does not know."""
    if part.month < date(2011, 1, 1):
        block = block | _in_old_words(part, block)
    arrays = [_array(block, part, key_of(name), type_) for name, type_ in layout]
    return pa.record_batch(arrays, schema=pa.schema(list(layout)))


def _array(block: Block, part: Part, key: str, type_: pa.DataType) -> pa.Array:
    if pa.types.is_null(type_):
        return pa.nulls(part.rows)
    if key == "__index_level_0__":
        return pa.array(np.arange(part.first, part.first + part.rows), type_)
    values = block[key]
    if isinstance(values, Words):
        indices = pa.array(values.codes, mask=values.codes < 0)
        return pa.array(values.words, type_).take(indices)
    if key.endswith("_datetime"):
        times = _times(values)
        return times if pa.types.is_timestamp(type_) else pc.cast(pc.cast(times, pa.timestamp("s")), type_)
    if values.dtype.kind == "f":
        return pa.array(values, from_pandas=True).cast(type_)  # NaN is null
    return pa.array(values).cast(type_)


def _times(values: np.ndarray) -> pa.Array:
    nulls = np.isnan(values) if values.dtype.kind == "f" else None
    whole = values if nulls is None else np.nan_to_num(values).astype(np.int64)
    return pa.array(whole * 1_000_000, pa.int64(), mask=nulls).view(pa.timestamp("us"))


def _in_old_words(part: Part, block: Block) -> Block:
    """2009-2010: vendors and payments are words, rate codes and flags mostly not there."""
    nothing = np.full(part.rows, np.nan)
    vendor = block["vendorid"] - 1
    by_vendor = _PAYMENTS[part.month.year]
    words = tuple(word for spelling in by_vendor for word in spelling)
    payment = block["payment_type"].astype(int) - 1
    payment = np.where(vendor == 2, np.minimum(payment, 1), payment) + vendor * 4
    old: Block = {"vendorid": Words(vendor, _VENDORS), "payment_type": Words(payment, words)}
    if part.month.year == 2009:
        before_tax = part.month < date(2009, 11, 1)
        old |= {"ratecodeid": nothing, "store_and_fwd_flag": nothing}
        old["mta_tax"] = nothing if before_tax else block["mta_tax"]
    else:
        flags = np.where(vendor == 0, block["store_and_fwd_flag"].codes, -1)
        old["store_and_fwd_flag"] = Words(flags, ("0", "1"))
        if part.month not in (date(2010, 2, 1), date(2010, 3, 1)):
            rates = block["ratecodeid"].astype(int) - 1
            old["ratecodeid"] = Words(rates, tuple(str(rate) for rate in range(1, 7)))
    return old
