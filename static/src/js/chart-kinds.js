// One function per kind of chart: (data, look, say) -> the drawing's options. No network, no page.
const DASHES = ["solid", "dashed", "dotted", [8, 3, 2, 3], [2, 2], [12, 4]];

function frame(look, more = {}) {
  return {
    animation: !look.still,
    animationDuration: 300,
    color: look.series,
    textStyle: { fontFamily: look.font, color: look.ink, fontSize: 12 },
    tooltip: { renderMode: "richText", confine: true, backgroundColor: look.card, borderColor: look.line, textStyle: { color: look.ink, fontSize: 12 } },
    ...more,
  };
}

function grid(look, legend) {
  return { left: 4, right: 14, top: legend ? 34 : 12, bottom: 4, containLabel: true };
}

function categories(look, names, more = {}) {
  return { type: "category", data: names, axisLine: { lineStyle: { color: look.line } }, axisTick: { show: false }, axisLabel: { color: look.soft, hideOverlap: true }, ...more };
}

function amounts(look, say, more = {}) {
  return { type: "value", splitNumber: 4, axisLabel: { color: look.soft, formatter: say.short }, splitLine: { lineStyle: { color: look.line } }, ...more };
}

function legend(look, series) {
  if (series.length < 2) return undefined;
  return { top: 0, right: 4, icon: "path://M0 6h22v3H0z", itemWidth: 20, itemHeight: 4, textStyle: { color: look.ink } };
}

// {unit, x, series: [{name, values, area}], from_zero, max}
function line(data, look, say, more = {}) {
  const series = data.series.map((one, index) => ({
    type: "line", name: one.name, data: one.values, showSymbol: data.x.length < 3, symbolSize: 6, connectNulls: false,
    lineStyle: { width: 2, type: DASHES[index % DASHES.length] }, areaStyle: one.area ? { opacity: 0.1 } : undefined, ...more,
  }));
  const options = frame(look, { grid: grid(look, series.length > 1), legend: legend(look, series), series, xAxis: categories(look, data.x, { boundaryGap: false }), yAxis: amounts(look, say, { scale: !data.from_zero, max: data.max }) });
  options.tooltip = { ...options.tooltip, trigger: "axis", valueFormatter: say.full };
  return options;
}

// {unit, x, series: [{name, values}], stacked}
function bar(data, look, say) {
  const series = data.series.map((one) => ({
    type: "bar", name: one.name, data: one.values, stack: data.stacked ? "all" : undefined, barMaxWidth: 34, itemStyle: { borderRadius: data.stacked ? 0 : [3, 3, 0, 0] },
  }));
  const options = frame(look, { grid: grid(look, series.length > 1), legend: series.length > 1 ? { ...legend(look, series), icon: "roundRect", itemWidth: 12, itemHeight: 12 } : undefined, series, xAxis: categories(look, data.x), yAxis: amounts(look, say) });
  options.tooltip = { ...options.tooltip, trigger: "axis", axisPointer: { type: "shadow" }, valueFormatter: say.full };
  return options;
}

// {unit, steps: [{name, value, total}]}: a bridge from one total to the next; long names lie along the bars.
function waterfall(data, look, say) {
  let level = 0;
  const bars = data.steps.map((step) => {
    const from = step.total ? 0 : level;
    level = step.total ? step.value : level + step.value;
    return { low: Math.min(from, level), high: Math.max(from, level), step };
  });
  const colour = (step) => (step.total ? look.series[0] : step.value >= 0 ? look.good : look.bad);
  const options = frame(look, {
    grid: { left: 4, right: 64, top: 4, bottom: 4, containLabel: true },
    yAxis: categories(look, data.steps.map((step) => step.name), { inverse: true, axisLabel: { color: look.ink, width: 110, overflow: "truncate" } }),
    xAxis: amounts(look, say, { axisLabel: { color: look.soft, formatter: say.short, hideOverlap: true } }),
    series: [
      { type: "bar", stack: "bridge", silent: true, itemStyle: { color: "transparent" }, data: bars.map((one) => one.low) },
      {
        type: "bar", stack: "bridge", barMaxWidth: 22,
        data: bars.map((one) => ({ value: one.high - one.low, itemStyle: { color: colour(one.step), borderRadius: 3 } })),
        label: { show: true, position: "right", color: look.ink, formatter: (at) => (bars[at.dataIndex].step.value > 0 && !bars[at.dataIndex].step.total ? "+" : "") + say.short(bars[at.dataIndex].step.value) },
      },
    ],
  });
  options.tooltip = { ...options.tooltip, formatter: (at) => `${bars[at.dataIndex].step.name}  ${say.full(bars[at.dataIndex].step.value)}` };
  return options;
}

// {unit, nodes: [name], links: [{source, target, value}]}
function sankey(data, look, say) {
  const options = frame(look, {
    series: [{
      type: "sankey", left: 4, right: 96, top: 8, bottom: 8, nodeWidth: 12, nodeGap: 14, draggable: false, data: data.nodes.map((name) => ({ name })), links: data.links,
      lineStyle: { color: "gradient", opacity: 0.28 }, label: { color: look.ink, fontSize: 12 }, emphasis: { focus: "adjacency" },
    }],
  });
  options.tooltip = { ...options.tooltip, valueFormatter: say.full };
  return options;
}

// {unit, items: [{name, value}]}
function treemap(data, look, say) {
  const options = frame(look, {
    series: [{
      type: "treemap", left: 0, right: 0, top: 0, bottom: 0, roam: false, nodeClick: false, breadcrumb: { show: false }, data: data.items, itemStyle: { gapWidth: 2, borderColor: look.card },
      label: { color: look.card, fontSize: 12, lineHeight: 17, overflow: "truncate", formatter: (at) => `${at.name}\n${say.short(at.value)}` },
    }],
  });
  options.tooltip = { ...options.tooltip, valueFormatter: say.full };
  return options;
}

// {unit, x, y, cells: [[x, y, value]]}
function heatmap(data, look, say) {
  const most = Math.max(1, ...data.cells.map((cell) => cell[2]));
  const options = frame(look, {
    grid: { left: 4, right: 4, top: 4, bottom: 4, containLabel: true },
    xAxis: categories(look, data.x, { splitArea: { show: false } }),
    yAxis: categories(look, data.y),
    visualMap: { show: false, min: 0, max: most, inRange: { color: [look.sunken, look.series[1]] } },
    series: [{
      type: "heatmap", itemStyle: { borderColor: look.card, borderWidth: 3, borderRadius: 6 },
      data: data.cells.map((cell) => ({ value: cell, label: { color: cell[2] > most * 0.6 ? look.card : look.ink } })),
      label: { show: true, fontSize: 13, formatter: (at) => say.short(at.value[2]) },
    }],
  });
  options.tooltip = { ...options.tooltip, formatter: (at) => `${data.y[at.value[1]]} · ${data.x[at.value[0]]}  ${say.full(at.value[2])}` };
  return options;
}

export const KINDS = { line, bar, waterfall, sankey, treemap, heatmap, step: (data, look, say) => line({ ...data, from_zero: true, max: data.unit === "bp" ? 10_000 : undefined }, look, say, { step: "end" }) };
