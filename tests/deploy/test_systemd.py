"""The units: what they run is there, and they leave a server the time that it takes to end well."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.declared import DEPLOY, SECONDS_AFTER_GRACE, settings_of, understood, unknown_variables

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def values(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)


def environment(unit: Path) -> dict[str, str]:
    return dict(pair.split("=", 1) for line in values(unit, "Environment") for pair in shlex.split(line))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_what_it_runs_is_a_command_with_settings(unit: Path) -> None:
    (command,) = values(unit, "ExecStart")

    assert understood(shlex.split(command)[1:])
    assert unknown_variables(environment(unit)) == set()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_it_may_take_the_time_to_end_well(unit: Path) -> None:
    (seconds,) = values(unit, "TimeoutStopSec")

    assert settings_of(environment(unit)).grace + SECONDS_AFTER_GRACE < float(seconds)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_it_and_finds_it_well_guarded(unit: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze was not found")
    here = tmp_path / unit.name.replace("@", "@1")
    here.write_text(re.sub(r"/opt/\S+", "/bin/true", unit.read_text()))

    understood = subprocess.run(["systemd-analyze", "verify", "--man=no", here], capture_output=True, text=True)
    guarded = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", here], capture_output=True, text=True
    )

    assert (understood.returncode, understood.stderr) == (0, "")
    assert guarded.returncode == 0, guarded.stdout
