"""One plan for all values is used where it is measured to be faster, and given up when it turns out bad."""

from app.gateway.plan_choice import PlanChoice


def run(choice: PlanChoice, times: int, *, custom: float, generic: float) -> list[bool]:
    """So many executions, each as the choice has it; what it had."""
    had: list[bool] = []
    for _ in range(times):
        had.append(choice.generic)
        choice.took(generic if choice.generic else custom, generic=choice.generic)
    return had


def test_it_begins_with_planning_each_time() -> None:
    assert run(PlanChoice(), 12, custom=0.002, generic=0.001) == [False] * 12


def test_a_common_plan_that_is_faster_is_kept() -> None:
    choice = PlanChoice()
    run(choice, 24, custom=0.002, generic=0.001)
    assert all(run(choice, 5_000, custom=0.002, generic=0.001))


def test_one_that_is_hardly_faster_is_not_worth_it() -> None:
    choice = PlanChoice()
    run(choice, 24, custom=0.001, generic=0.0009)
    assert not any(run(choice, 5_000, custom=0.001, generic=0.0009))


def test_bad_luck_once_in_a_while_changes_nothing() -> None:
    choice = PlanChoice()
    run(choice, 24, custom=0.002, generic=0.001)
    for _ in range(20):
        run(choice, 1, custom=0.002, generic=0.5)
        assert all(run(choice, 120, custom=0.002, generic=0.001))


def test_a_plan_that_is_bad_for_some_values_is_given_up_for_a_while() -> None:
    choice = PlanChoice()
    run(choice, 24, custom=0.002, generic=0.001)
    run(choice, 3, custom=0.002, generic=0.5)
    assert not any(run(choice, 1_000, custom=0.002, generic=0.001))
    run(choice, 24, custom=0.002, generic=0.001)
    assert choice.generic


def test_a_slow_moment_during_the_trial_does_not_decide() -> None:
    choice = PlanChoice()
    run(choice, 12, custom=0.002, generic=0)
    for seconds in (0.9, 0.001, 0.001, 0.8, 0.001, 0.001, 0.001, 0.7, 0.001, 0.001, 0.001, 0.001):
        choice.took(seconds, generic=True)
    assert choice.generic
