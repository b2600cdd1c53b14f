// Lists by keyboard: J and K go to the next and the previous row, Enter opens it, the space bar looks at it beside the list.
const rows = () => [...document.querySelectorAll("table[data-rows] > tbody > tr")].filter((row) => !row.closest(".peek-body"));
const link = (row) => row?.querySelector("th a, td a");
const typing = (target) => target.closest("input, textarea, select, [contenteditable], dialog, .drop-body");
let here = null;

function go(step) {
  const all = rows();
  if (!all.length) return;
  const focused = all.indexOf(document.activeElement?.closest("tr"));
  const at = focused < 0 ? all.indexOf(here) : focused;
  const next = all[Math.max(0, Math.min(all.length - 1, at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step))];
  here?.classList.remove("row-here");
  here = next;
  here.classList.add("row-here");
  const target = link(here) ?? here;
  if (target === here) here.tabIndex = -1;
  target.focus();
  target.scrollIntoView({ block: "nearest" });
  if (panel() && !panel().hidden) here.querySelector("[data-peek]")?.click();
}

const panel = () => document.getElementById("peek");
let opener = null;
let arriving = false; // the panel takes the focus when it opens, not when J and K fill it anew

function open(button) {
  const beside = panel();
  if (!beside) return;
  opener = button;
  const row = button.closest("tr");
  document.getElementById("peek-open").href = link(row)?.href ?? button.getAttribute("hx-get");
  arriving = beside.hidden;
  document.getElementById("peek-body").setAttribute("aria-busy", "true");
  beside.hidden = false;
}

function close() {
  panel().hidden = true;
  document.getElementById("peek-body").replaceChildren();
  (link(opener?.closest("tr")) ?? opener)?.focus();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-peek]");
  if (button) open(button);
  if (event.target.closest("[data-peek-close]")) close();
});

for (const end of ["htmx:after:swap", "htmx:error", "htmx:finally:request"]) document.addEventListener(end, () => document.getElementById("peek-body")?.removeAttribute("aria-busy"));

document.addEventListener("htmx:after:swap", () => {
  if (arriving && panel() && !panel().hidden) panel().focus();
  arriving = false;
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "j" || key === "k") {
    if (!rows().length) return;
    event.preventDefault();
    go(key === "j" ? 1 : -1);
  } else if (event.key === " " && event.target.closest("table[data-rows] a")) {
    const button = event.target.closest("tr").querySelector("[data-peek]");
    if (!button) return;
    event.preventDefault();
    if (panel().hidden) button.click();
    else close();
  } else if (event.key === "Escape" && panel() && !panel().hidden) {
    close();
  }
});
