// A month as a grid (data-days-grid): one stop for the Tab key, arrow keys from day to day, Home and End within a week.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

for (const grid of document.querySelectorAll("[data-days-grid]")) {
  const rows = [...grid.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.querySelector("a")));
  const links = rows.flat().filter(Boolean);
  links.forEach((link, place) => { link.tabIndex = place ? -1 : 0; });
  const go = (link) => {
    if (!link) return;
    links.forEach((one) => { one.tabIndex = one === link ? 0 : -1; });
    link.focus();
  };
  grid.addEventListener("keydown", (event) => {
    const row = rows.findIndex((week) => week.includes(event.target));
    if (row < 0) return;
    const place = rows[row].indexOf(event.target);
    const week = rows[row].filter(Boolean);
    if (event.key === "Home" || event.key === "End") {
      go(event.key === "Home" ? week[0] : week.at(-1));
    } else if (STEPS[event.key]) {
      const [down, right] = STEPS[event.key];
      // Days without trading have nothing to open: the next one that has is taken.
      let [y, x] = [row + down, place + right];
      while (rows[y]?.[x] === null || (right && x >= 0 && x < 7 && !rows[y]?.[x])) [y, x] = [y + down, x + right];
      const next = right && (x < 0 || x > 6) ? links[links.indexOf(event.target) + right] : rows[y]?.[x];
      go(next);
    } else return;
    event.preventDefault();
  });
}
