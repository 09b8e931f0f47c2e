"""What the process counts: plain numbers, added to where things happen and read when somebody measures.

One for the process, like its memory and its open files. Adding is a few hundred nanoseconds at most, and nothing here
knows who reads it: see ``puntini.metrics``.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from functools import partial

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Bounds, in seconds, for what usually takes milliseconds."""
SLOW = (0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Bounds for what a model takes."""


class Durations:
    """How long something took, each time, in buckets. The last bucket is for what is beyond all bounds."""

    __slots__ = ("bounds", "buckets", "seconds")

    def __init__(self, bounds: tuple[float, ...] = FAST) -> None:
        self.bounds = bounds
        self.buckets = [0] * (len(bounds) + 1)
        self.seconds = 0.0

    def add(self, seconds: float, times: int = 1) -> None:
        """Something took so long, so many times."""
        self.buckets[bisect_left(self.bounds, seconds)] += times
        self.seconds += seconds * times


class Figures:
    """All that is counted beside what the parts count themselves (their ``stats``)."""

    def __init__(self) -> None:
        self.appends = Durations()
        """From handing in an append to its answer."""
        self.commits = Durations()
        """Transactions that write events."""
        self.deliveries = Durations()
        """From an event's being shown by the log to its being written to a live stream; a sample."""
        self.requests: Counter[tuple[str, str, int]] = Counter()
        """Answers by resource, method and status."""
        self.request_seconds: defaultdict[str, Durations] = defaultdict(Durations)
        """By resource, from a request's beginning to its answer's."""
        self.limits: Counter[str] = Counter()
        """Refusals because there were too many of something, by which limit it was."""
        self.tasks_ended: Counter[str] = Counter()
        """By status."""
        self.leases_lost = 0
        """Tasks that this node ran, and that another took over: its lease was not renewed in time."""
        self.leases_taken = 0
        """Tasks that this node took over from one that did not renew its lease."""
        self.model_requests: Counter[tuple[str, str]] = Counter()
        """By model and outcome."""
        self.model_tokens: Counter[tuple[str, str]] = Counter()
        """By model and direction."""
        self.model_dollars: defaultdict[str, float] = defaultdict(float)
        """By model, where the price is known."""
        self.model_seconds: defaultdict[str, Durations] = defaultdict(partial(Durations, SLOW))
        """By model, for whole answers."""


figures = Figures()
