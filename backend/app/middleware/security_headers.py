"""Headers that make a browser careful with what it got from us."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Answers are data: nothing in them is to be sniffed, framed, or run.
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
HSTS = "max-age=31536000; includeSubDomains"


class SecurityHeadersMiddleware:
    """Adds each header that the answer does not set itself."""

    def __init__(self, app: ASGIApp, *, https_only: bool, may_be_kept: bool) -> None:
        self.app = app
        headers = HEADERS | ({"Strict-Transport-Security": HSTS} if https_only else {})
        if not may_be_kept:
            # Whoever asks may not be who asked before; what may be kept says so itself.
            headers |= {"Cache-Control": "no-store"}
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(item for item in self.headers if item[0] not in own)]
            await send(message)

        await self.app(scope, receive, send_with_headers)
