"""Readers together, writers alone."""

from __future__ import annotations

import threading
import time

from matching.locking import ReadWriteLock

WAIT_SECONDS = 10.0


def test_readers_run_together() -> None:
    lock, both = ReadWriteLock(), threading.Barrier(2, timeout=WAIT_SECONDS)

    def read() -> None:
        with lock.reading():
            both.wait()

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert not both.broken


def test_a_writer_is_alone() -> None:
    lock, inside, most = ReadWriteLock(), [0], [0]

    def work(number: int) -> None:
        for _ in range(50):
            with lock.writing():
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0)
                inside[0] -= 1
            with lock.reading():
                assert inside[0] == 0

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_SECONDS)
    assert most == [1]


def test_a_waiting_writer_goes_before_new_readers() -> None:
    lock, order = ReadWriteLock(), []
    holding, release = threading.Event(), threading.Event()

    def hold() -> None:
        with lock.reading():
            holding.set()
            release.wait(WAIT_SECONDS)

    def write() -> None:
        with lock.writing():
            order.append("writer")

    def read() -> None:
        with lock.reading():
            order.append("reader")

    holder, writer, reader = (threading.Thread(target=one) for one in (hold, write, read))
    holder.start()
    assert holding.wait(WAIT_SECONDS)
    writer.start()
    while not lock._writers_waiting:
        time.sleep(0.001)
    reader.start()
    time.sleep(0.05)
    assert order == []
    release.set()
    for thread in (holder, writer, reader):
        thread.join(WAIT_SECONDS)
    assert order == ["writer", "reader"]


def test_an_exception_gives_the_lock_back() -> None:
    lock = ReadWriteLock()
    for hold in (lock.writing, lock.reading):
        try:
            with hold():
                raise ValueError("inside")
        except ValueError:
            pass
    with lock.writing():
        pass
