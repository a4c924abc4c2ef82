"""docker-compose.yml, as far as it can be checked without containers."""

import json
import re
import xml.etree.ElementTree as ET
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from app.bootstrap import create_app
from app.settings import Settings
from dev.kafka.config import server_properties
from dev.kafka.jars import POM, ROOT
from dev.kafka.ports import HOST
from tests.containers import (
    APP_SERVICES,
    COMPOSE,
    COMPOSE_TEXT,
    SERVICES,
    WORKERS,
    entry_point,
    parse,
)

KAFKA_PORT = "CLICKSTREAM_KAFKA_PORT"
"""Where this machine finds the broker: read by compose and `make kafka`, no setting of the app."""

MONITORING = ("prometheus", "grafana")

SCHEMA = "check_jsonschema/builtin_schemas/vendor/compose-spec.json"
"""The compose specification's JSON schema, as check-jsonschema ships it."""


def test_compose_file_conforms_to_the_specification() -> None:
    """Its own JSON schema finds nothing."""
    assert [] == violations(COMPOSE)


@pytest.mark.parametrize("fault", [{"volums": []}, {"restart": 1}, {"healthcheck": {"tests": []}}])
def test_specification_notices_a_slip(fault: dict[str, Any]) -> None:
    """A misspelt key and a wrong type are found: the schema is no rubber stamp."""
    slipped = COMPOSE | {"services": SERVICES | {"kafka": SERVICES["kafka"] | fault}}
    assert 1 == len(violations(slipped))


def violations(document: dict[str, Any]) -> list[str]:
    """What the specification's schema finds."""
    schema = Path(str(distribution("check-jsonschema").locate_file(SCHEMA))).read_text()
    validator = Draft202012Validator(json.loads(schema))
    return [error.message for error in validator.iter_errors(document)]


@pytest.mark.parametrize("service", WORKERS)
def test_every_setting_of_the_application_can_be_given_and_no_other(service: str) -> None:
    """What app/settings.py reads and what compose hands on are the same."""
    assert setting_names() == set(SERVICES[service]["environment"])


def test_topics_are_created_with_the_settings_of_the_workers() -> None:
    """The partitions that are created are those that the workers expect."""
    common = SERVICES["topics"]["environment"]
    for worker in WORKERS:
        assert common | {"CLICKSTREAM_WEB_HOST": worker} == SERVICES[worker]["environment"]


def test_every_variable_named_anywhere_exists() -> None:
    """The usage at its head and the interpolations name no setting of the imagination."""
    assert set(re.findall(r"CLICKSTREAM_\w+", COMPOSE_TEXT)) <= setting_names() | {KAFKA_PORT}


def setting_names() -> set[str]:
    """The environment variables that the application reads."""
    return {str(field.validation_alias) for field in Settings.model_fields.values()}


@pytest.mark.parametrize("service", APP_SERVICES)
def test_every_service_runs_a_command_that_exists(service: str) -> None:
    """Faust's own parser takes the command and its options."""
    parse([*entry_point(), *SERVICES[service]["command"]])


def test_workers_share_neither_volume_nor_port() -> None:
    """Each has a data directory of its own, and its web views a port of this machine's."""
    assert ["worker-1-data:/data", "worker-2-data:/data"] == [
        volume for worker in WORKERS for volume in SERVICES[worker]["volumes"]
    ]
    assert ["127.0.0.1:6066:6066", "127.0.0.1:6067:6066"] == [
        port for worker in WORKERS for port in SERVICES[worker]["ports"]
    ]


def test_every_volume_in_use_is_declared_and_used_once() -> None:
    """What `down` leaves is what `up` finds again."""
    assert sorted(COMPOSE["volumes"]) == sorted(v for v in sources() if not v.startswith("./"))


def test_what_is_mounted_of_the_checkout_is_there() -> None:
    """Docker makes an empty directory of a path that is wrong."""
    mounted = [ROOT / source for source in sources() if source.startswith("./")]
    assert 3 == len(mounted)
    assert all(path.is_dir() for path in mounted)


def sources() -> list[str]:
    """What the services mount: volumes, and folders of the checkout."""
    return [volume.split(":")[0] for s in SERVICES.values() for volume in s.get("volumes", [])]


def test_nothing_is_published_beyond_this_machine() -> None:
    """Neither Kafka nor Prometheus nor Grafana asks who is there."""
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert [HOST] * 5 == [port.split(":")[0] for port in published]


def test_no_port_of_this_machine_is_published_twice() -> None:
    """All services can run at the same time."""
    published = [p.split(":")[1] for s in SERVICES.values() for p in s.get("ports", [])]
    assert len(set(published)) == len(published)


def test_a_plain_start_leaves_the_monitoring_out() -> None:
    """It is asked for by its profile; nothing else waits for it."""
    profiles = {name: s["profiles"] for name, s in SERVICES.items() if "profiles" in s}
    assert {name: ["monitoring"] for name in MONITORING} == profiles
    needed = {
        need for n, s in SERVICES.items() for need in s.get("depends_on", ()) if n != "grafana"
    }
    assert not needed & set(MONITORING)


@pytest.mark.parametrize("service", MONITORING)
def test_monitoring_is_of_one_version(service: str) -> None:
    """No tag that moves."""
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", SERVICES[service]["image"])


def test_prometheus_sends_the_workers_token() -> None:
    """It is in the file that the scrape configuration names, whether it is set or not."""
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    job = next(job for job in config["scrape_configs"] if "dns_sd_configs" in job)
    file = job["authorization"]["credentials_file"]
    script = SERVICES["prometheus"]["entrypoint"][2]
    assert f'"$$CLICKSTREAM_WEB_TOKEN" > {file} ' in script
    assert "CLICKSTREAM_WEB_TOKEN" in SERVICES["prometheus"]["environment"]


def test_prometheus_finds_every_worker_however_many_there_are() -> None:
    """By a name that all of them have, at the port that they listen on."""
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
    (discovery,) = config["scrape_configs"][0]["dns_sd_configs"]
    (name,) = discovery["names"]
    for worker in WORKERS:
        assert [name] == SERVICES[worker]["networks"]["default"]["aliases"]
        assert str(discovery["port"]) == SERVICES[worker]["ports"][0].split(":")[-1]


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_advertises_the_name_and_port_that_others_reach(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A question about a user is passed on to http://<service>:<port in the container>."""
    for name, value in SERVICES[service]["environment"].items():
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    conf = create_app(Settings()).conf
    port = int(SERVICES[service]["ports"][0].split(":")[-1])
    assert (f"http://{service}:{port}", port) == (str(conf.canonical_url), conf.web_port)
    assert "0.0.0.0" == conf.web_bind  # noqa: S104 inside its container


def test_services_start_after_what_they_need() -> None:
    """Kafka answers, then the topics are there, then the workers start."""
    conditions = {name: SERVICES[name]["depends_on"] for name in APP_SERVICES}
    ready = {"topics": {"condition": "service_completed_successfully"}}
    healthy = {"kafka": {"condition": "service_healthy"}}
    assert {"topics": healthy, "worker-1": ready, "worker-2": ready} == conditions


def test_what_runs_for_ever_is_checked_and_restarted() -> None:
    """All but creating the topics: that ends."""
    running = ("kafka", *WORKERS, *MONITORING)
    assert set(running) == {n for n, s in SERVICES.items() if "healthcheck" in s}
    restarts = {name: service["restart"] for name, service in SERVICES.items()}
    assert dict.fromkeys(running, "unless-stopped") | {"topics": "no"} == restarts


def test_one_service_builds_the_image_that_all_use() -> None:
    """Two builds of one name at the same time fail on a first start."""
    assert ["topics"] == [name for name, service in SERVICES.items() if "build" in service]
    assert 1 == len({SERVICES[name]["image"] for name in APP_SERVICES})


def test_the_broker_is_configured_as_the_local_one() -> None:
    """But for where it is; what the tests have seen is what the containers run."""
    lines = server_properties(Path("data"), 9092, 9093).splitlines()
    local = dict(line.split("=", 1) for line in lines)
    places = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
    wanted = {name: value for name, value in local.items() if name not in places}
    assert wanted == {name: value for name, value in broker_settings().items() if name in wanted}


def broker_settings() -> dict[str, str]:
    """The broker's properties, as the image makes them of its environment."""
    environment = SERVICES["kafka"]["environment"]
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in environment.items()
        if name.startswith("KAFKA_")
    }


def test_the_broker_is_of_the_version_that_the_tests_run_on() -> None:
    """The image's tag is the version in dev/kafka/pom.xml."""
    pom = ET.parse(POM)  # noqa: S314 a file of this checkout
    versions = {
        str(d.findtext("{*}artifactId")): d.findtext("{*}version")
        for d in pom.iterfind(".//{*}dependency")
    }
    assert f"apache/kafka:{versions['kafka_2.13']}" == SERVICES["kafka"]["image"]


def test_the_broker_tells_each_client_an_address_that_it_can_reach() -> None:
    """Services are told the service's name, programs on this machine the published port."""
    advertised = broker_settings()["advertised.listeners"]
    published = SERVICES["kafka"]["ports"][0].rpartition(":")[0]
    assert f"INSIDE://kafka:19092,HOST://{published}" == advertised
    assert "kafka://kafka:19092" == SERVICES["topics"]["environment"]["CLICKSTREAM_BROKER"]
