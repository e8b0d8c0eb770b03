"""Children are kept running, given up on, and stopped; nothing survives a supervisor."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import psutil
import pytest
from app import supervise
from app.supervise import Child, Supervisor

SUPERVISOR = """
import sys
from app.supervise import Child, Supervisor
children = [Child(f"child{n}", ("/bin/sh", "-c", script), {"MARK": "set"}) for n, script in enumerate(sys.argv[1:])]
sys.exit(Supervisor(children, lambda line: print(line, flush=True)).run(lambda: None))
"""
#: A child that ends with its parent, as `relais serve` does.
ORPHAN = f"""exec {sys.executable} -c '
import os, signal, sys, time
from app.supervise import die_with_parent
if "stubborn" in sys.argv: signal.signal(signal.SIGTERM, signal.SIG_IGN)
die_with_parent()
os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND), b"%d %s\\n" % (
    os.getpid(), b"named" if "_RELAIS_PARENT_PID" in os.environ else b"clean"))
time.sleep(60)
' """
Eventually = Callable[[Callable[[], object]], None]
Runs = Callable[[int], bool]
Launch = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def launch() -> Generator[Launch, None, None]:
    """Start a supervisor of shell scripts in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*scripts: str) -> subprocess.Popen[str]:
        argv = (sys.executable, "-c", SUPERVISOR, *scripts)
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=20)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A file to which children add a line with their pid."""
    return tmp_path / "notes"


def lines(notes: Path) -> list[str]:
    return notes.read_text().splitlines() if notes.exists() else []


def noted(notes: Path) -> list[int]:
    return [int(line.split()[0]) for line in lines(notes)]


def test_a_killed_child_is_started_again(launch: Launch, notes: Path, eventually: Eventually) -> None:
    process = launch(f"echo $$ $MARK >> {notes}; exec sleep 60")
    eventually(lambda: noted(notes))
    os.kill(noted(notes)[0], signal.SIGKILL)
    eventually(lambda: len(noted(notes)) == 2)
    process.terminate()
    said, _ = process.communicate(timeout=20)
    assert said == "child0 died (SIGKILL); starting it again in 0.5 s.\n"
    assert [line.split()[1] for line in lines(notes)] == ["set", "set"]


def test_what_a_dead_child_had_started_is_ended_with_it(
    launch: Launch, notes: Path, eventually: Eventually, runs: Runs
) -> None:
    launch(f"sleep 60 & echo $! >> {notes}; echo $$ >> {notes}; wait")
    eventually(lambda: len(noted(notes)) == 2)
    grandchild, child = noted(notes)
    os.kill(child, signal.SIGKILL)
    eventually(lambda: not runs(grandchild))


def test_a_child_that_keeps_dying_is_given_up_and_the_others_are_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_DELAY_SECONDS", 0.01)
    before = children_now()
    said: list[str] = []
    children = [Child("good", ("sleep", "60"), {}), Child("bad", ("/bin/sh", "-c", "exit 3"), {})]
    supervisor = Supervisor(children, said.append)
    assert supervisor.run(lambda: None) == 1
    assert said == [
        "bad died (exit code 3); starting it again in 0.01 s.",
        "bad died (exit code 3); starting it again in 0.02 s.",
        "bad died (exit code 3); starting it again in 0.04 s.",
        "bad died (exit code 3); starting it again in 0.08 s.",
        "bad died 5 times within 60 s (exit code 3): giving up.",
    ]
    assert children_now() == before


def test_a_tick_that_fails_ends_the_children_and_is_raised() -> None:
    class Broken(Exception):
        pass

    def tick() -> None:
        raise Broken

    before = children_now()
    with pytest.raises(Broken):
        Supervisor([Child("one", ("sleep", "60"), {})], lambda _: None).run(tick)
    assert children_now() == before


def test_signal_handlers_are_as_before_after_a_run() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    asks = iter([lambda: None, lambda: os.kill(os.getpid(), signal.SIGTERM)])
    assert Supervisor([Child("one", ("sleep", "60"), {})], lambda _: None).run(lambda: next(asks)()) == 0
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)]
    assert after == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_every_child_and_is_no_failure(
    launch: Launch, notes: Path, eventually: Eventually, number: signal.Signals
) -> None:
    script = f"trap 'echo 0 asked >> {notes}; exit' TERM; echo $$ >> {notes}; while :; do sleep 0.05; done"
    process = launch(script, script)
    eventually(lambda: len(lines(notes)) == 2)
    process.send_signal(number)
    said, _ = process.communicate(timeout=20)
    assert (process.returncode, said) == (0, "")
    assert lines(notes)[2:] == ["0 asked", "0 asked"]


def test_a_hang_up_that_was_ignored_before_stays_ignored(launch: Launch, notes: Path, eventually: Eventually) -> None:
    ignored = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = launch(f"echo $$ >> {notes}; while :; do sleep 0.05; done")
    finally:
        signal.signal(signal.SIGHUP, ignored)
    eventually(lambda: len(lines(notes)) == 1)
    process.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0


def test_children_that_ignore_being_asked_are_gone_within_five_seconds(
    launch: Launch, notes: Path, eventually: Eventually, runs: Runs
) -> None:
    script = f"trap '' TERM; echo $$ >> {notes}; while :; do sleep 60; done"
    process = launch(script, script)
    eventually(lambda: len(noted(notes)) == 2)
    began = time.monotonic()
    process.terminate()
    process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert not any(map(runs, noted(notes)))


def test_a_second_ctrl_c_kills_at_once(launch: Launch, notes: Path, eventually: Eventually, runs: Runs) -> None:
    script = f"trap 'echo 0 asked >> {notes}' TERM; echo $$ >> {notes}; while :; do sleep 0.05; done"
    process = launch(script)
    eventually(lambda: len(lines(notes)) == 1)
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    eventually(lambda: len(lines(notes)) == 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert time.monotonic() - began < supervise.GRACE_SECONDS
    assert not runs(noted(notes)[0])


def test_a_child_ends_when_its_supervisor_is_killed(
    launch: Launch, notes: Path, eventually: Eventually, runs: Runs
) -> None:
    process = launch(f"{ORPHAN} {notes}", f"{ORPHAN} {notes} stubborn")
    eventually(lambda: len(lines(notes)) == 2)
    process.kill()
    process.wait()
    eventually(lambda: not any(map(runs, noted(notes))))


def test_the_variable_that_names_the_parent_is_not_passed_on(
    launch: Launch, notes: Path, eventually: Eventually
) -> None:
    launch(f"{ORPHAN} {notes}")
    eventually(lambda: lines(notes))
    assert lines(notes)[0].split()[1] == "clean"


def test_without_a_supervisor_nothing_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(supervise.PARENT_VARIABLE, raising=False)
    supervise.die_with_parent()
    assert not [thread for thread in supervise.threading.enumerate() if thread.name == "die-with-parent"]


def children_now() -> set[int]:
    """Our child processes, the dead that nobody asked about included."""
    return {child.pid for child in psutil.Process().children()}
