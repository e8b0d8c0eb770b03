"""Generated secrets are made once, kept private, and written whole."""

import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from app.embedded import remember_demo, secrets_of


def test_secrets_are_made_once(new_dir: Path) -> None:
    assert secrets_of(new_dir) == secrets_of(new_dir)


def test_secrets_are_long_and_all_different(new_dir: Path) -> None:
    secrets = secrets_of(new_dir)
    assert len(secrets.auth_secret) >= 43
    assert len({secrets.admin, secrets.login, secrets.redis, secrets.auth_secret}) == 4
    assert secrets != secrets_of(new_dir.with_name("another"))


def test_only_the_owner_reads_the_file(new_dir: Path) -> None:
    secrets_of(new_dir)
    assert stat.S_IMODE((new_dir / "secrets.json").stat().st_mode) == 0o600


def test_many_first_readers_get_the_same_secrets(new_dir: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(secrets_of, [new_dir] * 16))
    assert all(secrets == results[0] for secrets in results)


def test_demo_passwords_are_added_to_those_that_are_kept(new_dir: Path) -> None:
    before = secrets_of(new_dir)
    remember_demo(new_dir, {"admin@example.org": "one"})
    remember_demo(new_dir, {"user@example.org": "two"})
    after = secrets_of(new_dir)
    assert after.demo == {"admin@example.org": "one", "user@example.org": "two"}
    assert after.auth_secret == before.auth_secret
    assert stat.S_IMODE((new_dir / "secrets.json").stat().st_mode) == 0o600


def test_no_demo_password_is_lost_when_several_are_added_at_once(new_dir: Path) -> None:
    add: Callable[[int], object] = lambda n: remember_demo(new_dir, {str(n): "x"})  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(16)))
    assert secrets_of(new_dir).demo.keys() == {str(n) for n in range(16)}


def test_secrets_do_not_show_when_printed(new_dir: Path) -> None:
    secrets = secrets_of(new_dir)
    assert secrets.admin not in repr(secrets)
