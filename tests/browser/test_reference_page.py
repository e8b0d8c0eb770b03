"""The API reference, as a developer sees it."""

from playwright.async_api import Page, expect


async def test_operations_are_listed_opened_and_filtered(page: Page, served: str) -> None:
    await page.goto(f"{served}/api/docs")
    operations = page.locator("details")
    described = await page.evaluate("fetch('/api/docs.json').then((answer) => answer.json())")
    await expect(operations).to_have_count(sum(len(methods) for methods in described["paths"].values()))
    ready = operations.filter(has_text="/ready")
    await ready.locator("summary").click()
    await expect(ready.locator("h4").first).to_contain_text("200")
    await page.get_by_role("searchbox").fill("liveness")
    await expect(page.locator("details:visible")).to_have_count(2)


async def test_the_page_asks_nobody_else(page: Page, served: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{served}/api/docs", wait_until="networkidle")
    assert asked
    assert all(url.startswith(served) for url in asked)
