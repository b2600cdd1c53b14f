// Ctrl/⌘-K opens the command menu, ? the shortcuts, G and a letter a page. The menu's list comes from the server, which knows what the reader may open.
const usable = (id) => { const dialog = document.getElementById(id); return dialog?.showModal ? dialog : null; }; // without dialogs the links and forms do the same
const finder = usable("finder");
const shortcuts = usable("shortcuts");
const input = finder?.querySelector("input");
const list = finder?.querySelector("[role=listbox]");
const said = finder?.querySelector("[data-finder-said]");
const GO = { o: "home", c: "clients", n: "notices", s: "settings", h: "help" };
let asking, timer, waitsForLetter = 0;

const typing = (element) => element.closest?.("input, textarea, select, [contenteditable]");
const hits = () => [...list.querySelectorAll("[role=option]")];
const chosen = () => list.querySelector('[aria-selected="true"]');

function choose(hit) {
  chosen()?.setAttribute("aria-selected", "false");
  if (!hit) { input.removeAttribute("aria-activedescendant"); return; }
  hit.setAttribute("aria-selected", "true");
  input.setAttribute("aria-activedescendant", hit.id);
  hit.scrollIntoView({ block: "nearest" });
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  try {
    // Sent as a form: what is typed may be somebody's phone number, which has no place in an address.
    const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";
    const answer = await fetch(finder.dataset.quick, { method: "POST", body: new URLSearchParams({ q: input.value }), signal: asking.signal, headers: { "HX-Request": "true", "X-CSRFToken": token } });
    const away = answer.headers.get("HX-Redirect");
    if (away) { location.assign(away); return; }
    if (!answer.ok) return;
    list.innerHTML = await answer.text();
    said.textContent = list.querySelector("[data-said]")?.dataset.said ?? "";
    choose(hits()[0]);
  } catch (error) {
    if (error.name !== "AbortError") said.textContent = "";
  }
}

function open(text = "") {
  if (!finder || finder.open) return;
  shortcuts?.close();
  input.value = text;
  finder.showModal();
  input.focus();
  ask();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k" && finder) { event.preventDefault(); open(); return; }
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || finder?.open || shortcuts?.open) return;
  if (event.key === "/" && finder) { event.preventDefault(); open(); }
  else if (event.key === "?" && shortcuts) shortcuts.showModal();
  else if (event.key.toLowerCase() === "g") waitsForLetter = performance.now();
  else if (performance.now() - waitsForLetter < 1200) {
    waitsForLetter = 0;
    const link = document.querySelector(`link[rel="go-${GO[event.key.toLowerCase()]}"]`);
    if (link) location.assign(link.href);
  }
});

// The box in the bar: a click or the first letter opens the menu; merely coming by with Tab does not.
for (const opener of document.querySelectorAll("[data-finder-open]")) {
  opener.addEventListener("click", (event) => { if (finder) { event.preventDefault(); open(); } });
  opener.addEventListener("keydown", (event) => {
    if (!finder || !opener.matches("form") || event.ctrlKey || event.metaKey || event.altKey || !(event.key.length === 1 || event.key === "ArrowDown")) return;
    event.preventDefault();
    open(event.key.length === 1 ? event.key : "");
  });
}

input?.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 60); });
input?.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  const all = hits();
  const at = all.indexOf(chosen());
  const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at - 1 + all.length) % all.length, Home: event.ctrlKey ? 0 : NaN, End: event.ctrlKey ? all.length - 1 : NaN }[event.key];
  if (all.length && Number.isInteger(to)) { event.preventDefault(); choose(all[to]); }
  else if (event.key === "Enter" && chosen()) { event.preventDefault(); event.ctrlKey || event.metaKey ? open_apart(chosen()) : chosen().click(); }
  else if (event.key === "?" && !input.value) { event.preventDefault(); finder.close(); shortcuts.showModal(); }
});

function open_apart(link) {
  window.open(link.href, "_blank", "noopener");
}

for (const dialog of [finder, shortcuts]) {
  dialog?.addEventListener("click", (event) => { if (event.target === dialog || event.target.closest("[data-close]")) dialog.close(); });
}

if (/Mac|iPhone|iPad/.test(navigator.platform)) for (const key of document.querySelectorAll(".search-box kbd")) key.textContent = "⌘ K";
