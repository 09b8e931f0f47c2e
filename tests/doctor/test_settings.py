"""Settings that will bite, and where."""

import pytest

from puntini.doctor.place import Place
from puntini.doctor.settings import findings
from puntini.settings import Secret, Settings

HERE = Place()
DOCKER = Place(container=True)
KUBERNETES = Place(container=True, kubernetes=True)
SECRET = Secret("x" * 32)


def states(settings: Settings, place: Place = HERE) -> dict[str, str]:
    """What is said about each, but for what is well."""
    return {each.about: each.state for each in findings(settings, place) if each.state != "ok"}


def test_a_server_on_this_machine_has_nothing_to_fear() -> None:
    assert states(Settings(model="offline")) == {}


@pytest.mark.parametrize(
    ("settings", "place", "about", "state"),
    [
        (Settings(), DOCKER, "host", "fail"),
        (Settings(host="0.0.0.0"), HERE, "secret", "fail"),
        (Settings(host="0.0.0.0", secret=Secret("short")), HERE, "secret", "fail"),
        (Settings(store="postgresql://db/puntini"), HERE, "secret", "fail"),
        (Settings(host="0.0.0.0", secret=SECRET), HERE, "trusted_proxies", "warn"),
        (Settings(grace=10), DOCKER, "grace", "warn"),
        (Settings(grace=60), KUBERNETES, "grace", "warn"),
        (Settings(max_streams=1_000), Place(open_files=1_024), "open files", "warn"),
        (Settings(host="::", max_streams=1_000), Place(open_files=1_024), "open files", "fail"),
        (Settings(retention_days=0, retention_bytes_per_session=0), HERE, "retention", "warn"),
        (Settings(log_format="json"), HERE, "redact_prompts", "warn"),
        (Settings(ping_seconds=60), HERE, "ping_seconds", "warn"),
        (Settings(), HERE, "model", "warn"),
        (Settings(model="anthropic"), HERE, "model", "fail"),
    ],
)
def test_what_bites_is_told(settings: Settings, place: Place, about: str, state: str) -> None:
    assert states(settings, place)[about] == state


@pytest.mark.parametrize(
    ("settings", "place", "about"),
    [
        (Settings(host="0.0.0.0", secret=SECRET), DOCKER, "host"),
        (Settings(host="0.0.0.0", secret=SECRET), DOCKER, "secret"),
        (Settings(trusted_proxies=("10.0.0.0/8",), host="0.0.0.0"), HERE, "trusted_proxies"),
        (Settings(grace=5), DOCKER, "grace"),
        (Settings(grace=25), KUBERNETES, "grace"),
        (Settings(max_streams=1_000), Place(open_files=2_048), "open files"),
        (Settings(retention_days=0), HERE, "retention"),
        (Settings(log_format="json", redact_prompts=True), HERE, "redact_prompts"),
        (Settings(anthropic_api_key=SECRET), HERE, "model"),
    ],
)
def test_what_is_right_is_left_alone(settings: Settings, place: Place, about: str) -> None:
    assert about not in states(settings, place)


def test_no_finding_shows_a_secret() -> None:
    for settings in (Settings(secret=Secret("hunter2"), host="0.0.0.0"), Settings(anthropic_api_key=Secret("hunter2"))):
        assert "hunter2" not in repr(findings(settings, HERE))
