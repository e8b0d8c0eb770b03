"""The documentation tells the truth: it is complete, current, builds strictly, and names only what exists."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from app.adapters.migrations import APP, sql_files
from app.catalog.configuration import with_database_settings
from app.errors import declared_errors
from app.modules import load_modules
from app.settings import RestSettings, variables

from docs import generate
from docs.writers.cli_page import commands
from docs.writers.errors_page import MEANINGS
from docs.writers.whole_app import import_everything
from tests.conftest import Urls

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
#: Examples, this machine, and nothing that a reader would have to fetch.
#: Examples, and where providers are unless settings say otherwise.
HOSTS = re.compile(
    r"127\.0\.0\.1|localhost|([\w-]+\.)*example\.(org|com)|(api\.)?github\.com|accounts\.google\.com|www\.googleapis\.com|s3\.amazonaws\.com"
)
CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
#: A row of the table of options: PostgREST's name, ours or none, whether the database may say it.
OPTION = re.compile(r"^\| `([a-z][\w.*-]*)` \| (?:`(RELAIS_\w+)`|none) \| (yes)? ?\|", re.MULTILINE)
#: Settings of the gateway that PostgREST has not.
OURS_ALONE = (
    "cost_budgets",
    "embeds",
    "jwt_issuer",
    "tenant_column",
    "request_settings",
    "role_statement_timeouts",
    "max_",
    "idempotency_",
    "plan_cache_entries",
    "explain_",
    "plans_by_measurement",
)


def test_every_setting_is_documented() -> None:
    assert not [name for name, _ in variables() if f"| `{name}` |" not in text("reference/settings.md")]


def test_every_setting_of_the_gateway_is_beside_the_option_that_it_is_the_twin_of() -> None:
    page = text("reference/postgrest.md")
    rows = {ours: theirs for theirs, ours, _ in OPTION.findall(page)}
    for name in RestSettings.model_fields:
        variable = f"RELAIS_REST_{name}".upper()
        if name.startswith(OURS_ALONE):
            assert f"| `{variable}` |" in page
            assert variable not in rows
        else:
            assert rows.get(variable) == ("app.settings.*" if name == "app_settings" else name.replace("_", "-"))


def test_options_that_the_database_may_set_are_marked() -> None:
    marked = {theirs.replace("-", "_") for theirs, _, yes in OPTION.findall(text("reference/postgrest.md")) if yes}
    assert marked == {name for name in RestSettings.model_fields if is_taken_from_the_database(name)}


def test_every_error_is_documented_with_its_meaning() -> None:
    import_everything()
    codes = {spec.code for spec in declared_errors()}
    assert set(MEANINGS) == codes, "docs/writers/errors_page.py says when each declared error comes, and no other"
    assert not [code for code in codes if f"| `{code}` |" not in text("reference/errors.md")]


def test_every_command_is_documented() -> None:
    assert not [path for path, _ in commands() if f"\n## {path}\n" not in text("reference/cli.md")]


def test_every_module_and_every_sql_file_is_documented() -> None:
    page = text("reference/modules.md")
    assert not [module.name for module in load_modules() if f"\n## {module.name}\n" not in page]
    assert not [path for path in sql_files() if f"| `{path}` |" not in page]


def test_every_place_of_sql_files_is_told_where_changes_are_explained() -> None:
    places = {re.sub(r"^modules/\w+/", "modules/<name>/", str(Path(path).parent)) for path in sql_files()}
    assert not [place for place in places if f"backend/app/{place}/" not in text("how-to/change-the-schema.md")]


def test_every_decision_is_numbered_once_and_listed() -> None:
    files = sorted(path.name for path in (DOCS / "decisions").glob("[0-9]*.md"))
    assert [int(name[:4]) for name in files] == list(range(1, len(files) + 1))
    assert not [name for name in files if f"]({name})" not in text("decisions/index.md")]
    assert not [name for name in files if not text(f"decisions/{name}").startswith(f"# {name[:4]}: ")]


def test_every_event_of_the_log_is_explained() -> None:
    assert not [name for name in logged_events() if f"`{name}`" not in text("explanation/errors-and-logs.md")]


def test_the_map_shows_every_part_of_the_application() -> None:
    parts = [path for path in APP.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]
    names = [path.name if path.is_file() else f"{path.name}/" for path in parts if path.name != "__init__.py"]
    assert not [name for name in names if f"`{name}" not in text("architecture.md")]


def test_the_map_names_only_what_exists() -> None:
    named = re.findall(r"`((?:[\w-]+/)*[\w-]+\.py|(?:[\w-]+/)+)[:`]", text("architecture.md"))
    homes = (APP, ROOT, APP / "modules" / "library")
    assert named
    assert not [name for name in named if not any((home / name).exists() for home in homes)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_names_only_settings_commands_and_recipes_that_exist(page: Path) -> None:
    code = " ".join(CODE.findall(page.read_text(encoding="utf-8")))
    known = {path for path, _ in commands()} | {"relais user", "relais backup", "relais catalog"}
    recipes = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    import_everything()
    settings = {name for name, _ in variables()} | set(variables_of_tests())
    errors = {spec.code for spec in declared_errors()}
    assert set(re.findall(r"\bRELAIS_[A-Z][A-Z_]*[A-Z]\b", code)) <= settings | errors
    assert {f"relais {word}" for word in re.findall(r"(?:[`\n/] *|bin/)relais ([a-z][\w-]*)", code)} <= known
    assert set(re.findall(r"[`\n] *make ([a-z]+)\b", code)) <= recipes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_a_page_names_no_machine_and_no_host_but_examples(page: Path) -> None:
    written = page.read_text(encoding="utf-8")
    hosts = re.findall(r"https?://([\w.-]+)", written)
    assert not [host for host in hosts if not HOSTS.fullmatch(host)]
    assert not re.findall(r"(?<![\w.])/(?:home|Users|root|work|tmp)/\S*", written)
    assert not re.findall(r"\.\./(?:\.\./)*shared\b", written)


def test_pages_about_the_code_are_current() -> None:
    assert generate.outdated(generate.pages_from_code()) == [], "run `make docs`"


def test_pages_about_the_database_are_current(urls: Urls) -> None:
    assert generate.outdated(generate.pages_from_database(urls.admin)) == [], "run `make docs`"


def test_checking_names_the_page_that_is_out_of_date_and_leaves_it(
    urls: Urls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = generate.all_pages(urls.admin)
    # They are the same each time, and take theirs.
    monkeypatch.setattr(generate, "all_pages", lambda _url: pages)  # pyright: ignore
    monkeypatch.setattr(generate, "REFERENCE", tmp_path)
    assert generate.main(["--database", urls.admin]) == 0
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == pages
    assert generate.main(["--check", "--database", urls.admin]) == 0
    (tmp_path / "cli.md").write_text("old")
    assert generate.main(["--check", "--database", urls.admin]) == 1
    assert capsys.readouterr().err == "docs/reference/cli.md is out of date: run `make docs`.\n"
    assert (tmp_path / "cli.md").read_text() == "old"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site."""
    target = tmp_path_factory.mktemp("site")
    outcome = built(ROOT / "mkdocs.yml", target)
    assert outcome.returncode == 0, outcome.stderr
    return target


def test_the_site_has_every_page_and_no_code(site: Path) -> None:
    expected = {page.relative_to(DOCS).with_suffix(".html") for page in PAGES}
    assert expected <= {path.relative_to(site) for path in site.rglob("*.html")}
    assert list(site.rglob("*.py")) == []


def test_the_site_fetches_nothing_from_elsewhere(site: Path) -> None:
    tags = re.compile(r"<(?:script|link|img|iframe|source)\b[^>]*?\b(?:src|href)=[\"']?(?:https?:)?//[^>]*>")
    assert not [tag for page in site.rglob("*.html") for tag in tags.findall(page.read_text(encoding="utf-8"))]


def test_a_broken_link_and_a_broken_anchor_fail_the_build(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    with (tmp_path / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n[a](how-to/gone.md) [b](architecture.md#gone-heading)\n")
    outcome = built(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert outcome.returncode != 0
    assert "'how-to/gone.md'" in outcome.stderr
    assert "gone-heading" in outcome.stderr


def text(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def built(configuration: Path, target: Path) -> subprocess.CompletedProcess[str]:
    argv = (sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(configuration), "-d", str(target))
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def is_taken_from_the_database(option: str) -> bool:
    """Whether one value or another of `pgrst.…` changes the setting."""
    settings = RestSettings()  # pyright: ignore[reportCallIssue]
    values = ("7", "true", "false", *map(str, get_args(RestSettings.model_fields[option].annotation)))
    return any(with_database_settings(settings, {f"pgrst.{option}": value}) != settings for value in values)


def variables_of_tests() -> Iterator[str]:
    for file in (ROOT / "tests").rglob("*.py"):
        yield from re.findall(r"\"(RELAIS_TEST_\w+)\"", file.read_text(encoding="utf-8"))


def constant(name: str, *sources: str) -> str:
    """What a name stands for in the first of these that says so: its own file, else where it is imported from."""
    return next(found[1] for source in sources if (found := re.search(rf'^{name} = "(\w+)"', source, re.MULTILINE)))


def logged_events() -> Iterator[str]:
    sources = [file.read_text(encoding="utf-8") for file in APP.rglob("*.py")]
    for source in sources:
        for name in re.findall(r"log\.event\(\s*(\"\w+\"|[A-Z_]+)", source):
            yield name.strip('"') if name.startswith('"') else constant(name, source, *sources)
