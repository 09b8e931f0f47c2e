"""Every setting, read here once: a TOML file, then the environment (``PUNTINI_…``), then flags; the later wins."""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from hmac import compare_digest
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta, Struct
from msgspec.inspect import BoolType, FloatType, IntType, StrType, type_info
from msgspec.structs import FieldInfo, fields

from puntini.errors import Misconfigured

FILE = "puntini.toml"
PREFIX = "PUNTINI_"
CREDENTIALS = frozenset({"PUNTINI_URL", "PUNTINI_TOKEN", "PUNTINI_API_KEY"})
"""Variables of the command line's client, which are no settings of the server."""
THEIRS = {
    "ANTHROPIC_API_KEY": "anthropic_api_key",
    "ANTHROPIC_BASE_URL": "anthropic_base_url",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "otlp_endpoint",
}
"""Variables of others' programs, Anthropic's and OpenTelemetry's, that hold where we are told nothing else."""

MIB = 1 << 20
TEN_YEARS = 315_360_000.0
MOST = 1 << 40
Text = Annotated[str, Meta(min_length=1)]
Seconds = Annotated[float, Meta(ge=0, le=TEN_YEARS)]
Positive = Annotated[float, Meta(gt=0, le=TEN_YEARS)]
Days = Annotated[float, Meta(ge=0, le=36_500)]
Count = Annotated[int, Meta(ge=1, le=MOST)]
Amount = Annotated[int, Meta(ge=0, le=MOST)]
Origin = Annotated[str, Meta(pattern=r"^https?://[a-z0-9.\[\]:-]+$")]
Address = Annotated[str, Meta(pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$")]


class Secret:
    """A text that is never shown, in no repr, log line or error; ``reveal()`` tells it to who has to know."""

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself; empty if there is none."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret(...)" if self else "Secret()"

    def __str__(self) -> str:
        return "(secret)" if self else ""


DATABASES = ("postgresql://", "postgres://")
_IN_ADDRESS = re.compile(r"(://[^:@/?]*):(.*)@", re.DOTALL)
_IN_QUERY = re.compile(r"([?&](?:ssl)?password=)([^&]*)")


def passwords(store: str) -> list[str]:
    """What nobody may see of a store's address, as it is written there and as it is meant."""
    if not store.startswith(DATABASES):
        return []
    written = [found[2] for form in (_IN_ADDRESS, _IN_QUERY) for found in form.finditer(store)]
    return list(dict.fromkeys(form for text in written for form in (text, unquote(text)) if form))


def shown(store: str) -> str:
    """A store's address as it may be shown: without a password."""
    if not store.startswith(DATABASES):
        return store
    return _IN_QUERY.sub(r"\1***", _IN_ADDRESS.sub(r"\1@", store))


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be set. ``DOCS`` says what each is for."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 8000
    store: Text = "puntini.db"
    store_direct: str = ""
    store_listen: bool = True
    durability: Literal["normal", "full"] = "normal"
    agent: Annotated[tuple[Text, ...], Meta(min_length=1)] = ("puntini",)
    tools: tuple[Text, ...] = ()
    workspace: str = ""
    embedder: str = ""
    model: Literal["auto", "anthropic", "offline"] = "auto"
    anthropic_model: Text = "claude-opus-5-5"
    anthropic_api_key: Secret = Secret()
    anthropic_base_url: Address = "https://api.anthropic.com"
    offline_pause_seconds: Annotated[float, Meta(ge=0, le=1)] = 0.02
    model_thinking_tokens: Annotated[int, Meta(ge=0, le=100_000)] = 8_192
    grace: Positive = 10.0
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    access_log: Literal["off", "errors", "all"] = "errors"
    otlp_endpoint: str = ""
    ping_seconds: Positive = 15.0
    send_deadline_seconds: Positive = 30.0
    lifetime_seconds: Seconds = 3_600.0
    ring_bytes_per_session: Count = 4 * MIB
    ring_bytes: Count = 256 * MIB
    max_streams: Count = 20_000
    max_concurrent_tasks: Count = 1_000
    max_queued_tasks: Count = 10_000
    task_seconds: Seconds = 3_600.0
    session_idle_seconds: Seconds = 3_600.0
    retention_days: Days = 30.0
    retention_bytes_per_session: Amount = 256 * MIB
    secret: Secret = Secret()
    registration: Literal["closed", "open"] = "closed"
    access_minutes: Annotated[float, Meta(gt=0, le=10_080)] = 60.0
    refresh_days: Annotated[float, Meta(gt=0, le=3_650)] = 30.0
    jwks_url: str = ""
    jwks_file: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_admin: str = ""
    cors_origins: tuple[Origin, ...] = ()
    trusted_proxies: tuple[Text, ...] = ()
    api_keys: tuple[Secret, ...] = ()
    rate_limit: Amount = 1_200
    rate_limit_address: Amount = 2_400
    max_streams_per_user: Amount = 200
    command_rate: Annotated[float, Meta(ge=0, le=1_000_000)] = 50.0
    audit_days: Days = 365.0
    redact_prompts: bool = False
    header_seconds: Positive = 10.0
    body_seconds: Positive = 30.0

    @property
    def secrets(self) -> list[str]:
        """What no line may show."""
        password = urlsplit(self.anthropic_base_url).password
        stores = [found for address in (self.store, self.store_direct) for found in passwords(address)]
        keys = [part for key in self.api_keys for part in (key.reveal(), key.reveal().rpartition(":")[2])]
        ours = (self.anthropic_api_key.reveal(), password, self.secret.reveal(), *stores, *keys)
        return [text for text in ours if text]


LISTS = frozenset({"agent", "api_keys", "cors_origins", "tools", "trusted_proxies"})
SECRETS = (Secret, tuple[Secret, ...])
DOCS: dict[str, str] = {
    "host": "address to listen on; one that others can reach takes a secret and an admin",
    "port": "port to listen on; 0 picks a free one",
    "store": "where the log is kept: a SQLite file; postgresql://… for a database that any number of nodes share; or "
    "memory: to forget everything at the end",
    "store_direct": "an address of the same Postgres database without the pooler that `store` names, for what a pooler "
    "can't do; none without",
    "store_listen": "hear of what other servers write at once, by LISTEN and NOTIFY; false behind a pooler without "
    "`store_direct`, and then by asking often",
    "durability": "what a commit survives: normal, the end of the process; full, also a power cut, at the price of a "
    "wait for the disk",
    "agent": "the agents that are served, each by name or as [NAME=]MODULE:ATTRIBUTE, separated by commas; the first "
    "serves sessions which name none",
    "tools": "tools of your own for the built-in agents, each as MODULE or MODULE:NAME, separated by commas",
    "workspace": "a directory that agents may read, with tools that list, search and show files; none without",
    "embedder": "a function of your own that makes vectors of texts, as [NAME=]MODULE:ATTRIBUTE, by which documents "
    "are found too; none without",
    "model": "what answers in the built-in agents: anthropic; offline, rules that need no key and no network; auto, "
    "anthropic if there is a key and else offline",
    "anthropic_model": "which of Anthropic's models to ask",
    "anthropic_api_key": "the key to Anthropic's API; ANTHROPIC_API_KEY is read where this is not set",
    "anthropic_base_url": "where Anthropic's API, or what stands for it, is; ANTHROPIC_BASE_URL is read where this is "
    "not set",
    "offline_pause_seconds": "seconds the offline model waits before each word, so that one can read along",
    "model_thinking_tokens": "room for the model's thinking, beside its answer; 0 asks for none",
    "grace": "seconds that SIGTERM and Ctrl-C leave to streams and tasks",
    "log_format": "log lines as text for people or json for machines",
    "log_level": "the least important log lines to show",
    "access_log": "log lines about requests: off; errors, those that met a fault of the server's; all",
    "otlp_endpoint": "where traces are sent by OTLP over HTTP, such as http://127.0.0.1:4318; none without. "
    "OTEL_EXPORTER_OTLP_ENDPOINT is read where this is not set",
    "ping_seconds": "seconds of silence after which a stream gets a ping",
    "send_deadline_seconds": "seconds without progress after which a client that does not read is cut off",
    "lifetime_seconds": "seconds after which a stream is asked to reconnect, give or take a tenth; 0 never",
    "ring_bytes_per_session": "memory for the newest events of one live session, in bytes",
    "ring_bytes": "memory for the newest events of all live sessions, in bytes",
    "max_streams": "how many streams may be open at once",
    "max_concurrent_tasks": "how many tasks may run at once; the others wait",
    "max_queued_tasks": "how many tasks may wait for their turn; a prompt too many gets 429 and their number",
    "task_seconds": "seconds that an attempt at a task may take, without its pauses; 0 without end",
    "session_idle_seconds": "seconds after which a session that nobody uses is closed; 0 never",
    "retention_days": "days that events are kept; 0 for ever",
    "retention_bytes_per_session": "bytes of events that are kept in a session; 0 all",
    "secret": "what tokens are signed with, at least 32 random characters; on a loopback address the store keeps one "
    "of its own where this is not set",
    "registration": "who may make an account: closed, admins alone; open, anybody",
    "access_minutes": "minutes that an access token is good",
    "refresh_days": "days that a log-in can be refreshed",
    "jwks_url": "where an identity provider publishes its keys (JWKS), by whose tokens its users come in; none without",
    "jwks_file": "a file with such keys, in place of an address",
    "jwt_issuer": "the `iss` that the provider's tokens have",
    "jwt_audience": "the `aud` that they have for this server",
    "jwt_admin": "the claim that makes an admin, as CLAIM=VALUE, such as role=admin; none without",
    "cors_origins": "origins of other web pages that may use this server, separated by commas",
    "trusted_proxies": "addresses or networks of proxies whose word on who calls is taken, separated by commas",
    "api_keys": "API keys that are fixed here, each as NAME:ROLE:SECRET, separated by commas; ROLE is user or admin",
    "rate_limit": "requests a minute that one credential may make; 0 any number",
    "rate_limit_address": "requests a minute that may come from one address; 0 any number",
    "max_streams_per_user": "how many streams one user may have open at once; 0 any number",
    "command_rate": "commands a second that one WebSocket may send, and twice as many at once; 0 any number",
    "audit_days": "days that entries of the audit log are kept; 0 for ever",
    "redact_prompts": "whether log lines leave out the text of exceptions and of libraries' lines, which may quote "
    "prompts and answers",
    "header_seconds": "seconds a client has to send a request's headers",
    "body_seconds": "seconds a client has to send a request's body",
}


def load(flags: Mapping[str, Any], environ: Mapping[str, str], cwd: Path, config: Path | None = None) -> Settings:
    """Put the settings together. Raises Misconfigured, which names the setting and where it was made."""
    values: dict[str, Any] = {}
    made = (_theirs(environ), _file(cwd, config), _environment(environ), ("the command line", dict(flags)))
    for source, found in made:
        listed = _listed(found)
        _check(source, listed)
        values |= listed
    return msgspec.convert(values, Settings, strict=False, dec_hook=_secret)


def _secret(wanted: type, value: object) -> Secret:
    """What is to be a secret. Raises ValueError, which does not repeat it."""
    if wanted is Secret and isinstance(value, str) and value.isascii() and not re.search(r"[\s\x00-\x1f\x7f]", value):
        return Secret(value)
    raise ValueError("write the key alone, on one line and without spaces")


def _theirs(environ: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    return "the environment", {ours: environ[theirs] for theirs, ours in THEIRS.items() if environ.get(theirs)}


def _file(cwd: Path, config: Path | None) -> tuple[str, dict[str, Any]]:
    path = config or cwd / FILE
    if config is None and not path.exists():
        return FILE, {}
    try:
        return path.name, tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise Misconfigured(f"{path} can't be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Misconfigured(f"{path} is not TOML: {error}.") from None


def _environment(environ: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    ours = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in CREDENTIALS}
    found = {name: value for name, value in ours.items() if not _of_a_cluster(name, value)}
    return "the environment", {name.removeprefix(PREFIX).lower(): value for name, value in found.items()}


def _of_a_cluster(name: str, value: str) -> bool:
    """Whether Kubernetes put this there: it describes each service, and one may well be called ``puntini``."""
    return name.startswith((f"{PREFIX}SERVICE_", f"{PREFIX}PORT_")) or value.startswith("tcp://")


def _listed(found: Mapping[str, Any]) -> dict[str, Any]:
    """What a flag or a variable holds as one text, or a flag as several, as a list."""
    return {name: _parts(value) if name in LISTS else value for name, value in found.items()}


def _parts(value: Any) -> Any:
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        return value  # which is told when it is checked
    return tuple(part.strip() for text in texts for part in text.split(",") if part.strip())


def _check(source: str, found: dict[str, Any]) -> None:
    """Each value by itself, so that the sentence can say which it was."""
    known = {field.name: field for field in fields(Settings)}
    for name, value in found.items():
        if name not in known:
            raise Misconfigured(f"There is no setting `{name}` (in {source}); {_instead(name, known)}")
        wanted = type_of(known[name])
        try:
            msgspec.convert(value, wanted, strict=False, dec_hook=_secret)
        except msgspec.ValidationError as error:
            shown = "what it is" if wanted in (*SECRETS, Address) else repr(value)
            raise Misconfigured(f"`{name}` (in {source}) can't be {shown}: {_advice(wanted, error)}.") from None


def _instead(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"did you mean `{near[0]}`?" if near else "`puntini serve --help` lists them."


def _advice(wanted: Any, error: msgspec.ValidationError) -> str:
    if get_origin(wanted) is Literal:
        return f"use {' or '.join(get_args(wanted))}"
    if Origin in get_args(wanted):
        return "write origins as browsers send them, like https://app.example, separated by commas"
    if wanted is Address:
        return "write an address like https://api.anthropic.com, without a name or a password in it"
    match type_info(wanted):
        case IntType(ge=least, le=most):
            return f"give a whole number from {least} to {most}"
        case FloatType(gt=None, ge=least, le=most):
            return f"give a number from {least:g} to {most:.12g}"
        case FloatType(gt=least, le=most):
            return f"give a number above {least:g}, up to {most:.12g}"
        case BoolType():
            return "write true or false"
        case StrType():
            return "write some text"
        case _:
            return str(error)


def type_of(field: FieldInfo) -> Any:
    """A field's type, with its bounds."""
    return get_type_hints(Settings, include_extras=True)[field.name]
