"""Which websites may call the API. Starlette's own middleware, with our error shape for preflights that are refused."""

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from app.errors import ErrorSpec, refuse

CORS_REFUSED = ErrorSpec("CORS_REFUSED", 400, "Origine, méthode ou en-tête non autorisé")


class CorsMiddleware(CORSMiddleware):
    """Answers preflights, and marks what the allowed origins may read."""

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
