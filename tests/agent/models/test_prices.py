"""What requests cost, by the model's name and the tokens they took."""

import pytest

from puntini.agent.models.prices import LONG_PRICES, PRICES, Price, Tokens, cost, price

MILLION_EACH = Tokens(input=1_000_000, output=1_000_000, cache_write=1_000_000, cache_read=1_000_000)


def test_each_kind_of_token_has_its_price() -> None:
    assert cost("claude-opus-5-5", MILLION_EACH) == pytest.approx(4 + 20 + 5 + 0.2)


@pytest.mark.parametrize("name", ["claude-haiku-4-5-20251001", "claude-haiku-4-5@20251001", "claude-haiku-4-5-latest"])
def test_a_snapshot_costs_what_its_model_costs(name: str) -> None:
    assert price(name) == PRICES["claude-haiku-4-5"]


@pytest.mark.parametrize("name", ["claude-opus-5-6", "claude-opus", "claude-opus-5-5-fast", "mine", ""])
def test_a_name_that_is_only_like_a_known_one_has_no_price(name: str) -> None:
    assert cost(name, MILLION_EACH) is None


def test_a_long_prompt_may_cost_more_answer_and_all() -> None:
    short, long = Tokens(input=100_000, output=1_000_000), Tokens(input=1, cache_read=100_000, output=1_000_000)

    assert cost("claude-haiku-5-5", short) == pytest.approx(0.01 + 0.5)
    assert cost("claude-haiku-5-5", long) == pytest.approx(0.005 + 2.5, abs=1e-5)


@pytest.mark.parametrize("each", [*PRICES.values(), *LONG_PRICES.values()])
def test_writing_to_the_cache_costs_a_quarter_more_and_reading_from_it_a_tenth_at_most(each: Price) -> None:
    assert each.cache_write == pytest.approx(1.25 * each.input)
    assert each.cache_read <= 0.1 * each.input + 1e-9
