"""A month's landing, against how people load the same file today: each peer and ours by turns, on the same servers."""

from benchmarks.bench import Bench, contender
from benchmarks.compare import Finding, hold_against
from benchmarks.peers.all_peers import PEERS, Peer
from benchmarks.peers.environments import python_of
from benchmarks.runs import server_environment
from benchmarks.timing import Contender

AHEAD = 1.0  # ours takes no longer
TITLES = {"postgres": "Postgres", "lake": "the lake"}


def landing_of_peers(bench: Bench) -> list[Finding]:
    """Each peer's load of the month, or of a smaller one where the month would take it minutes.

    All of them replace a whole table or folder, none a month of it, and none keeps declared types or checks what it
    wrote: what each leaves out is in the JSON and in the table.
    """
    for peer in PEERS:
        bench.say(f"{peer.name} {peer.version}: installed in {python_of(peer.key).parent.parent}")
    with bench.servers() as environment:
        environment = {**environment, **server_environment(environment)}
        return [_line(bench, peer, store, environment) for peer in PEERS for store in peer.leaves_out]


def _line(bench: Bench, peer: Peer, store: str, environment: dict[str, str]) -> Finding:
    rows = peer.rows_asked(bench.rows)
    file = bench.month(rows=rows)
    ours = contender("landing_ours", store, file)
    contenders = [
        Contender("ours", ours, contender("landing_ours", store, file, "--prepare"), environment=environment),
        Contender(peer.name, peer.command(file, store), environment=environment),
    ]
    work = f"{TITLES[store]}, {rows / 1e6:g} M rows, against {peer.name} {peer.version}"
    line = hold_against(bench, contenders, work, "ours", [peer.name], AHEAD, rows=rows)
    line.facts |= {"rows": rows, "leaves_out": peer.leaves_out[store], "why_faster": peer.why_faster}
    return line
