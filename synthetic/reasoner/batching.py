"""Requests of many clients, generated together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread

from synthetic.reasoner.generate import Generation, LocalReasoner

LARGEST_BATCH = 256


@dataclass(frozen=True)
class Settings:
    """What requests must have in common to be generated together; see `LocalReasoner.generate`."""

    temperature: float
    max_new_tokens: int
    budget: str | None


@dataclass(frozen=True)
class Ask:
    """One request.

    Attributes:
        prompt: its text.
        seed: of its random numbers.
        settings: how to generate.
    """

    prompt: str
    seed: int
    settings: Settings


_Waiting = tuple[Ask, Future[Generation]]


class Batcher:
    """One model's queue. What came in while a batch was generated is the next batch, so nobody waits for company.

    Args:
        load: loads the model, at the first request.
    """

    def __init__(self, load: Callable[[], LocalReasoner]) -> None:
        self._load = load
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._thread: Thread | None = None
        self._is_closed = False
        self._lock = Lock()

    def submit(self, ask: Ask) -> Future[Generation]:
        """Ask for a completion; the future holds it, or what went wrong.

        Raises:
            RuntimeError: if the queue is closed.
        """
        future: Future[Generation] = Future()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("the server is closing")
            if self._thread is None:
                self._thread = Thread(target=self._run, daemon=True)
                self._thread.start()
            self._queue.put((ask, future))
        return future

    def close(self) -> None:
        """Answer what has been asked, and end the thread."""
        with self._lock:
            self._is_closed = True
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        reasoner: LocalReasoner | None = None
        while (waiting := self._next_batch()) is not None:
            for settings in dict.fromkeys(ask.settings for ask, _ in waiting):
                alike = [(ask, future) for ask, future in waiting if ask.settings == settings]
                try:
                    reasoner = reasoner or self._load()
                    generations = reasoner.generate(
                        [ask.prompt for ask, _ in alike],
                        seeds=[ask.seed for ask, _ in alike],
                        temperature=settings.temperature,
                        max_new_tokens=settings.max_new_tokens,
                        budget=settings.budget,
                    )
                except Exception as error:
                    # Whoever asked is told; the queue lives on for others.
                    for _, future in alike:
                        future.set_exception(error)
                else:
                    for (_, future), generation in zip(alike, generations, strict=True):
                        future.set_result(generation)

    def _next_batch(self) -> list[_Waiting] | None:
        """Wait for one request and take those behind it along; None when the queue has come to its end."""
        first = self._queue.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < LARGEST_BATCH:
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:
                self._queue.put(None)  # the end, for the next call: nothing comes after it
                break
            batch.append(following)
        return batch
