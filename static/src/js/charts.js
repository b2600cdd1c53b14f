// Draws every <figure>'s box from the JSON beside it. The table under it holds the same numbers.
import { BarChart, HeatmapChart, LineChart, SankeyChart, TreemapChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, registerLocale, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import zh from "echarts/i18n/langZH-obj.js";
import { KINDS } from "./chart-kinds.js";

use([BarChart, HeatmapChart, LineChart, SankeyChart, TreemapChart, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent, VisualMapComponent, SVGRenderer]);
registerLocale("ZH", zh.default ?? zh);

const drawn = new Map();
const still = matchMedia("(prefers-reduced-motion: reduce)");

function look(box) {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map((number) => colour(`chart-${number}`)),
    ink: colour("ink"), soft: colour("ink-soft"), line: colour("chart-line"), card: colour("card"), sunken: colour("sunken"),
    good: colour("good"), bad: colour("bad"), font: style.getPropertyValue("--font").trim(), still: still.matches, narrow: box.clientWidth < 480,
  };
}

// Amounts come as whole fen, shares as hundredths of a per cent, counts as they are.
function speaker(unit) {
  const language = document.documentElement.lang || "en";
  const scale = { fen: 100, bp: 100 }[unit] ?? 1;
  const tail = unit === "bp" ? "\u00a0%" : "";
  const short = new Intl.NumberFormat(language, { notation: unit === "bp" ? "standard" : "compact", maximumFractionDigits: 2 });
  const full = new Intl.NumberFormat(language, { minimumFractionDigits: unit === "fen" ? 2 : 0, maximumFractionDigits: 2 });
  const plain = new Intl.NumberFormat(language, { maximumFractionDigits: unit === "fen" ? 0 : 2 });
  // A label beside its bar is read as the amount: it is rounded to the yuan, and shortened only where it would be long.
  const label = (value) => (Math.abs(value / scale) >= 1e6 || (value && Math.abs(value / scale) < 1) ? short : plain).format(value / scale) + tail;
  // An axis whose ends lie close together needs more digits, or its neighbours read alike.
  const between = (least, most) => {
    const shown = (digits) => new Intl.NumberFormat(language, { notation: unit === "bp" ? "standard" : "compact", maximumFractionDigits: digits });
    const ticks = [0, 1, 2, 3, 4, 5, 6].map((step) => (least + (step * (most - least)) / 6) / scale);
    const digits = [2, 3, 4].find((some) => new Set(ticks.map((tick) => shown(some).format(tick))).size === ticks.length) ?? 2;
    return (value) => shown(digits).format(value / scale) + tail;
  };
  const whole = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 0 }); // for a box of a phone
  const say = { between, label, coarse: (value) => whole.format(value / scale) + tail, short: (value) => short.format(value / scale) + tail, full: (value) => (value == null ? "–" : full.format(value / scale) + tail) };
  return { ...say, amount: (value) => (Math.abs(value / scale) < 10_000 ? say.full(value) : say.short(value)) };
}

function paint(box) {
  const data = JSON.parse(box.parentElement.querySelector('script[type="application/json"]').textContent);
  const chart = drawn.get(box) ?? init(box, null, { renderer: "svg", locale: document.documentElement.lang.startsWith("zh") ? "ZH" : "EN" });
  drawn.set(box, chart);
  const area = () => chart.getWidth() * chart.getHeight();
  chart.setOption(KINDS[box.dataset.chart](data, { ...look(box), area, wide: () => chart.getWidth() }, speaker(data.unit)), true);
}

export function draw(box) {
  box.dataset.drawn = "";
  paint(box);
  new ResizeObserver(() => { if (!printing) drawn.get(box)?.resize(); }).observe(box);
}

// Paper is narrower than the screen: a chart is drawn for it, and again for the screen afterwards.
const PAPER = 630;
let printing = false;
addEventListener("beforeprint", () => { printing = true; for (const [box, chart] of drawn) if (box.isConnected) { chart.resize({ width: Math.min(PAPER, box.clientWidth), animation: { duration: 0 } }); chart.getZr().flush(); } }); // there is no next frame before the printing
addEventListener("afterprint", () => { printing = false; for (const [box, chart] of drawn) if (box.isConnected) chart.resize({ width: "auto" }); });

function repaint() {
  for (const [box, chart] of drawn) {
    if (box.isConnected) paint(box);
    else { chart.dispose(); drawn.delete(box); }
  }
}
new MutationObserver(repaint).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
