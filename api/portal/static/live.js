// Live updates. Pages work without this script; with it, they show what happens while they are open.
//
// The server says that something happened, never what: the page is read again, and the parts of it
// that are concerned (elements with an id and data-live="booking:<id> bookings …") are brought up
// to date in place, by `parts.js`.
"use strict";

(() => {
  const { liveUrl, liveAfter, livePage, viewer } = document.body.dataset;
  if (!liveUrl || !window.EventSource || !document.querySelector("[data-live][id]")) return;
  if (!window.keepdateParts) return;

  // Changes come in bursts, of which one reading of the page shows all.
  const GATHER_MS = 30;
  const BETWEEN_READINGS_MS = 500;
  // The server says something every 15 seconds. A computer that was asleep may wait for ever, for
  // that and for an answer.
  const SILENCE_MS = 40_000;
  const FIRST_PAUSE_MS = 2_000;
  const LONGEST_PAUSE_MS = 60_000;
  // Not all pages at once, when the server is back.
  const jittered = (pause) => pause * (0.5 + Math.random() / 2);
  // So old may be what a page says of how long ago something was, and of how long there is left.
  const CLOCK_MS = 10 * 60_000;

  // ---- Following

  let source = null;
  let place = liveAfter || null;
  let lastHeard = 0;
  let pause = FIRST_PAUSE_MS;
  let again = 0;
  let wasAway = false;

  function follow() {
    leave();
    lastHeard = Date.now();
    // The address says whose page this is, and where it stands; when the browser reconnects, it says
    // the place by itself.
    const asked = new URLSearchParams({ viewer, ...(place && { after: place }) });
    source = new EventSource(`${liveUrl}?${asked}`);
    source.onmessage = hear;
    source.onerror = () => {
      wasAway = true;
      // Otherwise the browser tries again on its own.
      if (source === null || source.readyState !== EventSource.CLOSED) return;
      leave();
      again = setTimeout(tryAgain, jittered(pause));
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    };
  }

  // A page without a stream may be that of somebody who has gone: reading it tells, and shows what
  // happens to whoever has to wait for a stream.
  function tryAgain() {
    want([EVERYTHING]);
    follow();
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
    // What could not be read while the server was away can be now, perhaps.
    if (wasAway) notBefore = 0;
    wasAway = false;
    if (change.type === "position") {
      // The page did not know where it stood, so it may have missed something before this.
      want(isFirst ? [EVERYTHING] : []);
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
  let readingAt = Infinity;
  let lastRead = Date.now();
  // A page that cannot be read is asked for less and less, whatever happens meanwhile.
  let readingPause = FIRST_PAUSE_MS;
  let notBefore = 0;

  function want(topics) {
    for (const topic of topics) wanted.add(topic);
    readSoon(GATHER_MS);
  }

  function readSoon(wait) {
    if (isReading) return;
    const at = Math.max(Date.now() + wait, lastRead + BETWEEN_READINGS_MS, notBefore);
    if (at >= readingAt) return;
    clearTimeout(reading);
    readingAt = at;
    reading = setTimeout(read, at - Date.now());
  }

  async function read() {
    readingAt = Infinity;
    // What nobody sees is not to count as read; it stays wanted until somebody looks.
    if (document.hidden) return;
    const topics = new Set(wanted);
    wanted.clear();
    const regions = [...document.querySelectorAll("[data-live][id]")].filter(
      (region) =>
        topics.has(EVERYTHING) || region.dataset.live.split(/\s+/).some((topic) => topics.has(topic)),
    );
    if (!regions.length) return;
    isReading = true;
    lastRead = Date.now();
    try {
      const page = await newest();
      readingPause = FIRST_PAUSE_MS;
      notBefore = 0;
      for (const region of page ? regions : []) {
        window.keepdateParts.update(region, page.getElementById(region.id), newest);
      }
    } catch {
      // The network or the server is away: what is wanted stays wanted.
      for (const topic of topics) wanted.add(topic);
      notBefore = Date.now() + jittered(readingPause);
      readingPause = Math.min(readingPause * 2, LONGEST_PAUSE_MS);
    } finally {
      isReading = false;
    }
    if (wanted.size) readSoon(GATHER_MS);
  }

  async function newest() {
    const patience = new AbortController();
    const lost = setTimeout(() => patience.abort(), SILENCE_MS);
    try {
      const answer = await fetch(livePage || location.href.split("#")[0], {
        cache: "no-store",
        credentials: "same-origin",
        headers: { Accept: "text/html", "X-Keepdate-Live": viewer },
        signal: patience.signal,
      });
      if (answer.status >= 500) throw new Error("the server is away");
      return ours(answer, new DOMParser().parseFromString(await answer.text(), "text/html"));
    } finally {
      clearTimeout(lost);
    }
  }

  // The page that was read, if it is the same one and its reader still the same person.
  function ours(answer, page) {
    const reader = page.body.dataset.viewer;
    if (reader !== viewer) {
      sayWhoIsHere(reader, answer.url);
      return null;
    }
    leftBehind()?.remove();
    // Whoever has signed in again meanwhile goes on with what they wrote here.
    const secret = page.querySelector("[name=csrf]").value;
    for (const field of document.querySelectorAll("[name=csrf]")) field.value = secret;
    // Or it is gone: whoever looks at it finds out with their next step.
    return answer.ok && !answer.redirected ? page : null;
  }

  const leftBehind = () => document.getElementById("left-behind");

  // Nobody's page turns into that of somebody else; one that is left behind says so.
  function sayWhoIsHere(other, address) {
    const notice = leftBehind() || newNotice();
    const told = other ? "Somebody else is signed in" : "You are signed out";
    if (notice.dataset.told === told) return;
    notice.dataset.told = told;
    const link = document.createElement("a");
    link.href = address;
    link.textContent = other ? "Load it anew" : "Sign in";
    // What was written here stays, and can be sent from here afterwards.
    if (!other) link.target = "_blank";
    notice.replaceChildren(`${told}: this page no longer shows what happens. `, link);
    // The stream that it may still have is that of a session which is over; without one, it looks
    // whether its reader is back.
    if (source !== null) follow();
  }

  function newNotice() {
    const notice = document.createElement("div");
    notice.id = "left-behind";
    notice.className = "notice notice-warning live-notice";
    notice.setAttribute("role", "status");
    document.querySelector("main").prepend(notice);
    return notice;
  }

  // ---- Beginning, sleeping, waking

  function goOn() {
    pause = readingPause = FIRST_PAUSE_MS;
    notBefore = 0;
    want(leftBehind() ? [EVERYTHING] : []);
    follow();
  }

  for (const scroller of document.querySelectorAll("[data-live-scroll=end]")) {
    scroller.scrollTop = scroller.scrollHeight;
  }
  // Nobody sees a hidden page, and browsers allow few connections: it goes on where it stopped.
  document.addEventListener("visibilitychange", () => (document.hidden ? leave() : goOn()));
  window.addEventListener("pagehide", leave);
  window.addEventListener("pageshow", (event) => event.persisted && goOn());
  window.addEventListener("online", () => !document.hidden && goOn());
  setInterval(() => {
    if (source !== null && Date.now() - lastHeard > SILENCE_MS) follow();
    if (!document.hidden && Date.now() - lastRead > CLOCK_MS) want([EVERYTHING]);
  }, 5_000);
  if (!document.hidden) follow();
})();
