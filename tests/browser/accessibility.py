"""Whether everybody can use a page: what axe-core finds, and whether it fits on a phone."""

from __future__ import annotations

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

_AXE = Axe().axe_script
_RUN = """async (options) => {
    // Colours on their way from one to the other are no colours of the page.
    document.getAnimations().forEach((each) => each.finish());
    return { violations: (await axe.run(options)).violations };
}"""
_OPTIONS = {"resultTypes": ["violations"], "iframes": False, "preload": False}
_ALL_RULES = {**_OPTIONS, "rules": {"target-size": {"enabled": True}}}
# Nothing but colours is another in the dark.
_COLOURS = {**_OPTIONS, "runOnly": ["color-contrast", "link-in-text-block"]}
_PHONE = {"width": 390, "height": 844}
_DESK = {"width": 1280, "height": 900}


async def violations(page: Page) -> list[str]:
    """What axe-core finds wrong with a page, in light and in dark, with everything unfolded."""
    await page.locator("details").evaluate_all("all => all.forEach(each => { each.open = true })")
    await page.evaluate(_AXE)
    found = []
    for scheme, options in (("light", _ALL_RULES), ("dark", _COLOURS)):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        results = await page.evaluate(_RUN, options)
        found += [
            f"{scheme}: {rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
            for rule in results["violations"]
            for node in rule["nodes"]
        ]
    await page.emulate_media(color_scheme="light")
    return found


async def too_wide(page: Page) -> list[str]:
    """What makes a page scroll sideways on a phone of 390 pixels."""
    await page.set_viewport_size(_PHONE)  # type: ignore[arg-type]
    found: list[str] = await page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return [];
            return [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > width + 1)
                .slice(0, 3)
                .map((each) => `wider than a phone: ${each.outerHTML.slice(0, 150)}`);
        }"""
    )
    await page.set_viewport_size(_DESK)  # type: ignore[arg-type]
    return found
