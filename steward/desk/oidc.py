"""Signing in by OpenID Connect: authorization code with PKCE, by Authlib.

What the provider vouches for is issuer and subject; which steward that is, an administrator said.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.starlette_client import OAuth
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.middleware.sessions import SessionMiddleware
from starlette.responses import Response

from steward.desk.settings import DeskSettings
from stores.kept_credentials import credential_of_sign_in
from stores.platform import Platform
from stores.steward_credentials import StewardCredential

__all__ = ["add_provider"]

_STATE_COOKIE = "classline-desk-signing-in"
_STATE_SECONDS = 600


def add_provider(
    app: FastAPI,
    platform: Platform,
    settings: DeskSettings,
    begin: Callable[[StewardCredential], Response],
) -> None:
    """Add the routes that lead to the provider and back."""
    oidc = settings.oidc
    if oidc is None:
        message = "no provider is set"
        raise ValueError(message)
    app.add_middleware(
        SessionMiddleware,
        secret_key=secrets.token_urlsafe(32),
        session_cookie=_STATE_COOKIE,
        max_age=_STATE_SECONDS,
        same_site="lax",
        https_only=settings.secure,
    )
    oauth = OAuth()
    oauth.register(
        "provider",
        client_id=oidc.client_id,
        client_secret=oidc.client_secret,
        server_metadata_url=f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid", "code_challenge_method": "S256"},
    )
    provider: Any = oauth.create_client("provider")  # Any: the library types nothing here

    @app.get("/sign-in/start")
    async def start(request: Request) -> Response:
        try:
            answer: Response = await provider.authorize_redirect(
                request, f"{settings.url}/sign-in/done"
            )
        except Exception as error:  # noqa: BLE001 - whatever failed, nobody is let in
            raise _unreachable(error) from None
        return answer

    @app.get("/sign-in/done")
    async def done(request: Request) -> Response:
        try:
            token = await provider.authorize_access_token(request)
            claims = token["userinfo"]
            issuer, subject = str(claims["iss"]), str(claims["sub"])
        except (OAuthError, KeyError, TypeError) as error:
            raise HTTPException(
                403, f"the provider's answer was refused ({type(error).__name__}); sign in again"
            ) from None
        except Exception as error:  # noqa: BLE001 - whatever failed, nobody is let in
            raise _unreachable(error) from None
        finally:
            request.session.clear()
        if issuer != oidc.issuer or not subject:
            raise HTTPException(403, "the provider is not the one that is set; sign in again")
        return begin(credential_of_sign_in(platform, issuer, subject))


def _unreachable(error: Exception) -> HTTPException:
    return HTTPException(
        403,
        f"the provider's answer was refused, or there was none ({type(error).__name__}); try again",
    )
