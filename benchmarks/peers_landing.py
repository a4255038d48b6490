"""A month's landing, against how people load the same file today: each peer and ours by turns, on the same servers."""

from benchmarks.bench import Bench, contender
from benchmarks.compare import Line, hold_against
from benchmarks.peers.contestants import CONTESTANTS, Contestant
from benchmarks.peers.environments import python_of
from benchmarks.runs import server_environment
from benchmarks.timing import Contender

AHEAD = 1.0  # ours takes no longer
TITLES = {"postgres": "Postgres", "lake": "the lake"}


def landing_of_peers(bench: Bench) -> list[Line]:
    """Each peer's load of the month, or of a smaller one where the month would take it minutes.

    All of them replace a whole table or folder, none a month of it, and none keeps declared types or checks what it
    wrote: what each leaves out is `note` in the JSON.
    """
    for one in CONTESTANTS:
        bench.say(f"{one.name} {one.version}: installed in {python_of(one.peer).parent.parent}")
    with bench.servers() as environment:
        environment = {**environment, **server_environment(environment)}
        return [_line(bench, one, store, environment) for one in CONTESTANTS for store in one.stores]


def _line(bench: Bench, one: Contestant, store: str, environment: dict[str, str]) -> Line:
    rows = one.rows_asked(bench.rows)
    file = bench.month(rows=rows)
    ours = contender("landing_ours", store, file)
    contenders = [
        Contender("ours", ours, contender("landing_ours", store, file, "--prepare"), environment=environment),
        Contender(one.name, one.command(file, store), note=one.note, environment=environment),
    ]
    work = f"{TITLES[store]}, {rows / 1e6:g} M rows, against {one.name} {one.version}"
    line = hold_against(bench, contenders, work, "ours", [one.name], AHEAD, rows=rows)
    line.facts |= {"rows": rows, "leaves_out": one.note}
    return line
