// Draws every <figure>'s box from the JSON beside it. The table under it holds the same numbers.
import { BarChart, HeatmapChart, LineChart, SankeyChart, TreemapChart } from "echarts/charts";
import { GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, registerLocale, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import zh from "echarts/i18n/langZH-obj.js";
import { KINDS } from "./chart-kinds.js";

use([BarChart, HeatmapChart, LineChart, SankeyChart, TreemapChart, GridComponent, LegendComponent, TooltipComponent, VisualMapComponent, SVGRenderer]);
registerLocale("ZH", zh.default ?? zh);

const drawn = new Map();
const still = matchMedia("(prefers-reduced-motion: reduce)");

function look() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map((number) => colour(`chart-${number}`)),
    ink: colour("ink"), soft: colour("ink-soft"), line: colour("chart-line"), card: colour("card"), sunken: colour("sunken"),
    good: colour("good"), bad: colour("bad"), font: style.getPropertyValue("--font").trim(), still: still.matches,
  };
}

// Amounts come as whole fen, shares as hundredths of a per cent, counts as they are.
function speaker(unit) {
  const language = document.documentElement.lang || "en";
  const scale = { fen: 100, bp: 100 }[unit] ?? 1;
  const tail = unit === "bp" ? "%" : "";
  const short = new Intl.NumberFormat(language, { notation: unit === "bp" ? "standard" : "compact", maximumFractionDigits: 2 });
  const full = new Intl.NumberFormat(language, { minimumFractionDigits: unit === "fen" ? 2 : 0, maximumFractionDigits: 2 });
  return { short: (value) => short.format(value / scale) + tail, full: (value) => (value == null ? "–" : full.format(value / scale) + tail) };
}

function paint(box) {
  const data = JSON.parse(box.parentElement.querySelector('script[type="application/json"]').textContent);
  const chart = drawn.get(box) ?? init(box, null, { renderer: "svg", locale: document.documentElement.lang.startsWith("zh") ? "ZH" : "EN" });
  drawn.set(box, chart);
  chart.setOption(KINDS[box.dataset.chart](data, look(), speaker(data.unit)), true);
}

export function draw(box) {
  box.dataset.drawn = "";
  paint(box);
  new ResizeObserver(() => drawn.get(box)?.resize()).observe(box);
}

function repaint() {
  for (const [box, chart] of drawn) {
    if (box.isConnected) paint(box);
    else { chart.dispose(); drawn.delete(box); }
  }
}
new MutationObserver(repaint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
