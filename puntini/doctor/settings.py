"""Settings that will bite: each is allowed, and wrong somewhere."""

from collections.abc import Callable, Iterator

from puntini.auth.origins import is_loopback
from puntini.doctor.findings import Finding, fail, ok, warn
from puntini.doctor.place import Place
from puntini.settings import Settings

FILES_BESIDE = 256
"""Files that a server has open beside its streams: its store, its listener, what its agents and their models open."""
LEAST_SECRET = 32
DOCKER_SECONDS, KUBERNETES_SECONDS = 10.0, 30.0
"""So long these wait, where they are told nothing else, between asking a process to end and killing it."""
LEAVE_SECONDS = 5.0
"""What a server may take beyond its grace (see ``puntini.server``)."""
PROXY_SECONDS = 60.0
"""After so much silence nginx, and many a load balancer, cut a connection."""

Look = Callable[[Settings, Place], Iterator[Finding]]


def findings(settings: Settings, place: Place) -> list[Finding]:
    """What there is to say of the settings, at this place."""
    return [finding for look in _LOOKS for finding in look(settings, place)]


def _host(settings: Settings, place: Place) -> Iterator[Finding]:
    if not is_loopback(settings.host):
        yield ok("host", f"Others can reach {settings.host}.")
    elif place.container:
        yield fail("host", f"Nobody outside of this container reaches {settings.host}: set host to 0.0.0.0.")
    else:
        yield ok("host", f"Only this machine reaches {settings.host}.")


def _secret(settings: Settings, _place: Place) -> Iterator[Finding]:
    shared = settings.store.startswith(("postgresql:", "postgres:"))
    if settings.secret and len(settings.secret.reveal()) < LEAST_SECRET:
        yield fail("secret", f"The secret is short: set PUNTINI_SECRET to {LEAST_SECRET} random characters or more.")
    elif settings.secret:
        yield ok("secret", "There is a secret to sign tokens with.")
    elif not is_loopback(settings.host) or shared:
        yield fail("secret", "Set PUNTINI_SECRET, the same for every node: `openssl rand -hex 32` makes one.")
    else:
        yield ok("secret", "The store keeps a secret of its own.")


def _proxies(settings: Settings, _place: Place) -> Iterator[Finding]:
    if settings.trusted_proxies:
        yield ok("trusted_proxies", f"Who calls is what {', '.join(settings.trusted_proxies)} says.")
    elif not is_loopback(settings.host):
        yield warn(
            "trusted_proxies",
            "If a proxy is in front, name it: else all callers share its address, and the limits of one address.",
        )


def _grace(settings: Settings, place: Place) -> Iterator[Finding]:
    most = KUBERNETES_SECONDS if place.kubernetes else DOCKER_SECONDS if place.container else 0.0
    needed = settings.grace + LEAVE_SECONDS
    if most and needed > most:
        where = "terminationGracePeriodSeconds" if place.kubernetes else "stop_grace_period (docker stop --timeout)"
        yield warn("grace", f"A drain may take {needed:g} s and the platform waits {most:g}: set {where} to more.")
    else:
        yield ok("grace", f"Streams and tasks have {settings.grace:g} s to end well.")


def _open_files(settings: Settings, place: Place) -> Iterator[Finding]:
    needed = settings.max_streams + FILES_BESIDE
    if place.open_files >= needed:
        yield ok("open files", f"{place.open_files} may be open, enough for {settings.max_streams} streams.")
        return
    said = (
        f"{settings.max_streams} streams need {needed} open files and there may be {place.open_files}: raise it "
        "(ulimit -n, LimitNOFILE), or lower max_streams."
    )
    yield warn("open files", said) if is_loopback(settings.host) else fail("open files", said)


def _retention(settings: Settings, _place: Place) -> Iterator[Finding]:
    if not settings.retention_days and not settings.retention_bytes_per_session:
        yield warn("retention", "Events are kept for ever and the store only grows: set retention_days.")
    else:
        yield ok("retention", "What is old or too much is forgotten.")


def _words(settings: Settings, _place: Place) -> Iterator[Finding]:
    if not settings.redact_prompts and settings.log_format == "json":
        yield warn(
            "redact_prompts",
            "Log lines may quote prompts in exceptions' texts: set it if they leave this machine.",
        )


def _pings(settings: Settings, _place: Place) -> Iterator[Finding]:
    if settings.ping_seconds >= PROXY_SECONDS:
        yield warn(
            "ping_seconds", f"Proxies cut streams that are silent for {PROXY_SECONDS:g} s: set it to less, such as 15."
        )


def _model(settings: Settings, _place: Place) -> Iterator[Finding]:
    if settings.model == "auto" and not settings.anthropic_api_key:
        yield warn("model", "There is no key, so the offline model answers: set ANTHROPIC_API_KEY, or model = offline.")
    elif settings.model == "anthropic" and not settings.anthropic_api_key:
        yield fail("model", "The anthropic model needs a key: set ANTHROPIC_API_KEY.")
    else:
        yield ok("model", f"The model is {settings.model}.")


_LOOKS: tuple[Look, ...] = (
    _host,
    _secret,
    _proxies,
    _grace,
    _open_files,
    _retention,
    _words,
    _pings,
    _model,
)
