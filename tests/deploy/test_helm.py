"""The chart: its values, templates and schema agree, and what it makes is what Kubernetes and Puntini expect.

The manifests in chart/ were made by Helm. A test fails when the chart changed since; with `helm` installed they are
made again and compared.
"""

import json
import re
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema
import msgspec
import pytest

from puntini import __version__
from tests.deploy.declared import SECONDS_AFTER_GRACE, settings_of, understood, unknown_variables
from tests.deploy.rendering import CASES, CHART, Manifest, digest, kept, manifests, rendered

TEMPLATES = sorted((CHART / "templates").iterdir())
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
VALUES = msgspec.yaml.decode((CHART / "values.yaml").read_bytes())
ROLES = ("serve", "worker")
SECRETS = {
    "PUNTINI_STORE": "postgresql://a:b@c/d",
    "PUNTINI_SECRET": "s" * 64,
    "PUNTINI_API_KEYS": f"me:admin:{'k' * 64}",
}
OPEN, CLOSE = re.compile(r"{{-?\s*(?:if|with|range|define)\b"), re.compile(r"{{-?\s*end\b")


# Values, templates and schema.


def named() -> set[str]:
    """The values that templates name, by their paths."""
    found: set[str] = set()
    for template in TEMPLATES:
        text = template.read_text()
        found |= set(re.findall(r"\.Values\.([\w.]+)", text))
        # What stands for the values of either role.
        found |= {f"{role}.{path}" for role in ROLES for path in re.findall(r"(?:\$|\.)values\.([\w.]+)", text)}
    return found - {"serve.enabled"}  # asked of workers only


def paths(values: Mapping[str, Any], before: str = "") -> Iterator[str]:
    """Every value's path, those of groups too."""
    for name, value in values.items():
        yield before + name
        if isinstance(value, dict):
            yield from paths(value, f"{before}{name}.")


def test_templates_name_only_values_that_there_are() -> None:
    known = set(paths(VALUES)) | {"settings.trusted_proxies"}

    assert named() - known == set()


def test_every_value_is_used() -> None:
    """By its own path, or as part of a group that is written out whole."""
    unused = [path for path in paths(VALUES) if not any(f"{path}.".startswith(f"{name}.") for name in named())]
    groups = {path for path in unused if any(name.startswith(f"{path}.") for name in named())}

    assert set(unused) - groups == set()


def test_the_schema_knows_every_value_and_no_other() -> None:
    def declared(schema: Mapping[str, Any], before: str = "") -> Iterator[str]:
        if "$ref" in schema:
            schema = SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
        for name, member in schema.get("properties", {}).items():
            yield before + name
            yield from declared(member, f"{before}{name}.")

    free = re.compile(r"(settings|resources|annotations|podAnnotations|labels)\.|^global$")
    of_schema = {path for path in declared(SCHEMA) if not free.search(path)}
    assert of_schema == {path for path in paths(VALUES) if not free.search(path)}


@pytest.mark.parametrize("case", CASES)
def test_values_are_as_the_schema_says(case: str) -> None:
    jsonschema.Draft7Validator.check_schema({**SCHEMA, "$schema": "http://json-schema.org/draft-07/schema#"})
    jsonschema.validate(msgspec.yaml.decode(CASES[case].read_bytes()), SCHEMA)


@pytest.mark.parametrize(
    "wrong",
    [
        {"serve": {"replica": 3}},
        {"settings": {"secret": "never here"}},
        {"settings": {"grace": 0}},
        {"existingSecret": ""},
        {"image": {"pullPolicy": "Sometimes"}},
    ],
)
def test_the_schema_refuses_what_would_be_wrong(wrong: Mapping[str, Any]) -> None:
    values = {name: {**VALUES[name], **each} if isinstance(each, dict) else each for name, each in wrong.items()}

    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**VALUES, **values}, SCHEMA)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_what_a_template_opens_it_closes(template: Any) -> None:
    text = template.read_text()

    assert len(OPEN.findall(text)) == len(CLOSE.findall(text))
    assert text.count("{{") == text.count("}}")


def test_the_chart_is_of_this_version() -> None:
    assert msgspec.yaml.decode((CHART / "Chart.yaml").read_bytes())["appVersion"] == __version__


# What it makes.


@pytest.mark.parametrize("case", CASES)
def test_what_is_kept_was_made_from_the_chart_as_it_is(case: str) -> None:
    assert digest(case) in kept(case).splitlines()[0], "make it anew: python -m tests.deploy.rendering"


@pytest.mark.parametrize("case", CASES)
def test_helm_makes_what_is_kept(case: str) -> None:
    if shutil.which("helm") is None:
        pytest.skip("helm was not found")

    assert manifests(rendered(case)) == manifests(kept(case))


@pytest.fixture(params=CASES)
def made(request: pytest.FixtureRequest) -> list[Manifest]:
    return manifests(kept(request.param))


def of_kind(made: list[Manifest], kind: str) -> list[Manifest]:
    return [each for each in made if each["kind"] == kind]


def pods(made: list[Manifest]) -> Iterator[tuple[str, Manifest]]:
    """Each pod's component and spec."""
    for each in [*of_kind(made, "Deployment"), *of_kind(made, "Job")]:
        template = each["spec"]["template"]
        yield template["metadata"]["labels"]["app.kubernetes.io/component"], template["spec"]


def test_each_has_a_kind_and_a_name_of_its_own(made: list[Manifest]) -> None:
    names = [(each["kind"], each["metadata"]["name"]) for each in made]

    assert len(names) == len(set(names))
    assert all(each["apiVersion"] for each in made)
    assert all(re.fullmatch(r"[a-z0-9-]{1,63}", name) for _, name in names)


def test_no_pod_has_rights_or_a_root_that_it_can_write(made: list[Manifest]) -> None:
    for _, spec in pods(made):
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["enableServiceLinks"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"]
        assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("component", ["serve", "worker", "migrate"])
def test_what_a_pod_runs_is_a_command(component: str) -> None:
    (spec,) = [spec for name, spec in pods(manifests(kept("defaults"))) if name == component]

    assert understood(spec["containers"][0]["args"])


def test_what_a_pod_is_given_are_settings_that_hold(made: list[Manifest]) -> None:
    (given,) = [each["data"] for each in of_kind(made, "ConfigMap")]

    assert unknown_variables(given) == set()
    assert settings_of({**given, **SECRETS}).secret


def test_there_is_time_to_end_well(made: list[Manifest]) -> None:
    (given,) = [each["data"] for each in of_kind(made, "ConfigMap")]
    for component, spec in pods(made):
        if component == "migrate":
            continue
        wait = float(
            spec["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [0, 0])[1]
        )
        assert wait + settings_of(given).grace + SECONDS_AFTER_GRACE < spec["terminationGracePeriodSeconds"]


def test_selectors_find_their_pods(made: list[Manifest]) -> None:
    labels = {
        each["metadata"]["labels"]["app.kubernetes.io/component"]: each["spec"]["template"]["metadata"]["labels"]
        for each in of_kind(made, "Deployment")
    }
    for each in of_kind(made, "Deployment") + of_kind(made, "PodDisruptionBudget"):
        wanted = each["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= labels[wanted["app.kubernetes.io/component"]].items()
    (service,) = of_kind(made, "Service")
    assert service["spec"]["selector"].items() <= labels["serve"].items()
    assert not service["spec"]["selector"].items() <= labels["worker"].items()


def test_probes_ask_what_there_is(made: list[Manifest]) -> None:
    (spec,) = [spec for name, spec in pods(made) if name == "serve"]
    (container,) = spec["containers"]
    asked = {name: probe["httpGet"] for name, probe in container.items() if name.endswith("Probe")}

    assert {each["port"] for each in asked.values()} == {port["name"] for port in container["ports"]} == {"http"}
    assert {name: each["path"] for name, each in asked.items()} == {
        "startupProbe": "/v1/health",
        "livenessProbe": "/v1/health",
        "readinessProbe": "/v1/ready",
    }
    # A database that is away for ten seconds takes no node out.
    assert container["readinessProbe"]["periodSeconds"] * container["readinessProbe"]["failureThreshold"] >= 30


def test_who_is_scaled_says_no_number_itself(made: list[Manifest]) -> None:
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in of_kind(made, "HorizontalPodAutoscaler")}

    for each in of_kind(made, "Deployment"):
        assert ("replicas" in each["spec"]) != (each["metadata"]["name"] in scaled)
    assert scaled <= {each["metadata"]["name"] for each in of_kind(made, "Deployment")}


def test_everything_is_there_when_it_is_asked_for() -> None:
    made = manifests(kept("everything"))
    service, ingress = of_kind(made, "Service")[0], of_kind(made, "Ingress")[0]

    backend = ingress["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert (backend["name"], backend["port"]["name"]) == (service["metadata"]["name"], "http")
    assert ingress["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    (route,) = of_kind(made, "HTTPRoute")
    assert route["spec"]["rules"][0]["backendRefs"] == [
        {"name": service["metadata"]["name"], "port": service["spec"]["ports"][0]["port"]}
    ]
    assert len(of_kind(made, "NetworkPolicy")) == 2
    assert of_kind(made, "ServiceMonitor")[0]["spec"]["endpoints"][0]["path"] == "/metrics"
    (job,) = of_kind(made, "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
