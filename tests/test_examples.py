"""examples/: what they say of themselves."""

import tomllib

from dev.kafka.jars import ROOT


def test_the_read_model_asks_for_what_it_is_tested_with() -> None:
    """Its requirements are the application's own, for as much as it takes of them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = (ROOT / "examples/read_model/requirements.txt").read_text().splitlines()
    assert set() == set(asked) - set(project["dependencies"])


def test_the_read_model_imports_nothing_of_the_application() -> None:
    """Who takes it as the beginning of their own takes these files alone."""
    files = sorted((ROOT / "examples/read_model").glob("*.py"))
    imports = {
        line.split()[1].partition(".")[0]
        for file in files
        for line in file.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert {"examples", "aiokafka", "duckdb", "msgspec"} <= imports
    assert set() == imports & {"app", "agents", "tables", "models", "dev", "bench", "tests"}
