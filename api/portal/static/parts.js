// Brings a part of a page up to date, as the same part of a newer reading of it shows it. What
// somebody is writing is left alone, and focus, open details and scrolling stay as they are.
//
// `keepdateParts.update(region, fresh, newest)`: the part, its newer likeness, and what reads the page
// once more. For `live.js`, which knows when.
"use strict";

window.keepdateParts = (() => {
  const announcer = document.createElement("div");
  announcer.className = "visually-hidden";
  announcer.setAttribute("role", "status");
  document.body.append(announcer);

  const CLOCKS = "time[datetime], [data-clock]";
  const WORDS = "textarea, input:is([type=text], [type=url], [type=email])";

  function update(region, fresh, newest, force = false) {
    if (!fresh || !region.isConnected) return;
    const notice = document.getElementById(`${region.id}-changed`);
    const before = essence(region);
    if (before === essence(fresh)) {
      if (notice) notice.remove();
      tellTime(region, fresh);
      return;
    }
    const kept = force ? new Map() : formsInUse(region, fresh);
    if (kept === null) {
      if (!notice) region.before(noticeOf(region, newest));
      return;
    }
    if (notice) notice.remove();
    const scrollers = [region, ...region.querySelectorAll("[data-live-scroll]")]
      .filter((each) => each.dataset.liveScroll === "end")
      .filter((each) => each.scrollHeight - each.scrollTop - each.clientHeight < 48);
    const refocus = rememberFocus(region);
    const written = [...region.querySelectorAll(WORDS)].filter(isWritten);
    morph(region, fresh, kept);
    refocus();
    const lost = written.filter((field) => !field.isConnected).map((field) => field.value);
    if (lost.length) region.before(keepsakeOf(lost));
    for (const scroller of scrollers) scroller.scrollTop = scroller.scrollHeight;
    // All that differed may have been a form in use, which was left as it is.
    if (!region.dataset.liveLabel || essence(region) === before) return;
    announcer.textContent = `${region.dataset.liveLabel}: updated.`;
  }

  // How long ago something was is another thing to say each minute, and no change of the page.
  function tellTime(region, fresh) {
    const told = fresh.querySelectorAll(CLOCKS);
    region.querySelectorAll(CLOCKS).forEach((each, index) => {
      const words = told[index].textContent;
      if (each.textContent !== words) each.textContent = words;
    });
  }

  function noticeOf(region, newest) {
    const notice = document.createElement("div");
    notice.id = `${region.id}-changed`;
    notice.className = "notice live-notice";
    notice.setAttribute("role", "status");
    const words = document.createElement("span");
    words.textContent = "This has changed while you were writing. ";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Show the change";
    button.addEventListener("click", async () => {
      const page = await newest().catch(() => null);
      if (!page) return;
      notice.remove();
      update(region, page.getElementById(region.id), newest, true);
      takeFocus(region);
    });
    notice.append(words, button);
    return notice;
  }

  // What was written into a form that is gone is not gone with it, as on a page without scripts.
  function keepsakeOf(texts) {
    const notice = document.createElement("div");
    notice.className = "notice notice-warning live-notice";
    notice.setAttribute("role", "status");
    const words = document.createElement("p");
    words.textContent = "You had written:";
    notice.append(words);
    for (const text of texts) {
      const quote = document.createElement("blockquote");
      quote.className = "prose";
      quote.textContent = text;
      notice.append(quote);
    }
    return notice;
  }

  // What counts as a change: not the tokens of forms, nor the clock, nor how long ago something was.
  function essence(node) {
    const copy = node.cloneNode(true);
    for (const each of copy.querySelectorAll("input[type=hidden]")) each.remove();
    for (const each of copy.querySelectorAll(CLOCKS)) each.textContent = "";
    for (const each of copy.querySelectorAll("[min]")) each.removeAttribute("min");
    for (const each of copy.querySelectorAll("details[open]")) each.removeAttribute("open");
    return copy.innerHTML;
  }

  // The forms that somebody is writing in, by their fresh likenesses; null if one has changed.
  function formsInUse(region, fresh) {
    const found = new Map();
    for (const form of region.querySelectorAll("form")) {
      if (!isInUse(form)) continue;
      const alike = [...fresh.querySelectorAll("form")].find(
        (each) =>
          each.id === form.id &&
          each.getAttribute("action") === form.getAttribute("action") &&
          !found.has(each),
      );
      if (!alike || (!isSent(form) && essence(alike) !== essence(form))) return null;
      found.set(alike, form);
    }
    return found;
  }

  function isInUse(form) {
    const active = document.activeElement;
    const isWriting =
      form.contains(active) &&
      active.matches("textarea, select, input:not([type=submit], [type=button], [type=reset])");
    return isWriting || isSent(form) || [...form.elements].some(isChanged);
  }

  // It was refused, and is shown again with what was written, and with what is wrong with it.
  const isSent = (form) => form.hasAttribute("data-sent");

  const isWritten = (field) => isChanged(field) || (isSent(field.form) && field.value !== "");

  function isChanged(field) {
    if (field.matches("button, fieldset, output, object, [type=hidden], [type=submit]")) {
      return false;
    }
    if (field.matches("[type=checkbox], [type=radio]")) {
      return field.checked !== field.defaultChecked;
    }
    if (field.matches("select")) {
      const initial = [...field.options].findIndex((option) => option.defaultSelected);
      return !field.multiple && field.selectedIndex !== Math.max(initial, 0);
    }
    return field.value !== field.defaultValue;
  }

  function rememberFocus(region) {
    const active = document.activeElement;
    if (!active || !region.contains(active)) return () => {};
    const name = nameOf(active);
    return () => {
      if (document.activeElement === active) return;
      const next = active.isConnected
        ? active
        : [...region.querySelectorAll(active.localName)].find((each) => nameOf(each) === name);
      if (next) next.focus({ preventScroll: true });
      else takeFocus(region);
    };
  }

  // Otherwise whoever has no mouse would be at the top of the page again.
  function takeFocus(region) {
    if (!region.hasAttribute("tabindex")) region.setAttribute("tabindex", "-1");
    region.focus({ preventScroll: true });
  }

  function nameOf(element) {
    const link = element.getAttribute("href") || element.getAttribute("name") || "";
    return element.id || `${link} ${element.textContent.trim()}`;
  }

  // What the reader, or this script, has changed.
  const OURS = new Set(["open", "tabindex"]);

  // Changes as few nodes as it takes, so that focus, open details and scrolling stay as they are.
  function morph(old, fresh, kept) {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!fresh.hasAttribute(name) && !OURS.has(name)) old.removeAttribute(name);
    }
    for (const { name, value } of fresh.attributes) {
      if (old.getAttribute(name) !== value && !OURS.has(name)) old.setAttribute(name, value);
    }
    const known = new Map([...old.children].map((child) => [keyOf(child), child]));
    const staying = new Set([...fresh.children].map(keyOf));
    let at = old.firstChild;
    for (const child of fresh.childNodes) {
      // A form in use that goes with it comes back where its likeness is.
      while (at && keyOf(at) && !staying.has(keyOf(at))) {
        // With the space after it, or all that stays would be put in anew behind that: no place to
        // which somebody has scrolled outlasts it, and a log is read out from its beginning.
        if (isSpace(at.nextSibling)) at.nextSibling.remove();
        const gone = at;
        at = at.nextSibling;
        gone.remove();
      }
      const key = keyOf(child);
      const isAlike = at && !keyOf(at) && at.nodeName === child.nodeName && !isKept(at, kept);
      const match = kept.get(child) || (key ? known.get(key) : isAlike ? at : null);
      if (!match || match.nodeName !== child.nodeName) {
        old.insertBefore(adopted(child, kept), at);
        continue;
      }
      if (match === at) at = at.nextSibling;
      else old.insertBefore(match, at);
      if (!kept.has(child) && !match.isEqualNode(child)) morph(match, child, kept);
    }
    while (at) {
      const gone = at;
      at = at.nextSibling;
      gone.remove();
    }
  }

  const isKept = (node, kept) => [...kept.values()].includes(node);

  const isSpace = (node) => node?.nodeType === Node.TEXT_NODE && node.nodeValue.trim() === "";

  const keyOf = (node) => node.id || (node.dataset && node.dataset.key) || "";

  // A copy of a fresh node that holds the forms in use themselves, not their likenesses.
  function adopted(fresh, kept) {
    const copy = document.importNode(fresh, true);
    if (fresh.nodeType !== Node.ELEMENT_NODE) return copy;
    const likenesses = [...copy.querySelectorAll("form")];
    [...fresh.querySelectorAll("form")].forEach((form, index) => {
      if (kept.has(form)) likenesses[index].replaceWith(kept.get(form));
    });
    return copy;
  }

  return { update };
})();
