"""The cookies of the console: HttpOnly, so no script reads them; SameSite=Strict, so no other site sends them."""

from starlette.requests import Request
from starlette.responses import Response

from puntini.auth.accounts import Accounts, Pair
from puntini.auth.credentials import COOKIE, REFRESH_COOKIE

PATHS = {COOKIE: "/", REFRESH_COOKIE: "/v1/"}


def baked(request: Request, response: Response, pair: Pair, accounts: Accounts) -> Response:
    """The response with the tokens as cookies, for as long as they are good."""
    _put(request, response, COOKIE, pair.access, accounts.access_seconds)
    _put(request, response, REFRESH_COOKIE, pair.refresh, accounts.refresh_seconds)
    return response


def cleared(request: Request, response: Response) -> Response:
    """The response, which takes the cookies away."""
    for name in PATHS:
        _put(request, response, name, "", 0)
    return response


def _put(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, path=PATHS[name], secure=_is_secure(request), httponly=True, samesite="strict"
    )


def _is_secure(request: Request) -> bool:
    """Whether the browser came by https, to us or to a proxy. Who lies here only keeps their own cookie to https."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto", "").strip().lower() == "https"
