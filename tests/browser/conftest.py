"""A real browser. Without one these tests are skipped, and say so; where `CI` is set they fail instead."""

import os
import shutil
from collections.abc import AsyncGenerator

import pytest
from playwright.async_api import Page, async_playwright

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture
async def page() -> AsyncGenerator[Page]:
    """An empty page; a script error on it fails the test."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("no browser: install chromium")
        pytest.skip("NO BROWSER TESTED: install chromium to run these tests")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        page = await browser.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        yield page
        await browser.close()
        assert errors == []
