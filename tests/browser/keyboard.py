"""Somebody without a mouse."""

from __future__ import annotations

from playwright.async_api import Locator, Page

_MOST_STOPS = 120


async def tab_to(page: Page, target: Locator) -> None:
    """Goes to an element by Tab alone; each stop on the way must show that it has the focus."""
    for _ in range(_MOST_STOPS):
        await page.keyboard.press("Tab")
        focused = page.locator(":focus")
        assert await _shows_focus(focused), await focused.evaluate("it => it.outerHTML")
        if await focused.and_(target).count():
            return
    raise AssertionError(f"{target} is not reached by Tab")


async def _shows_focus(focused: Locator) -> bool:
    """Whether an outline or a shadow marks the element, or what it is drawn by."""
    shown: bool = await focused.evaluate(
        """it => {
            const box = it.getBoundingClientRect();
            const marked = [it, it.parentElement, it.nextElementSibling].some((each) => {
                if (!each) return false;
                const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(each);
                return (outlineStyle !== "none" && parseFloat(outlineWidth) >= 1)
                    || boxShadow !== "none";
            });
            return marked && box.bottom > 0 && box.top < innerHeight;
        }"""
    )
    return shown
