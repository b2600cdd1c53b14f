// Charts come in a file of their own, fetched only where a page has one.
export async function drawCharts() {
  if (!document.querySelector("[data-chart]:not([data-drawn])")) return;
  const address = document.documentElement.dataset.charts;
  if (!address) return;
  const { draw } = await import(address);
  for (const box of document.querySelectorAll("[data-chart]:not([data-drawn])")) draw(box);
}
