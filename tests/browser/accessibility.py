"""Whether everybody can use a page: what axe-core finds, and whether it fits small screens."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import BrowserContext, Page

_AXE = Axe().axe_script
_OPTIONS = {
    "resultTypes": ["violations", "passes"],
    "elementRef": True,
    "selectors": False,
    "iframes": False,
    "preload": False,
}
_ALL_RULES = {**_OPTIONS, "rules": {"target-size": {"enabled": True}}}
# Nothing but colours is another in the dark.
_COLOURS = {**_OPTIONS, "runOnly": ["color-contrast", "link-in-text-block"]}
# On a phone things are left out, and lie closer together.
_NAMES = ["button-name", "label", "link-name", "select-name", "summary-name"]
_ON_A_PHONE = {**_OPTIONS, "runOnly": [*_NAMES, "target-size"]}
# Of each text, the look is all that its contrast follows from: its own style, and what lies behind
# it. To measure contrasts is what takes axe-core longest, and most texts look like some other.
_RUN = """async ({ judged, options }) => {
    // Colours on their way from one to the other are no colours of the page.
    document.getAnimations().forEach((each) => each.finish());

    const behind = (each) => {
        if (!each) return "";
        if (!backs.has(each)) {
            const style = getComputedStyle(each);
            backs.set(each, [behind(each.parentElement), style.backgroundColor,
                style.backgroundImage, style.clip, style.clipPath, style.opacity, style.position,
                style.visibility].join());
        }
        return backs.get(each);
    };
    const look = (each) => {
        const { color, fontSize, fontWeight, textDecorationLine, textShadow } =
            getComputedStyle(each);
        const isDisabled = each.closest(":disabled, [aria-disabled=true]") !== null;
        return [each.localName, color, fontSize, fontWeight, textDecorationLine, textShadow,
            isDisabled, behind(each)].join();
    };
    const isText = (each) => each.matches("input, select, textarea")
        || [...each.childNodes].some((child) => child.nodeType === 3 && child.data.trim());

    const backs = new Map();
    const known = new Set(judged);
    for (const each of document.body.querySelectorAll("*")) {
        each.toggleAttribute("data-new-look", isText(each) && !known.has(look(each)));
    }
    axe.configure({ rules: [{ id: "color-contrast", selector: "[data-new-look]" }] });
    const found = await axe.run(options);
    const looks = (rules) => rules.filter(({ id }) => id === "color-contrast")
        .flatMap(({ nodes }) => nodes.map(({ element }) => look(element)));
    const wrong = new Set(looks(found.violations));
    const judgedNow = looks(found.passes).filter((each) => !wrong.has(each));
    // No element can leave its page.
    for (const { nodes } of found.violations) for (const node of nodes) delete node.element;
    return {
        violations: found.violations,
        // What could not be measured here may be measured where it shows again.
        judged: [...new Set(judgedNow)],
    };
}"""
_PHONE = {"width": 390, "height": 844}
# The narrowest is a phone, and also a desk whose page is zoomed in four times.
_NARROW = ({"width": 320, "height": 640}, _PHONE, {"width": 768, "height": 1024})
_DESK = {"width": 1280, "height": 900}


@dataclass
class Inspector:
    """Looks at page after page, with axe-core; what it finds wrong with a page is said in words.

    Every page is held against every rule. Only contrasts are not measured again in what looks the
    same, in every respect that they follow from, as something whose contrast was good enough.
    """

    good: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    async def sit_beside(self, visitor: BrowserContext) -> None:
        """Has each page that somebody opens from now on hold what it is looked at with."""
        await visitor.add_init_script(_AXE)

    async def violations(self, page: Page) -> list[str]:
        """What is wrong with a page, on a phone, in light and in dark, with everything unfolded."""
        folded = page.locator("details")
        await folded.evaluate_all("all => all.forEach(each => { each.open = true })")
        found = []
        for screen, scheme, options in (
            (_PHONE, "light", _ON_A_PHONE),
            (_DESK, "light", _ALL_RULES),
            (_DESK, "dark", _COLOURS),
        ):
            await page.set_viewport_size(screen)  # type: ignore[arg-type]
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            asked = {"judged": list(self.good[scheme]), "options": options}
            results = await page.evaluate(_RUN, asked)
            self.good[scheme].update(results["judged"])
            where = f"{scheme}, {screen['width']}"
            found += [
                f"{where}: {rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
                for rule in results["violations"]
                for node in rule["nodes"]
            ]
        await page.emulate_media(color_scheme="light")
        return found


async def too_wide(page: Page) -> list[str]:
    """What makes a page scroll sideways on small screens."""
    found: list[str] = []
    for screen in _NARROW:
        await page.set_viewport_size(screen)  # type: ignore[arg-type]
        found += await page.evaluate(
            """() => {
                const width = document.documentElement.clientWidth;
                if (document.documentElement.scrollWidth <= width) return [];
                return [...document.querySelectorAll("body *")]
                    .filter((each) => each.getBoundingClientRect().right > width + 1)
                    .slice(0, 3)
                    .map((each) => `wider than ${width}: ${each.outerHTML.slice(0, 150)}`);
            }"""
        )
    await page.set_viewport_size(_DESK)  # type: ignore[arg-type]
    return found


async def too_long(page: Page) -> list[str]:
    """What makes a page go on below its end: it is positioned, and what scrolls it is not."""
    found: list[str] = await page.evaluate(
        """() => {
            const end = document.querySelector("footer").getBoundingClientRect().bottom;
            const { scrollHeight, clientHeight } = document.documentElement;
            if (scrollHeight <= Math.max(end + window.scrollY + 1, clientHeight)) return [];
            return [...document.querySelectorAll("body *")]
                .filter((each) => getComputedStyle(each).position === "absolute"
                    && each.getBoundingClientRect().bottom > end + 1)
                .slice(0, 3)
                .map((each) => `below the end of the page: ${each.outerHTML.slice(0, 150)}`);
        }"""
    )
    return found
