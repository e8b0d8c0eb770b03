"""Which websites may call the API. Starlette's own middleware, with our error shape for preflights that are refused."""

from typing import Any

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import ErrorSpec, refuse

CORS_REFUSED = ErrorSpec("CORS_REFUSED", 400, "Origine, méthode ou en-tête non autorisé")


class CorsMiddleware(CORSMiddleware):
    """Answers preflights, and marks what the allowed origins may read. What is below `elsewhere` does so by itself."""

    def __init__(self, app: ASGIApp, *, elsewhere: str, **options: Any) -> None:
        super().__init__(app, **options)
        self.elsewhere = (elsewhere, f"{elsewhere}/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            if path == self.elsewhere[0] or path.startswith(self.elsewhere[1]):
                return await self.app(scope, receive, send)
        await super().__call__(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """The answer to a preflight; what it says of a refusal goes into the details."""
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        refused = refuse(CORS_REFUSED, bytes(answer.body).decode()).response()
        refused.headers.update(
            {name: value for name, value in answer.headers.items() if name.startswith(("access-", "vary"))}
        )
        return refused
