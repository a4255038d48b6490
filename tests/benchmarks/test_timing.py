import json
import sys

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command_line
from benchmarks.bench import Bench
from benchmarks.compare import Comparison, Finding, hold_against
from benchmarks.growth import slopes
from benchmarks.months import months_until
from benchmarks.timing import BenchmarkError, Contender, interleave, run_once


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def saying(seconds: float) -> list[str]:
    return python(f"import json; print('working'); print(json.dumps({{'seconds': {seconds}, 'rows': 7}}))")


def test_contenders_are_run_by_turns(tmp_path):
    log = tmp_path / "log"
    contenders = [
        Contender(
            name, python(f"open({str(log)!r}, 'a').write('{name}')"), python(f"open({str(log)!r}, 'a').write('-')")
        )
        for name in "abc"
    ]
    interleave(contenders, runs=3)
    assert log.read_text() == "-a-b-c" * 3


def test_the_time_that_a_command_states_counts_and_else_that_of_its_process():
    assert run_once(Contender("says so", saying(123.5)))[0] == 123.5
    assert 0.2 <= run_once(Contender("sleeps", python("import time; time.sleep(0.2)")))[0] < 60
    assert run_once(Contender("prints", python("import time; time.sleep(0.2); print('{} done')")))[0] >= 0.2


def test_what_else_a_command_states_is_kept_run_by_run():
    (result,) = interleave([Contender("says so", saying(1.5), note="why")], runs=2)
    assert result.seconds == [1.5, 1.5]
    assert result.as_document()["runs"] == [{"rows": 7}, {"rows": 7}]
    assert result.as_document()["note"] == "why"


@pytest.mark.parametrize(
    "contender",
    [
        Contender("poor thing", python("import sys; print('first', file=sys.stderr); sys.exit('the disk is full')")),
        Contender("poor thing", python("pass"), before=python("import sys; sys.exit('the disk is full')")),
    ],
    ids=["the command", "what comes before it"],
)
def test_a_contender_that_fails_is_named_with_the_last_line_of_its_stderr(contender):
    with pytest.raises(BenchmarkError, match=r"^poor thing.* failed with exit code 1: the disk is full\. "):
        interleave([contender])


def test_a_command_that_does_not_exist_is_named():
    with pytest.raises(BenchmarkError, match=r"^poor thing cannot be started"):
        run_once(Contender("poor thing", ["/nowhere/at/all"]))


@pytest.mark.skipif(sys.platform != "linux", reason="memory of descendants is read from /proc")
@pytest.mark.parametrize("is_child", [False, True], ids=["its own", "a child's"])
def test_memory_of_a_process_and_of_its_children_is_counted(is_child):
    hold = "import time; held = bytearray(b'x') * (200 << 20); time.sleep(0.5)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {hold!r}])" if is_child else hold
    _, peak_mb, _ = run_once(Contender("holds 200 MB", python(code)))
    assert 200 <= peak_mb < 300


@pytest.mark.skipif(sys.platform != "linux", reason="memory of descendants is read from /proc")
def test_memory_of_two_children_adds_up():
    hold = "import time; held = bytearray(b'x') * (100 << 20); time.sleep(0.7)"
    start = f"subprocess.Popen([sys.executable, '-c', {hold!r}])"
    _, peak_mb, _ = run_once(
        Contender("two", python(f"import subprocess, sys; a, b = {start}, {start}; a.wait(); b.wait()"))
    )
    assert 200 <= peak_mb < 300


def test_ratios_are_of_the_runs_of_one_round():
    line = Finding("work", ours=[2.0, 30.0, 4.0], limit=[1.0, 10.0, 4.0], target=1.9)
    assert line.compared == [2.0, 3.0, 1.0]
    assert line.is_reached is False
    assert Finding("work", ours=[2.0], limit=[1.0], target=1.5, measured_in="more").is_reached is True
    assert Finding("work", ours=[2.0]).is_reached is None


def test_memory_has_a_target_of_its_own():
    assert Finding("work", [1.0], peak_mb=400, peak_target=400).as_document()["is_peak_reached"] is True
    assert Finding("work", [1.0], peak_mb=401, peak_target=400).as_document()["is_peak_reached"] is False


def test_the_slower_of_two_limits_counts():
    contenders = [Contender("a", saying(1)), Contender("b", saying(3)), Contender("ours", saying(6))]
    bench = Bench(runs=1)
    assert hold_against(bench, contenders, "work", "ours", ["a", "b"], 2.0).limit == [3.0]


def test_a_slope_is_the_power_of_the_rows():
    points = [{"axis": "rows", "dataset": "yellow", "rows": n, "seconds": n**2, "peak_mb": 7} for n in (1, 10, 100)]
    assert slopes(points)["seconds by rows"] == pytest.approx(2)
    assert slopes(points)["peak_mb by rows"] == pytest.approx(0)


def test_months_are_counted_back_over_the_turn_of_the_year():
    assert months_until("2025-02", 3) == ["2024-12", "2025-01", "2025-02"]


@pytest.fixture
def comparisons(monkeypatch):
    def run(bench):
        contenders = [Contender("limit", saying(1)), Contender("ours", saying(1.2))]
        return [hold_against(bench, contenders, "sleeping", "ours", ["limit"], 1.35)]

    def fail(bench):
        return interleave([Contender("poor thing", python("raise SystemExit('no room')"))])

    chosen = (
        Comparison("bed/one", "to sleep", run),
        Comparison("bed/two", "to fail", fail, is_default=False),
        Comparison("bed/three", "to sleep on", run, is_default=False),
    )
    monkeypatch.setattr(command_line, "COMPARISONS", chosen)
    monkeypatch.setattr(command_line, "forget_other_pipelines", lambda: None)  # this process is the tests'


def invoke(tmp_path, *arguments):
    given = [*arguments, "--json", str(tmp_path / "out.json"), "--folder", str(tmp_path / "bench"), "--runs", "2"]
    return CliRunner().invoke(command_line.app, given)


@pytest.mark.usefixtures("comparisons")
def test_the_json_holds_machine_versions_every_run_and_whether_the_target_is_reached(tmp_path):
    result = invoke(tmp_path, "--rows", "100")
    assert result.exit_code == 0, result.output
    document = json.loads((tmp_path / "out.json").read_text())
    assert {"processor", "cores", "memory_gib", "system", "file_system", "versions"} <= document["machine"].keys()
    assert document["machine"]["versions"]["pyarrow"]
    found = document["comparisons"]["bed/one"]
    assert (found["rows"], found["runs"]) == (100, 2)
    (line,) = found["lines"]
    assert line["ours"] == {"median": 1.2, "min": 1.2, "max": 1.2, "values": [1.2, 1.2]}
    assert line["compared"]["median"] == 1.2
    assert (line["target"], line["is_reached"]) == (1.35, True)
    assert line["peak_mb"] >= 0
    assert [one["name"] for one in line["contenders"]] == ["limit", "ours"]
    assert "≤ 1.35 × reached" in result.output


@pytest.mark.usefixtures("comparisons")
def test_a_comparison_that_fails_is_said_and_the_others_are_kept(tmp_path):
    assert invoke(tmp_path, "bed").exit_code == 1
    assert list(json.loads((tmp_path / "out.json").read_text())["comparisons"]) == ["bed/one", "bed/three"]


@pytest.mark.usefixtures("comparisons")
def test_the_json_keeps_what_an_earlier_command_found_on_this_machine(tmp_path):
    file = tmp_path / "out.json"
    invoke(tmp_path, "bed/one")
    invoke(tmp_path, "bed/three")
    document = json.loads(file.read_text())
    assert list(document["comparisons"]) == ["bed/one", "bed/three"]
    file.write_text(json.dumps(document | {"machine": {"processor": "another"}}))
    invoke(tmp_path, "bed/one")
    assert list(json.loads(file.read_text())["comparisons"]) == ["bed/one"]


@pytest.mark.usefixtures("comparisons")
def test_a_comparison_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    assert str(invoke(tmp_path, "beds").exception) == "There is no comparison 'beds'. Choose from bed"
