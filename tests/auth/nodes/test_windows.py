"""Windows that several nodes count in together: whatever is told when, nothing is lost and nothing counted twice."""

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from puntini.auth.limits import WINDOW_SECONDS, Window
from puntini.log.nodes import Count

MOST = 10
KEYS = ("ann", "bob")
steps = st.one_of(
    st.tuples(st.just("take"), st.integers(0, 1), st.sampled_from(KEYS)),
    st.tuples(st.just("tell"), st.integers(0, 1), st.none()),
    st.tuples(st.just("answer"), st.integers(0, 1), st.none()),
    st.tuples(st.just("fail"), st.integers(0, 1), st.none()),
    st.tuples(st.just("wait"), st.integers(1, 30), st.none()),
)


class Cluster:
    """Two windows, and what they have told."""

    def __init__(self) -> None:
        self.now = 6_000_000.0
        self.windows = [Window("credential", MOST, shared=True) for _ in range(2)]
        self.sums: Counter[tuple[str, int]] = Counter()
        self.taken: Counter[tuple[str, int]] = Counter()
        self.on_the_way: list[tuple[list[Count], list[Count]] | None] = [None, None]

    def take(self, node: int, key: str) -> bool:
        """A request at a node."""
        passed = self.windows[node].take(key, self.now).passed
        self.taken[key, int(self.now // WINDOW_SECONDS)] += passed
        return passed

    def tell(self, node: int) -> None:
        """A node tells what it has counted; the answer is on its way."""
        self.answer(node)
        told = self.windows[node].untold(self.now)
        for each in told:
            self.sums[each.key, each.span] += each.number
        self.on_the_way[node] = (told, [each._replace(number=self.sums[each.key, each.span]) for each in told])

    def answer(self, node: int) -> None:
        """The answer comes."""
        if answer := self.on_the_way[node]:
            self.windows[node].learn(*answer)
        self.on_the_way[node] = None

    def fail(self, node: int) -> None:
        """Nothing can be told."""
        self.answer(node)
        self.windows[node].ask_again(self.windows[node].untold(self.now))

    def share(self) -> None:
        """All tell, and hear."""
        for _ in range(2):
            for node in range(2):
                self.tell(node)
                self.answer(node)


def follow(cluster: Cluster, plan: Sequence[tuple[str, int, str | None]]) -> None:
    """Take the steps."""
    for name, number, key in plan:
        if name == "take":
            cluster.take(number, str(key))
        elif name == "wait":
            cluster.now += number
        else:
            getattr(cluster, name)(number)


@given(st.lists(steps, max_size=40))
def test_what_nodes_have_told_is_what_they_have_let_through(plan: list[tuple[str, int, str | None]]) -> None:
    cluster = Cluster()
    follow(cluster, plan)
    span = int(cluster.now // WINDOW_SECONDS)
    asked = [key for key in KEYS if any(key in window._asked for window in cluster.windows)]
    cluster.share()

    for key in asked:
        assert cluster.sums[key, span] == cluster.taken[key, span]


@given(st.lists(steps, max_size=40), st.sampled_from(KEYS))
def test_once_all_have_told_no_more_than_the_limit_passes(plan: list[tuple[str, int, str | None]], key: str) -> None:
    cluster = Cluster()
    follow(cluster, plan)
    for node in range(2):
        cluster.take(node, key)
    cluster.share()
    span = int(cluster.now // WINDOW_SECONDS)
    before = cluster.taken[key, span]

    for number in range(2 * MOST):
        cluster.take(number % 2, key)
        cluster.share()

    assert cluster.taken[key, span] <= max(before, MOST)


def test_a_clock_that_goes_back_takes_nothing_back() -> None:
    window = Window("credential", MOST, shared=True)
    for _ in range(MOST):
        assert window.take("ann", 6_000_001.0).passed
    assert not window.take("ann", 5_999_999.0).passed
