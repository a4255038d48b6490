"""The mutants: one edit each, and the tests that are expected to notice it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    """`old`, which occurs in `file` once, becomes `new`. `excuse` says why a survivor is none to worry about."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    excuse: str = ""


_T, _I = "tests/orchestration/test_", "tests/ingest/test_"
RECONCILE = (f"{_T}reconcile.py",)
BUILDS = (f"{_T}builds.py",)
KEEPING, LEAVING = (f"{_T}keeping.py",), (f"{_T}leaving_postgres.py",)
_SUSPECT = f"{_T}suspect_months.py"
SUSPICION = (f"{_SUSPECT}::test_an_edition_with_less_than_half_of_the_rows_of_the_last_is_suspicious",
             f"{_SUSPECT}::test_a_month_with_more_than_half_of_its_rows_rejected_is_suspicious")  # fmt: skip
PLAN = (f"{_T}plan.py", f"{_SUSPECT}::test_the_edition_that_waits_is_not_taken_up_again_until_it_is_accepted")
LEASE, CLAIMS = (f"{_T}lease.py",), (f"{_T}claims.py",)
LEDGER = (f"{_T}transitions.py", f"{_T}events.py", f"{_T}suspicion.py", f"{_T}clock.py", f"{_T}lease.py")
CHECKSUMS = (f"{_I}checksums.py",)
FOLD = (f"{_I}fold.py",)
STORES = (f"{_I}stores.py", f"{_I}dlt_landing.py")
RETRY = (f"{_I}retry.py",)
CATALOG, LINEAGE = ("tests/page/test_catalog.py",), ("tests/page/test_lineage_page.py",)
MODEL, QUALITY = ("tests/page/test_model_page.py",), ("tests/page/test_quality_page.py",)
ALERTS = (f"{_T}alerts.py", f"{_T}alert_conditions.py", f"{_T}calendar.py")

_DIFF, _LAKE, _PG = "orchestration/run/differences.py", "ingest/lake.py", "ingest/postgres.py"
_MEASURE = "orchestration/run/measure.py"
_TABLE, _LEASE, _MONTHS = (f"orchestration/ledger/{name}.py" for name in ("transitions", "lease", "months"))
_HOLDERS, _CLAIMS = (f"orchestration/ledger/{name}.py" for name in ("holders", "claims"))
_PLAN, _BUILDS, _DECIDE, _WANTED = (f"orchestration/plan/{name}.py" for name in ("plan", "builds", "months", "wanted"))

_HOMES, _RECORDS = "orchestration/plan/homes.py", "orchestration/ledger/records.py"

EDITS = (
    # Months that Postgres does not keep
    Edit("months without Postgres are built on BigQuery without tests", _HOMES,
         "return self._will_be_in_postgres(key) and not has_left", "return True", KEEPING),
    Edit("months leave Postgres that are not done", _RECORDS,
         "return is_done or (self.rows is None and not self.stores_differ)", "return True", LEAVING),
    # Reconciliation
    Edit("accepted + rejected are not compared with raw", _DIFF,
         'found.append(_compare(raw, stages[raw], f"{warehouse} accepted + rejected", both))', "pass", RECONCILE),
    Edit("rejected rows are not counted", _DIFF, "accepted.rows + rejected.rows", "accepted.rows", RECONCILE),
    Edit("rejected cents are not counted", _DIFF, "accepted.cents + rejected.cents", "accepted.cents", RECONCILE),
    Edit("marts are not compared across warehouses", _DIFF,
         "found.append(_compare(left, measure, right, stages[right], by_column=True))", "pass", RECONCILE),
    Edit("accepted + rejected of a month without Postgres are not compared with raw", _DIFF,
         'if is_in_postgres else ("bigquery",)', "if is_in_postgres else ()", RECONCILE),
    Edit("the lake is not compared", _DIFF, "for name in RAW_STAGES[1:]", "for name in RAW_STAGES[3:]", RECONCILE),
    Edit("BigQuery's raw rows are not compared", _DIFF, "for name in RAW_STAGES[1:]",
         "for name in RAW_STAGES[1:3]", RECONCILE),
    Edit("raw columns are not compared", _DIFF,
         '_compare("file", stages["file"], name, stages[name], by_column=True)',
         '_compare("file", stages["file"], name, stages[name])', RECONCILE),
    Edit("a difference of columns alone is none", _DIFF,
         "if (one.rows, one.cents) == (other.rows, other.cents) and not columns:",
         "if (one.rows, one.cents) == (other.rows, other.cents):", RECONCILE),
    Edit("cents are not compared", _DIFF,
         "if (one.rows, one.cents) == (other.rows, other.cents) and not columns:",
         "if one.rows == other.rows and not columns:", RECONCILE),
    Edit("a difference has no size", _DIFF, "return (abs(self.rows) + abs(self.cents)) or 1",
         "return abs(self.rows) + abs(self.cents)", RECONCILE),
    Edit("differences cancel each other", _DIFF, "abs(self.rows) + abs(self.cents)",
         "abs(self.rows + self.cents)", RECONCILE),
    Edit("zones are not compared", _MEASURE, "    if here != there:", "    if False:", RECONCILE),
    Edit("raw folds are not compared", _MEASURE, "            if stage.measure == expected:", "            if True:",
         (f"{_T}line.py::test_a_run_with_a_difference_fails_and_says_where",)),
    Edit("a month with differences is done", "orchestration/run/reconcile.py", "        if differences:",
         "        if False:", (f"{_T}line.py::test_a_run_with_a_difference_fails_and_says_where",)),
    # Checksums
    Edit("columns of one side alone do not differ", "ingest/measure.py",
         "sorted({*self.columns, *other.columns} - {FOLD})",
         "sorted({*self.columns} & {*other.columns} - {FOLD})", (*CHECKSUMS, *RECONCILE)),
    Edit("rows are not weighted", "ingest/checksums.py", "weighted += int(_residues(weight * residues).sum())",
         "weighted += int(residues.sum())", CHECKSUMS),
    Edit("weights of nulls are not left out", "ingest/checksums.py",
         "weights if not array.null_count else weights[pc.is_valid(array).to_numpy(zero_copy_only=False)]",
         "weights[: present]", CHECKSUMS),
    Edit("values are not counted", "ingest/checksums.py", "                count += present\n", "", CHECKSUMS),
    Edit("cents are cut off, not rounded", "ingest/checksums.py", "np.floor(held * scale + 0.5)",
         "np.floor(held * scale)", CHECKSUMS),
    Edit("a text counts by its length", "ingest/checksums.py",
         "int(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()[:7], 16)", "len(text)", CHECKSUMS),
    Edit("SQL weighs no row", "orchestration/run/checksum_sql.py",
         'weighted = dialect.mod.format(f"({row_number} * {name})", PRIME) if row_number else "0"',
         'weighted = name if row_number else "0"', CHECKSUMS),
    Edit("folds weigh no row", "orchestration/run/fold_sql.py", "f'{weight} * fold'", "'fold'", FOLD),
    Edit("folds take a null for a 0", "orchestration/run/fold_sql.py",
         "    summand = 0 if table.is_raw else present\n", "    summand = 0\n", FOLD),
    Edit("all columns have one coefficient", "ingest/fold.py", "hashlib.sha256(column.encode())",
         "hashlib.sha256(b'')", FOLD),
    Edit("a file's fold leaves out how many values", "ingest/fold.py", " + of_presence * count", "", FOLD),
    # The swap of a month
    Edit("the old partition stays beside", _PG,
         'connection.execute(sql.SQL("drop table {partition}").format(**names))', "pass", STORES),
    Edit("a broken landing's table is in the way", _PG, '"drop table if exists {fresh}",', "", STORES),
    Edit("types are not checked before binary COPY", _PG, "            _check_types(connection, dataset, layout)\n", "",
         (*STORES, f"{_I}widening.py")),
    Edit("the fence is not held at the swap", _PG, "            fence.hold(connection)\n", "", (*STORES, *LEASE)),
    Edit("an unknown commit is an ordinary error", _PG, "raise UnknownOutcomeError(\n", "raise StoreError(\n", STORES),
    Edit("an upload replaces whatever is there", _LAKE, "if_generation_match=before,", "", STORES),
    Edit("what the server says it keeps is not looked at", _LAKE, "    if blob.crc32c != checksum:", "    if False:",
         STORES),
    Edit("the old object counts as arrived if it is the same", _LAKE, "        and found.generation != before\n", "",
         STORES, excuse="it holds byte for byte what was sent"),
    Edit("another's object counts as arrived", _LAKE,
         "and (found.crc32c, found.metadata or {}) == (checksum, metadata)", "", STORES),
    Edit("the last row group is lost", _LAKE, "    if gathered:\n        yield pa.Table.from_batches(gathered)", "",
         STORES),
    Edit("the lake's fence is not asked", _LAKE, "    fence.check()\n", "", (*STORES, *LEASE)),
    # Retrying
    Edit("tries never end", "ingest/retry.py", "failures >= self._most_tries(transient, here) or ", "", RETRY),
    Edit("one try too few", "ingest/retry.py", "failures >= self._most_tries(transient, here)",
         "failures + 1 >= self._most_tries(transient, here)", RETRY),
    Edit("progress does not reset the count", "ingest/retry.py",
         "furthest, since, failures, asked = here, now, 1, 0.0", "furthest, since = here, now", RETRY),
    Edit("a server's pause is not respected", "ingest/retry.py",
         "return max(backoff * random.uniform(0.5, 1.0), retry_after)", "return backoff * random.uniform(0.5, 1.0)",
         RETRY),
    Edit("a server may ask for pauses without end", "ingest/retry.py", " or asked > self.longest_pause", "", RETRY),
    Edit("any trickle is progress", "ingest/retry.py", "furthest + self.minimum_rate * (now - since)", "furthest",
         RETRY),
    Edit("nobody answering is tried as often as an error", "ingest/retry.py",
         "is_hopeless = transient.no_answer and not here", "is_hopeless = False", RETRY),
    # States, ledger, lease
    Edit("a failed month can be reconciled", _TABLE, "Event.RECONCILED: {_H: _D, _D: _D}",
         "Event.RECONCILED: {_H: _D, _D: _D, _F: _D}", LEDGER),
    Edit("a month that landed is done", _TABLE, "Event.LANDED: {_L: _H}", "Event.LANDED: {_L: _D}", LEDGER),
    Edit("new tables leave a month done", _TABLE, "Event.TABLES_CHANGED: {_L: _L, _H: _H, _D: _H,",
         "Event.TABLES_CHANGED: {_L: _L, _H: _H, _D: _D,", LEDGER),
    Edit("a landing that began leaves the stores equal", _MONTHS, "stores_differ=True, error=None", "error=None",
         LEDGER),
    Edit("a change of state is not told", _MONTHS, "        if after is not state:\n", "        if False:\n", LEDGER),
    Edit("a suspect month stays so by new rules", _MONTHS,
         "            if key[1] in months and record.is_suspect_as_held:", "            if False:", LEDGER),
    Edit("a change is not numbered", _MONTHS,
         'f" on conflict (service_type, file_month) do update set {updates}, updated_at = now(),"\n'
         "                \" change_number = nextval('taxi_ledger.changes')\",",
         'f" on conflict (service_type, file_month) do update set {updates}, updated_at = now()",', LEDGER),
    Edit("the latest measure is the first", "orchestration/ledger/stages.py", "order by stage, run_number desc",
         "order by stage, run_number", LEDGER),
    Edit("writes do not hold the lease", "orchestration/ledger/session.py",
         "                    self.lease.hold(self.connection)\n", "                    pass\n", LEDGER),
    Edit("a living holder is succeeded", _HOLDERS, "holder.is_gone or _is_silent(connection, holder)", "True", LEASE),
    Edit("an expired lease is waited for", _HOLDERS, "holder.is_expired or holder.is_gone or _is_silent",
         "holder.is_gone or _is_silent", LEASE),
    Edit("two may take the lease at once", _LEASE,
         "clock_timestamp() where epoch = %s and renewed_at = %s returning epoch",
         "clock_timestamp() where scope = 'line' and (%s, %s) is not null returning epoch", LEASE),
    Edit("a holder that cannot renew goes on", _LEASE, "if not self._loss and self.deadline.has_passed():", "if False:",
         LEASE),
    Edit("sessions of a killed run go on", _HOLDERS,
         '"select pg_terminate_backend(pid) from pg_stat_activity"', '"select pid from pg_stat_activity"', LEASE),
    # Claims
    Edit("the run of a living lander is interrupted", "orchestration/ledger/runs.py",
         "and run_id not in (select run_id from taxi_ledger.lease where not is_free)", "", CLAIMS),
    Edit("a month that another process claimed can be claimed again", _CLAIMS,
         " where coalesce(claims.epoch, whole.epoch) <> %(epoch)s", " where false and %(epoch)s > 0", CLAIMS),
    Edit("months of a dead lander stay its own", _CLAIMS, "if not any(self._end_if_dead(epoch)",
         "if True or not any(self._end_if_dead(epoch)", CLAIMS),
    Edit("a month of a data set that is claimed goes to another", _CLAIMS,
         "whole.service_type = wanted.service_type and", "whole.service_type = '' and", CLAIMS),
    Edit("two shares have a month", "orchestration/plan/shares.py", "place % self.count == self.index",
         "place % self.count <= self.index", (f"{_T}shares.py",)),
    # The plan
    Edit("a changed file is not landed", _DECIDE, "if not stat.is_of(record.source_etag, record.source_length):",
         "if False:", PLAN),
    Edit("changed columns are not landed", _DECIDE, "    if record.declared != declared_fingerprint(dataset):",
         "    if False:", PLAN),
    Edit("a month of other stores is done", _DECIDE, "    if record.stores != stores:", "    if False:", PLAN),
    Edit("a suspect month does not wait", _DECIDE, "if is_suspect and is_declared and not is_accepted:", "if False:",
         PLAN),
    Edit("a month that is gone is an error", _DECIDE, "decided if request.months else replace(",
         "decided if True else replace(", PLAN),
    Edit("data sets that were not chosen are wanted", _WANTED, "if DATASETS[record.dataset] in request.datasets]", "]",
         PLAN),
    Edit("a backfill that broke off is forgotten", _WANTED, "[*listing.newest, *begun, *newer, *request.also]",
         "[*listing.newest, *newer, *request.also]", PLAN),
    Edit("a lost table is not missed", _BUILDS, "not warehouse.relations <= warehouse.existing", "False", BUILDS),
    Edit("an edited project is not noticed", _BUILDS, "    if built == project:", "    if built:", BUILDS),
    Edit("changed settings build what changed alone", _BUILDS,
         "if (built.settings, built.selected) != (project.settings, project.selected):", "if False:", BUILDS),
    Edit("another build's manifest is compared with", _BUILDS, "if warehouse.manifest_of != built:", "if False:",
         BUILDS),
    Edit("doubtful months are built with others", _BUILDS, "if month not in doubtful]", "]", BUILDS),
    Edit("done months are not brought up to a project", _PLAN,
         "others = sorted({month for _, month in held} - set(new) - half)", "others = []", BUILDS),
    Edit("months in two editions are rebuilt", "orchestration/ledger/records.py",
         "return self.stores == stores and not self.stores_differ", "return self.stores == stores", BUILDS),
    Edit("later batches make all models again", _PLAN,
         "rebuilds, is_due = {name: one for name, one in rebuilds.items() if name not in built}, False",
         "is_due = False", BUILDS),
    Edit("a copy of the ledger that is older is not made again", _PLAN,
         "if publish is None and not snapshot.is_published:", "if False:", BUILDS),
    Edit("failed months are reconciled", _PLAN, '(record.state in ("landed", "done") or record.is_suspect_as_held)',
         "True", BUILDS),
    # Suspicion
    Edit("an edition without rows is taken", "orchestration/plan/suspicion.py",
         "if not before or (rows and (before < FEWEST_ROWS or rows >= before * SMALLEST_SHARE)):",
         "if not before or before < FEWEST_ROWS or rows >= 0:", SUSPICION),
    Edit("half of the rows rejected is too much", "orchestration/plan/suspicion.py",
         "rejected > rows * LARGEST_REJECTED_SHARE", "rejected >= rows * LARGEST_REJECTED_SHARE", SUSPICION),
    # Alerts
    Edit("a month as late as the slowest is late", "orchestration/plan/calendar.py", "days=slowest + 1",
         "days=slowest", ALERTS),
    Edit("few published months say when one is due", "orchestration/plan/calendar.py", "if len(lags) < FEWEST:",
         "if not lags:", ALERTS),
    Edit("a month that is published again moves its date", "orchestration/ledger/calendar.py",
         "least(known.published_at, excluded.published_at)", "excluded.published_at", ALERTS),
    Edit("processes that look at once all send", "orchestration/ledger/alerts.py",
         "coalesce(claimed_until < clock_timestamp(), true)", "true", ALERTS),
    Edit("a month that is tried again is over", "orchestration/alerts/conditions.py",
         "if one.state in (State.LANDING, State.LANDED)", "if False", ALERTS),
    Edit("an address hears twice what another refused", "orchestration/alerts/watch.py",
         "if address.hash not in one.delivered_to", "if True", ALERTS),
    # Lineage
    Edit("months that fail together are blamed together", "orchestration/catalog/results.py",
         "(failed and len(months) > 1)", "False", CATALOG),
    Edit("an older result replaces a newer one", "orchestration/catalog/results.py",
         "(key not in before or one.at >= before[key].at)", "True", CATALOG),
    Edit("a mended month forgets that it failed", "orchestration/catalog/results.py",
         "dict.fromkeys(known.failed, known.at) if known else {}", "{}", CATALOG),
    Edit("an old catalog is as good as a new one", "orchestration/page/catalog.py",
         "graph is None or _is_older(graph, newest)", "graph is None", CATALOG),
    Edit("a later month hides the one that fails", "orchestration/page/facts/nodes.py",
         'is_failing = key.split(".")[2] in failing', "is_failing = False", LINEAGE),
    Edit("a failed build counts as a build", "orchestration/page/facts/nodes.py",
         "if one.outcome != FAILED}", "}", LINEAGE),
    Edit("rows are read of all months", "orchestration/page/facts/rows.py",
         'if field and month else ""', 'if False else ""', MODEL),
    Edit("a visitor can have BigQuery asked", "orchestration/page/app.py",
         'values.get(ROWS.name) == "bigquery"', "False", MODEL),
    Edit("a first month drifts", "orchestration/page/facts/drift.py",
         "if before:\n                what +=", "if True:\n                what +=", QUALITY),
    Edit("the worst of both warehouses is lost", "orchestration/page/facts/quality.py",
         "max(state, of_it.get(month, PASSES), key=_WORST.index)", "state", QUALITY),
)  # fmt: skip
