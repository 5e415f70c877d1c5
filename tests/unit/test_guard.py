# SPDX-License-Identifier: MIT
"""SIGTERM inside of a block ends the program in order; before and after, as always."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from v4l2capture.guard import ending_in_order, undisturbed


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def handler():
    return signal.getsignal(signal.SIGTERM)


def mine(_number, _frame):
    """A handler of the program."""


@pytest.fixture(autouse=True)
def default():
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGTERM, before)


def test_signal_raises_inside_and_the_handler_is_as_before():
    done = []

    def work():
        try:
            terminate()
        finally:
            terminate()  # a second one does not stop it
            done.append("put back")

    with pytest.raises(SystemExit) as caught, ending_in_order():
        work()

    assert caught.value.code == 128 + signal.SIGTERM
    assert done == ["put back"]
    assert handler() is signal.SIG_DFL


def test_blocks_may_begin_before_others_end():
    first, second = ending_in_order(), ending_in_order()
    first.__enter__()
    second.__enter__()

    first.__exit__(None, None, None)
    with pytest.raises(SystemExit):
        terminate()
    second.__exit__(None, None, None)

    assert handler() is signal.SIG_DFL


def test_handler_of_the_program_stays():
    signal.signal(signal.SIGTERM, mine)

    with ending_in_order():
        assert handler() is mine

    assert handler() is mine


def test_handler_that_the_program_sets_inside_stays():
    with ending_in_order():
        signal.signal(signal.SIGTERM, mine)

    assert handler() is mine


def end_elsewhere():
    block = ending_in_order()
    block.__enter__()
    thread = threading.Thread(target=block.__exit__, args=(None, None, None))
    thread.start()
    thread.join()


def test_block_may_end_in_another_thread():
    end_elsewhere()

    with ending_in_order():
        pass

    assert handler() is signal.SIG_DFL


PROGRAM = """
import threading
from v4l2capture.guard import ending_in_order

block = ending_in_order()
block.__enter__()
thread = threading.Thread(target=block.__exit__, args=(None, None, None))
thread.start()
thread.join()
print("ready", flush=True)
threading.Event().wait(10)
"""


def test_signal_ends_the_program_as_always_after_that():
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    assert program.stdout.readline() == "ready\n"

    os.kill(program.pid, signal.SIGTERM)
    program.communicate(timeout=10)

    assert program.returncode == -signal.SIGTERM


def test_child_has_nothing_to_put_back():
    with ending_in_order():
        child = os.fork()
        if child == 0:
            try:
                terminate()
            finally:
                os._exit(1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGTERM


# ---- what is not to be disturbed ----


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("come", "error"), [(interrupt, KeyboardInterrupt), (terminate, SystemExit)]
)
def test_signal_waits_until_it_is_done(come, error):
    done = []

    def work():
        with undisturbed():
            come()
            done.append("put back")

    with ending_in_order(), pytest.raises(error):
        work()

    assert done == ["put back"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert handler() is signal.SIG_DFL


def test_second_signal_does_not_wait():
    done = []

    def work():
        with undisturbed():
            interrupt()
            done.append("first")
            interrupt()
            done.append("second")

    with pytest.raises(KeyboardInterrupt):
        work()

    assert done == ["first"]


def test_signal_waits_for_the_outermost():
    done = []

    def work():
        with undisturbed():
            with undisturbed():
                interrupt()
            done.append("put back")

    with pytest.raises(KeyboardInterrupt):
        work()

    assert done == ["put back"]


def test_signal_that_the_program_answers_is_answered_at_once():
    heard = []
    signal.signal(signal.SIGTERM, lambda *_: heard.append("SIGTERM"))

    with undisturbed():
        terminate()
        assert heard == ["SIGTERM"]


def test_error_of_its_own_is_not_hidden():
    with pytest.raises(ZeroDivisionError), undisturbed():
        1 / 0  # noqa: B018
