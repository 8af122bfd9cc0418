// Keeps the page new. The server makes every page whole; this fetches the present one again when
// something has changed and puts in what is different, so that nothing a person is reading, typing
// or pressing is taken from under their hands. Without it the page works by being loaded again.
"use strict";

(() => {
  const watch = document.body.dataset.watch;
  if (!watch || watch === "none") return;

  const HEARD_WITHIN_MS = 25000; // The server says something at least every 10 s.
  const AGES_MS = 30000; // "4 min ago" grows old by itself.
  const AGAIN_MS = 5000;

  const main = document.getElementById("main");
  const alone = ["switch", "banner"];
  const shown = new Map();
  const sections = (root) => [...root.getElementById("main").children];
  const remember = (element) => shown.set(element.id, element.outerHTML);
  sections(document).forEach(remember);
  alone.forEach((id) => remember(document.getElementById(id)));

  // --- what the reader is doing -------------------------------------------------------------

  let pressed = false;
  addEventListener("pointerdown", () => { pressed = true; });
  for (const end of ["pointerup", "pointercancel"]) {
    addEventListener(end, () => setTimeout(() => { pressed = false; }, 0));
  }

  const selecting = (element) => {
    const selection = getSelection();
    return !selection.isCollapsed && element.contains(selection.anchorNode);
  };

  const carryOver = (from, to) => {
    for (const old of from.querySelectorAll("details[id]")) {
      const fresh = to.querySelector(`#${CSS.escape(old.id)}`);
      if (fresh) fresh.open = old.open;
    }
    for (const old of from.querySelectorAll("input[id]")) {
      const fresh = to.querySelector(`#${CSS.escape(old.id)}`);
      if (fresh && old.value !== old.defaultValue) fresh.value = old.value;
    }
  };

  const focusAgain = (had) => {
    if (document.activeElement === had || had === document.body || had.isConnected) return;
    const same = had.id
      ? document.getElementById(had.id)
      : [...main.querySelectorAll(had.localName)].find((one) => one.outerHTML === had.outerHTML);
    if (!same) return;
    same.focus({ preventScroll: true });
    if (had.localName === "input" && had.type === "text") {
      same.setSelectionRange(had.selectionStart, had.selectionEnd);
    }
  };

  // --- putting in what is different ---------------------------------------------------------

  const renewed = (old, fresh) => {
    if (shown.get(fresh.id) === fresh.outerHTML) return old;
    if (selecting(old)) return old; // Next time; it still counts as different.
    remember(fresh);
    const made = document.adoptNode(fresh);
    carryOver(old, made);
    old.replaceWith(made);
    return made;
  };

  const put = (page) => {
    const had = document.activeElement;
    const says = new Map([...main.children].map((one) => [one.id, one.dataset.say]));
    for (const id of alone) renewed(document.getElementById(id), page.getElementById(id));
    const wanted = sections(page);
    const ids = new Set(wanted.map((one) => one.id));
    for (const one of [...main.children]) if (!ids.has(one.id)) one.remove();
    wanted.forEach((fresh, place) => {
      const old = [...main.children].find((one) => one.id === fresh.id);
      const say = fresh.dataset.say;
      if (!old) remember(fresh);
      const made = old ? renewed(old, fresh) : document.adoptNode(fresh);
      if (main.children[place] !== made) main.insertBefore(made, main.children[place] || null);
      if (say && say !== says.get(made.id)) document.getElementById("announce").textContent = say;
    });
    document.title = page.title;
    focusAgain(had);
  };

  // --- fetching -----------------------------------------------------------------------------

  const lost = document.getElementById("lost");
  const tell = (words) => { lost.textContent = words; lost.hidden = !words; };
  const OLD = "Connection lost: what you see may be old";

  let fetching = false;
  let again = false;
  let over = false;

  const renew = async () => {
    if (over) return;
    if (fetching || pressed) { again = true; if (!fetching) setTimeout(renewAgain, 200); return; }
    fetching = true;
    try {
      const answer = await fetch(location.pathname, {
        headers: { accept: "text/html" },
        cache: "no-store",
        redirect: "error",
      });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (answer.ok && page.body.dataset.watch) put(page);
      else if (answer.ok || answer.status === 401) end();
      else tell(OLD);
    } catch {
      tell(OLD);
    } finally {
      fetching = false;
      if (again) setTimeout(renewAgain, 200);
    }
  };
  const renewAgain = () => { if (again) { again = false; renew(); } };

  const end = () => {
    over = true;
    if (source) source.close();
    clearTimeout(silence);
    tell("Your session has ended: load this page again to sign in");
  };

  // --- hearing ------------------------------------------------------------------------------

  let source = null;
  let silence = 0;

  const heard = () => {
    tell("");
    clearTimeout(silence);
    silence = setTimeout(() => tell(OLD), HEARD_WITHIN_MS);
  };

  const listen = () => {
    if (over || document.hidden) return;
    if (source) source.close();
    const mine = new EventSource("/console/events");
    source = mine;
    mine.addEventListener("alive", heard);
    mine.addEventListener("changed", (event) => {
      heard();
      const news = JSON.parse(event.data);
      if (news.switch || watch === "all" || Object.hasOwn(news.incidents, watch)) renew();
    });
    mine.addEventListener("error", () => {
      tell(OLD);
      if (mine.readyState === EventSource.CLOSED && mine === source) {
        renew(); // Tells whether it is the session that has ended.
        setTimeout(listen, AGAIN_MS);
      }
    });
  };

  // A browser opens few connections to one place, so pages that nobody looks at give theirs back.
  const rest = () => { if (source) source.close(); clearTimeout(silence); };
  addEventListener("visibilitychange", () => (document.hidden ? rest() : listen()));
  addEventListener("pagehide", rest);
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
  setInterval(() => { if (!document.hidden) renew(); }, AGES_MS);
  listen();
})();
