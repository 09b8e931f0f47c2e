"""Settings: where each may be made, which of them wins, and the sentence for one that can't be."""

from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import asdict, fields

from puntini.errors import Misconfigured
from puntini.settings import CREDENTIALS, DOCS, Secret, Settings, load, shown

FIELDS = {field.name: field for field in fields(Settings)}
NUMBERS = [name for name, field in FIELDS.items() if type(field.default) in (int, float)]
FRACTIONS = [name for name, field in FIELDS.items() if isinstance(field.default, float)]
TEXTS = [name for name, field in FIELDS.items() if isinstance(field.default, str) and field.default]
NOT_ZERO = ["grace", "ping_seconds", "ring_bytes", "max_streams", "max_concurrent_tasks", "body_seconds"]
ZERO_MEANS_NEVER = [
    "lifetime_seconds",
    "task_seconds",
    "session_idle_seconds",
    "retention_days",
    "retention_bytes_per_session",
    "rate_limit",
    "rate_limit_address",
    "max_streams_per_user",
    "command_rate",
    "audit_days",
]


def loaded(
    tmp_path: Path, toml: str = "", *, environ: dict[str, str] | None = None, flags: dict[str, Any] | None = None
) -> Settings:
    """Settings from a file, the environment and flags."""
    if toml:
        (tmp_path / "puntini.toml").write_text(toml, "utf-8")
    return load(flags or {}, environ or {}, tmp_path)


def refusal(
    tmp_path: Path, toml: str = "", *, environ: dict[str, str] | None = None, flags: dict[str, Any] | None = None
) -> str:
    """The sentence that stops the start."""
    with pytest.raises(Misconfigured) as caught:
        loaded(tmp_path, toml, environ=environ, flags=flags)
    return caught.value.message


# Where they come from.


def test_without_anything_the_defaults_hold(tmp_path: Path) -> None:
    assert loaded(tmp_path) == Settings()


def test_the_file_goes_before_the_default(tmp_path: Path) -> None:
    assert loaded(tmp_path, "port = 1") == Settings(port=1)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    assert loaded(tmp_path, "port = 1", environ={"PUNTINI_PORT": "2"}) == Settings(port=2)


def test_a_flag_goes_before_the_environment(tmp_path: Path) -> None:
    assert loaded(tmp_path, "port = 1", environ={"PUNTINI_PORT": "2"}, flags={"port": "3"}) == Settings(port=3)


def test_each_setting_comes_from_its_own_place(tmp_path: Path) -> None:
    made = loaded(tmp_path, "port = 1", environ={"PUNTINI_GRACE": "2.5"}, flags={"store": "memory:"})
    assert made == Settings(port=1, grace=2.5, store="memory:")


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_can_be_made_in_the_environment(tmp_path: Path, name: str) -> None:
    default = FIELDS[name].default
    text = ",".join(default) if isinstance(default, tuple) else str(default)
    assert loaded(tmp_path, environ={f"PUNTINI_{name.upper()}": text}) == Settings()


def test_another_file_can_be_named(tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text("port = 9")
    (tmp_path / "puntini.toml").write_text("port = 1")
    assert load({}, {}, tmp_path, other) == Settings(port=9)


def test_variables_of_others_are_none_of_ours(tmp_path: Path) -> None:
    environ = {"PATH": "/bin", "PORT": "1", "MY_PUNTINI_PORT": "2", "puntini_port": "3"}
    assert loaded(tmp_path, environ=environ) == Settings()


@pytest.mark.parametrize("name", sorted(CREDENTIALS))
def test_variables_of_the_client_are_no_settings(tmp_path: Path, name: str) -> None:
    assert loaded(tmp_path, environ={name: "anything"}) == Settings()


# Lists.


@pytest.mark.parametrize("text", ["https://a.example,http://b.example:81", " https://a.example , http://b.example:81,"])
def test_a_list_is_one_text_with_commas(tmp_path: Path, text: str) -> None:
    expected = Settings(cors_origins=("https://a.example", "http://b.example:81"))
    assert loaded(tmp_path, environ={"PUNTINI_CORS_ORIGINS": text}) == expected
    assert loaded(tmp_path, flags={"cors_origins": text}) == expected
    assert loaded(tmp_path, f'cors_origins = "{text}"') == expected


def test_a_list_can_be_a_list_in_a_file(tmp_path: Path) -> None:
    made = loaded(tmp_path, 'cors_origins = ["https://a.example", "http://[::1]:3000"]')
    assert made.cors_origins == ("https://a.example", "http://[::1]:3000")


def test_an_empty_list_is_none(tmp_path: Path) -> None:
    assert loaded(tmp_path, environ={"PUNTINI_CORS_ORIGINS": ""}).cors_origins == ()


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "a.example", "https://a.example/", "https://a.example/app", "HTTPS://A.EXAMPLE", "ftp://a.example"],
)
def test_what_is_no_origin_is_refused_because_no_page_would_ever_match_it(tmp_path: Path, origin: str) -> None:
    sentence = refusal(tmp_path, environ={"PUNTINI_CORS_ORIGINS": f"https://fine.example,{origin}"})
    assert "`cors_origins` (in the environment)" in sentence
    assert "like https://app.example" in sentence


# What can't be.


def test_a_sentence_names_the_setting_the_place_and_the_value(tmp_path: Path) -> None:
    assert refusal(tmp_path, "port = 70000").startswith("`port` (in puntini.toml) can't be 70000: ")
    (tmp_path / "puntini.toml").unlink()
    sentence = "`port` (in the environment) can't be 'x': give a whole number from 0 to 65535."
    assert refusal(tmp_path, environ={"PUNTINI_PORT": "x"}) == sentence
    assert refusal(tmp_path, flags={"port": "-1"}).startswith("`port` (in the command line) can't be '-1': ")


def test_a_wrong_value_is_refused_also_where_another_would_win(tmp_path: Path) -> None:
    assert "(in puntini.toml)" in refusal(tmp_path, "port = -1", flags={"port": "80"})


@pytest.mark.parametrize("name", FRACTIONS)
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e300", "-1", "1e999", "", "ten", "10s"])
def test_seconds_and_days_are_numbers_that_a_clock_can_count(tmp_path: Path, name: str, value: str) -> None:
    assert f"`{name}`" in refusal(tmp_path, environ={f"PUNTINI_{name.upper()}": value})
    assert f"`{name}`" in refusal(tmp_path, flags={name: value})


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "true", '"x"', "[1]", "2024-01-01"])
def test_a_file_s_odd_values_are_refused_too(tmp_path: Path, value: str) -> None:
    assert "`grace` (in puntini.toml)" in refusal(tmp_path, f"grace = {value}")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", ["-1", "99999999999999999999", "0x10", "1_000", "True"])
def test_numbers_are_plain_and_within_bounds(tmp_path: Path, name: str, value: str) -> None:
    assert f"`{name}`" in refusal(tmp_path, environ={f"PUNTINI_{name.upper()}": value})


@pytest.mark.parametrize("name", NOT_ZERO)
def test_some_can_not_be_zero(tmp_path: Path, name: str) -> None:
    assert f"`{name}`" in refusal(tmp_path, flags={name: "0"})


@pytest.mark.parametrize("name", ZERO_MEANS_NEVER)
def test_for_others_zero_means_never_or_all(tmp_path: Path, name: str) -> None:
    assert getattr(loaded(tmp_path, flags={name: "0"}), name) == 0
    assert "; 0 " in DOCS[name]


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_can_be_empty(tmp_path: Path, name: str) -> None:
    assert f"`{name}`" in refusal(tmp_path, environ={f"PUNTINI_{name.upper()}": ""})


@pytest.mark.parametrize("port", ["0", "1", "65535"])
def test_every_port_there_is_can_be_asked_for(tmp_path: Path, port: str) -> None:
    assert loaded(tmp_path, flags={"port": port}).port == int(port)


def test_a_choice_names_its_choices(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, environ={"PUNTINI_LOG_LEVEL": "INFO"})
    assert sentence == "`log_level` (in the environment) can't be 'INFO': use debug or info or warning or error."


# What is not there.


def test_a_misspelt_variable_is_not_ignored(tmp_path: Path) -> None:
    sentence = refusal(tmp_path, environ={"PUNTINI_PROT": "80"})
    assert sentence == "There is no setting `prot` (in the environment); did you mean `port`?"


def test_a_misspelt_setting_in_a_file_is_not_ignored(tmp_path: Path) -> None:
    assert refusal(tmp_path, "max_stream = 5").endswith("(in puntini.toml); did you mean `max_streams`?")


def test_what_is_near_to_nothing_is_pointed_to_the_list(tmp_path: Path) -> None:
    assert refusal(tmp_path, "[xyz]\na = 1").endswith("`puntini serve --help` lists them.")


def test_a_file_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"none\.toml can't be read: No such file"):
        load({}, {}, tmp_path, tmp_path / "none.toml")


@pytest.mark.parametrize("content", [b"port = ", b"= 5", b"port = 1\nport = 2", b"\xff\xfe"])
def test_a_file_that_is_not_toml_is_said_so(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "puntini.toml").write_bytes(content)
    assert "puntini.toml is not TOML: " in refusal(tmp_path)


# What is said of them.


def test_every_setting_is_explained_and_nothing_else_is() -> None:
    assert list(DOCS) == list(FIELDS)


def test_settings_can_not_change_once_they_are_read() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]


def test_what_a_cluster_says_of_a_service_called_puntini_is_no_setting(tmp_path: Path) -> None:
    environ = {
        "PUNTINI_SERVICE_HOST": "10.0.0.1",
        "PUNTINI_SERVICE_PORT_HTTP": "8000",
        "PUNTINI_PORT": "tcp://10.0.0.1:8000",
        "PUNTINI_PORT_8000_TCP_ADDR": "10.0.0.1",
    }

    assert loaded(tmp_path, environ=environ) == Settings()


# The key to the model.

KEY = "test-key-that-nobody-may-see"


def test_what_is_yes_or_no_is_true_or_false(tmp_path: Path) -> None:
    assert loaded(tmp_path, "redact_prompts = true").redact_prompts
    assert loaded(tmp_path, environ={"PUNTINI_REDACT_PROMPTS": "true"}).redact_prompts
    assert refusal(tmp_path, flags={"redact_prompts": "maybe"}).endswith("can't be 'maybe': write true or false.")


def test_keys_of_the_server_are_told_in_no_error(tmp_path: Path) -> None:
    made = loaded(tmp_path, environ={"PUNTINI_API_KEYS": f"ci:user:{KEY}1, ops:admin:{KEY}2"})

    assert [key.reveal() for key in made.api_keys] == [f"ci:user:{KEY}1", f"ops:admin:{KEY}2"]
    assert {f"{KEY}1", f"{KEY}2", f"ci:user:{KEY}1"} <= set(made.secrets)
    assert KEY not in repr(made)
    (tmp_path / "puntini.toml").unlink(missing_ok=True)
    assert KEY not in refusal(tmp_path, environ={"PUNTINI_API_KEYS": f"ci:user:{KEY} with spaces"})


def test_the_key_is_told_only_to_who_asks_for_it(tmp_path: Path) -> None:
    made = loaded(tmp_path, environ={"PUNTINI_ANTHROPIC_API_KEY": KEY})

    assert made.anthropic_api_key.reveal() == KEY
    assert KEY not in f"{made!r} {made} {made.anthropic_api_key} {made.anthropic_api_key!r} {asdict(made)}"
    with pytest.raises(TypeError):
        msgspec.json.encode(made)


def test_the_variables_of_anthropic_s_own_programs_hold_where_we_are_told_nothing(tmp_path: Path) -> None:
    environ = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": "http://localhost:9/v1"}

    made = loaded(tmp_path, environ=environ)

    assert (made.anthropic_api_key, made.anthropic_base_url) == (Secret(KEY), "http://localhost:9/v1")
    assert loaded(tmp_path, 'anthropic_api_key = "other"', environ=environ).anthropic_api_key == Secret("other")
    assert not loaded(tmp_path, environ={**environ, "PUNTINI_ANTHROPIC_API_KEY": ""}).anthropic_api_key


@pytest.mark.parametrize("wrong", [f"{KEY} ", f"{KEY}\n", f"{KEY}\0", f"{KEY}é"])
def test_a_key_that_can_t_be_one_is_refused_without_being_repeated(tmp_path: Path, wrong: str) -> None:
    sentence = refusal(tmp_path, environ={"ANTHROPIC_API_KEY": wrong})

    assert sentence == (
        "`anthropic_api_key` (in the environment) can't be what it is: "
        "write the key alone, on one line and without spaces."
    )


@pytest.mark.parametrize("value", ["5", "[1]", "true", "{a = 1}"])
def test_a_key_is_a_text(tmp_path: Path, value: str) -> None:
    assert "can't be what it is" in refusal(tmp_path, f"anthropic_api_key = {value}")


@pytest.mark.parametrize(
    "wrong", ["api.anthropic.com", "ftp://a", "https://", "https://me:word@a.example", "https://a b"]
)
def test_an_address_has_its_scheme_and_no_password(tmp_path: Path, wrong: str) -> None:
    sentence = refusal(tmp_path, environ={"PUNTINI_ANTHROPIC_BASE_URL": wrong})

    assert "like https://api.anthropic.com" in sentence
    assert "word@" not in sentence


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("port", "70000", "give a whole number from 0 to 65535."),
        ("max_streams", "many", "give a whole number from 1 to 1099511627776."),
        ("task_seconds", "-1", "give a number from 0 to 315360000."),
        ("grace", "0", "give a number above 0, up to 315360000."),
        ("host", "", "write some text."),
    ],
)
def test_a_refusal_says_what_can_be(tmp_path: Path, name: str, value: str, advice: str) -> None:
    assert refusal(tmp_path, flags={name: value}).endswith(f": {advice}")


@pytest.mark.parametrize(
    ("store", "without", "hidden"),
    [
        ("puntini.db", "puntini.db", []),
        ("postgresql://ann@host/db", "postgresql://ann@host/db", []),
        ("postgresql://ann:pass%40word@host:5,two/db", "postgresql://ann@host:5,two/db", ["pass%40word", "pass@word"]),
        ("postgres://host/db?password=hunter2&a=b", "postgres://host/db?password=***&a=b", ["hunter2"]),
        ("postgresql://a:odd/p@ss:word@[::1]/db", "postgresql://a@[::1]/db", ["odd/p@ss:word"]),
    ],
)
def test_a_stores_address_is_shown_without_its_password(store: str, without: str, hidden: list[str]) -> None:
    assert shown(store) == without
    assert Settings(store=store).secrets == hidden
