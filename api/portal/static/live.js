// Live updates. Pages work without this script; with it, they show what happens while they are open.
//
// The server says that something happened, never what: the page is read again, and the parts of it
// that are concerned (elements with an id and data-live="booking:<id> bookings …") are brought up
// to date in place. What somebody is writing is left alone.
"use strict";

(() => {
  const { liveUrl, liveAfter, livePage } = document.body.dataset;
  if (!liveUrl || !window.EventSource || !document.querySelector("[data-live][id]")) return;

  // Changes come in bursts, of which one reading of the page shows all.
  const GATHER_MS = 30;
  const BETWEEN_READINGS_MS = 500;
  // The server says something every 15 seconds. A computer that was asleep may wait for ever.
  const SILENCE_MS = 40_000;
  const FIRST_PAUSE_MS = 2_000;
  const LONGEST_PAUSE_MS = 60_000;

  // ---- Following

  let source = null;
  let place = liveAfter || null;
  let lastHeard = 0;
  let pause = FIRST_PAUSE_MS;
  let again = 0;

  function follow() {
    leave();
    lastHeard = Date.now();
    // The address says where the page stands; when the browser reconnects, it says so by itself.
    source = new EventSource(place ? `${liveUrl}?after=${encodeURIComponent(place)}` : liveUrl);
    source.onmessage = hear;
    source.onerror = () => {
      // Otherwise the browser tries again on its own.
      if (source === null || source.readyState !== EventSource.CLOSED) return;
      leave();
      again = setTimeout(follow, pause * (0.5 + Math.random() / 2));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    };
  }

  function leave() {
    clearTimeout(again);
    if (source !== null) source.close();
    source = null;
  }

  function hear(event) {
    const change = JSON.parse(event.data);
    const isFirst = place === null;
    place = event.lastEventId;
    lastHeard = Date.now();
    pause = FIRST_PAUSE_MS;
    if (change.type === "position") {
      // The page did not know where it stood, so it may have missed something before this.
      if (isFirst) want([EVERYTHING]);
    } else {
      want(change.type === "reset" ? [EVERYTHING] : topicsOf(change));
    }
  }

  function topicsOf(change) {
    if (change.type === "message.read" && isShown(change.conversation_id)) return [];
    const found = ["any"];
    if (change.booking_id) found.push("bookings", `booking:${change.booking_id}`);
    if (change.conversation_id) {
      found.push("conversations", `conversation:${change.conversation_id}`);
    }
    if (change.subject === "standing") {
      found.push("standing", `standing:${change.provider_id}`);
      if (change.type.startsWith("topics.")) found.push("topics");
    }
    return found;
  }

  // Then it was this page that was read: its own counts are right.
  function isShown(conversation) {
    return document.querySelector(`[data-live~="conversation:${conversation}"]`) !== null;
  }

  // ---- Reading the page again

  const EVERYTHING = "everything";
  const wanted = new Set();
  let isReading = false;
  let reading = 0;
  let lastRead = 0;

  function want(topics) {
    for (const topic of topics) wanted.add(topic);
    readSoon(GATHER_MS);
  }

  function readSoon(wait) {
    if (isReading || reading) return;
    const left = Math.max(wait, lastRead + BETWEEN_READINGS_MS - Date.now());
    reading = setTimeout(read, left);
  }

  async function read() {
    reading = 0;
    const topics = new Set(wanted);
    wanted.clear();
    const regions = [...document.querySelectorAll("[data-live][id]")].filter(
      (region) =>
        topics.has(EVERYTHING) || region.dataset.live.split(/\s+/).some((topic) => topics.has(topic)),
    );
    if (!regions.length) return;
    isReading = true;
    lastRead = Date.now();
    let wait = GATHER_MS;
    try {
      const page = await newest();
      if (page) for (const region of regions) update(region, page.getElementById(region.id));
    } catch {
      // The network or the server is away: what is wanted stays wanted.
      for (const topic of topics) wanted.add(topic);
      wait = FIRST_PAUSE_MS;
    } finally {
      isReading = false;
    }
    if (wanted.size) readSoon(wait);
  }

  async function newest() {
    const answer = await fetch(livePage || location.href.split("#")[0], {
      cache: "no-store",
      credentials: "same-origin",
      headers: { Accept: "text/html", "X-Keepdate-Live": "1" },
    });
    if (answer.status >= 500) throw new Error("the server is away");
    // Signed out, or gone: whoever looks at it finds out with their next step.
    if (!answer.ok || answer.redirected) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  // ---- Bringing a part of the page up to date

  const announcer = document.createElement("div");
  announcer.className = "visually-hidden";
  announcer.setAttribute("role", "status");
  document.body.append(announcer);

  const WORDS = "textarea, input:is([type=text], [type=url], [type=email])";

  function update(region, fresh, force = false) {
    if (!fresh || !region.isConnected) return;
    const notice = document.getElementById(`${region.id}-changed`);
    if (essence(region) === essence(fresh)) {
      if (notice) notice.remove();
      return;
    }
    const kept = force ? new Map() : formsInUse(region, fresh);
    if (kept === null) {
      if (!notice) region.before(noticeOf(region));
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
    if (region.dataset.liveLabel) announcer.textContent = `${region.dataset.liveLabel}: updated.`;
  }

  function noticeOf(region) {
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
      update(region, page.getElementById(region.id), true);
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
    for (const each of copy.querySelectorAll("time[datetime], [data-clock]")) each.textContent = "";
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

  // ---- Beginning, sleeping, waking

  for (const scroller of document.querySelectorAll("[data-live-scroll=end]")) {
    scroller.scrollTop = scroller.scrollHeight;
  }
  // Nobody sees a hidden page, and browsers allow few connections: it goes on where it stopped.
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : follow()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => event.persisted && follow());
  window.addEventListener("online", () => !document.hidden && follow());
  setInterval(() => {
    if (source !== null && Date.now() - lastHeard > SILENCE_MS) follow();
  }, 5_000);
  if (!document.hidden) follow();
})();
