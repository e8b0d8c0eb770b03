"""One plan for all values is used where it is measured to be faster, and given up when it turns out bad."""

from app.gateway.plan_choice import PlanChoice

#: More than a trial of both takes.
TRIAL = 100


def run(choice: PlanChoice, times: int, *, custom: float, generic: float) -> list[bool]:
    """So many executions, each as the choice has it; what it had."""
    had: list[bool] = []
    for _ in range(times):
        had.append(choice.generic)
        choice.took(generic if choice.generic else custom, generic=choice.generic)
    return had


def decided(*, custom: float, generic: float) -> PlanChoice:
    choice = PlanChoice()
    run(choice, TRIAL, custom=custom, generic=generic)
    return choice


def test_it_begins_with_planning_each_time() -> None:
    assert run(PlanChoice(), 8, custom=0.002, generic=0.001) == [False] * 8


def test_both_are_tried_by_turns() -> None:
    had = run(PlanChoice(), 60, custom=0.002, generic=0.001)
    assert had[10:60].count(True) == 25


def test_a_common_plan_that_is_faster_is_kept() -> None:
    choice = decided(custom=0.002, generic=0.001)
    assert all(run(choice, 4_000, custom=0.002, generic=0.001))


def test_one_that_is_hardly_faster_is_not_worth_it() -> None:
    choice = decided(custom=0.001, generic=0.00095)
    assert not any(run(choice, 4_000, custom=0.001, generic=0.00095))


def test_the_comparison_is_made_again() -> None:
    choice = decided(custom=0.001, generic=0.001)
    run(choice, 5_000, custom=0.002, generic=0.001)
    run(choice, TRIAL, custom=0.002, generic=0.001)
    assert choice.generic


def test_a_busy_machine_does_not_hide_which_one_is_faster() -> None:
    choice = PlanChoice()
    for number in range(TRIAL):
        waited = 0.001 * (number * 7 % 20)
        choice.took(waited + (0.001 if choice.generic else 0.0017), generic=choice.generic)
    assert choice.generic


def test_bad_luck_once_in_a_while_changes_nothing() -> None:
    choice = decided(custom=0.002, generic=0.001)
    for _ in range(20):
        run(choice, 1, custom=0.002, generic=0.5)
        assert all(run(choice, 120, custom=0.002, generic=0.001))


def test_a_plan_that_is_bad_for_some_values_is_given_up_for_a_while() -> None:
    choice = decided(custom=0.002, generic=0.001)
    run(choice, 3, custom=0.002, generic=0.5)
    assert not any(run(choice, 1_000, custom=0.002, generic=0.001))
    run(choice, TRIAL, custom=0.002, generic=0.001)
    assert choice.generic


def test_a_bad_plan_ends_its_trial_at_once() -> None:
    choice = PlanChoice()
    had = run(choice, 500, custom=0.002, generic=0.5)
    assert had.count(True) == 3


def test_a_busier_machine_is_no_bad_plan() -> None:
    choice = decided(custom=0.002, generic=0.001)
    for milliseconds in range(1, 30):
        assert all(run(choice, 50, custom=0.05, generic=milliseconds / 1000))


def test_what_is_slow_anyway_is_left_alone() -> None:
    assert not any(run(PlanChoice(), 500, custom=0.5, generic=0.4))
