"""The compose files: everything they hand to Puntini is something it knows, and what belongs together agrees."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.deploy.declared import DEPLOY, SECONDS_AFTER_GRACE, settings_of, understood, unknown_variables

FOLDER = DEPLOY / "compose"
FILES = ["compose.yaml", "compose.single.yaml"]
FILLED = {"PUNTINI_SECRET": "s" * 64, "PUNTINI_API_KEYS": f"me:admin:{'k' * 64}", "POSTGRES_PASSWORD": "p" * 64}
VARIABLE = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}")


def services(file: str) -> dict[str, Any]:
    """The services, with variables filled in as .env would."""
    return dict(_filled(msgspec.yaml.decode((FOLDER / file).read_bytes())["services"]))


def _filled(value: Any) -> Any:
    match value:
        case dict():
            return {name: _filled(each) for name, each in value.items()}
        case list():
            return [_filled(each) for each in value]
        case str():
            return VARIABLE.sub(lambda found: FILLED.get(found[1], found[2] or ""), value)
        case _:
            return value


def ours() -> list[tuple[str, str]]:
    return [(file, name) for file in FILES for name, each in services(file).items() if "build" in each]


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.mark.parametrize(("file", "name"), ours())
def test_what_puntini_is_given_are_settings_that_hold(file: str, name: str) -> None:
    service = services(file)[name]

    assert unknown_variables(service["environment"]) == set()
    made = settings_of({"PUNTINI_HOST": "0.0.0.0", **service["environment"]})
    assert made.secret
    assert made.grace + SECONDS_AFTER_GRACE < seconds(service["stop_grace_period"])


@pytest.mark.parametrize(("file", "name"), ours())
def test_what_puntini_is_told_to_do_is_a_command(file: str, name: str) -> None:
    assert understood(services(file)[name].get("command", ["serve"]))


@pytest.mark.parametrize("file", FILES)
def test_nobody_has_more_rights_than_it_takes(file: str) -> None:
    for name, service in services(file).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert "privileged" not in service


@pytest.mark.parametrize("file", FILES)
def test_images_are_pinned(file: str) -> None:
    images = {service["image"] for service in services(file).values()} - {"puntini:latest"}

    assert all(re.search(r":\d+\.\d+", image) for image in images)


def test_only_nginx_is_reached_from_outside() -> None:
    assert [name for name, service in services("compose.yaml").items() if "ports" in service] == ["nginx"]


def test_nginx_knows_the_nodes_and_the_nodes_know_nginx() -> None:
    all_of = services("compose.yaml")
    nodes = [each["networks"]["puntini"]["ipv4_address"] for name, each in all_of.items() if name.startswith("serve-")]
    told = re.findall(r"^server ([\d.]+):8000 ", (FOLDER / "nginx" / "nodes.conf").read_text(), re.MULTILINE)
    proxy = all_of["nginx"]["networks"]["puntini"]["ipv4_address"]

    assert told == nodes
    assert len(nodes) == 2
    assert all_of["serve-1"]["environment"]["PUNTINI_TRUSTED_PROXIES"] == proxy


def test_every_file_that_is_mounted_is_there() -> None:
    mounted = [volume for volume in services("compose.yaml")["nginx"]["volumes"] if volume.startswith(".")]

    assert all((FOLDER / volume.split(":")[0]).exists() for volume in mounted)


def test_there_are_two_workers_and_postgres_is_15_or_newer() -> None:
    all_of = services("compose.yaml")

    assert all_of["worker"]["deploy"]["replicas"] == 2
    assert int(re.findall(r"postgres:(\d+)", all_of["postgres"]["image"])[0]) >= 15
    assert all_of["serve-1"]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


@pytest.mark.parametrize("file", FILES)
def test_every_variable_that_has_to_be_filled_in_is_in_the_example(file: str) -> None:
    example = (FOLDER / ".env.example").read_text()
    needed = set(re.findall(r"\$\{(\w+):\?", (FOLDER / file).read_text()))
    optional = set(re.findall(r"\$\{(\w+):-", (FOLDER / file).read_text()))

    assert needed <= set(re.findall(r"^(\w+)=$", example, re.MULTILINE))
    assert optional <= set(re.findall(r"^#(\w+)=", example, re.MULTILINE))


def test_the_example_holds_no_secret() -> None:
    lines = Path(FOLDER / ".env.example").read_text().splitlines()

    assert all(line.endswith("=") for line in lines if line and not line.startswith("#"))
