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

function without(object, name) {
  const { [name]: _left, ...rest } = object;
  return rest;
}

function grid(look, legend) {
  return { left: 4, right: 14, top: legend ? 34 : 12, bottom: 4, containLabel: true };
}

function categories(look, names, more = {}) {
  return { type: "category", data: names, axisLine: { lineStyle: { color: look.line } }, axisTick: { show: false }, axisLabel: { color: look.soft, hideOverlap: true, ...more.axisLabel }, ...without(more, "axisLabel") };
}

function amounts(look, say, more = {}) {
  return { type: "value", splitNumber: 4, axisLabel: { color: look.soft, formatter: say.short }, splitLine: { lineStyle: { color: look.line } }, ...more };
}

// People and lots are counted: no axis speaks of half of one.
function counted(data) {
  return data.unit === "count" ? { minInterval: 1 } : {};
}

function legend(look, series) {
  if (series.length < 2) return undefined;
  return { top: 0, right: 4, icon: "path://M0 6h22v3H0z", itemWidth: 20, itemHeight: 4, textStyle: { color: look.ink } };
}

// {unit, x, series: [{name, values, area}], from_zero, max, marks: [{x, name}]}: a mark is a line with its number.
function line(data, look, say, more = {}) {
  // A filled area says "this much": it is drawn only where its axis begins at nought, else the line alone.
  const known = data.series.flatMap((one) => one.values).filter((value) => value != null);
  const whole = data.from_zero || Math.min(...known) < 0.6 * Math.max(...known);
  const axis = known.length && !whole ? say.between(Math.min(...known), Math.max(...known)) : say.short;
  const series = data.series.map((one, index) => ({
    type: "line", name: one.name, data: one.values, showSymbol: data.x.length < 3, symbolSize: 6, connectNulls: false,
    lineStyle: { width: 2, type: DASHES[index % DASHES.length] }, areaStyle: one.area && whole ? { opacity: 0.1 } : undefined, ...more,
  }));
  if (data.marks?.length) {
    series[0].markLine = {
      silent: true, symbol: "none", lineStyle: { color: look.soft, type: "dotted" },
      label: { color: look.ink, formatter: (at) => at.name }, data: data.marks.map((mark, index) => ({ name: mark.name, xAxis: mark.x, label: { distance: index % 2 ? 18 : 3 } })), // neighbours keep their names apart
    };
  }
  const options = frame(look, { grid: { ...grid(look, series.length > 1), ...(data.marks?.length ? { top: data.marks.length > 1 ? 42 : 26 } : {}) }, legend: legend(look, series), series, xAxis: categories(look, data.x, { boundaryGap: false, axisLabel: { showMinLabel: true, showMaxLabel: true, alignMinLabel: "left", alignMaxLabel: "right" } }), yAxis: amounts(look, say, { scale: !whole, max: data.max, interval: data.max ? data.max / 4 : undefined, ...counted(data), axisLabel: { color: look.soft, formatter: axis } }) });
  options.tooltip = { ...options.tooltip, trigger: "axis", valueFormatter: say.full };
  return options;
}

// {unit, x, series: [{name, values}], stacked, max}
function bar(data, look, say) {
  // A few bars are all named; a name takes lines of its own rather than leave its neighbour out.
  const few = data.x.length <= 8 ? { axisLabel: { interval: 0, width: look.narrow ? Math.max(40, Math.floor(230 / data.x.length)) : 110, overflow: "break", lineHeight: 14 } } : undefined;
  const series = data.series.map((one) => ({
    type: "bar", name: one.name, data: one.values, stack: data.stacked ? "all" : undefined, barMaxWidth: 34, itemStyle: { borderRadius: data.stacked ? 0 : [3, 3, 0, 0] },
  }));
  const options = frame(look, { grid: { ...grid(look, series.length > 1), right: 32 }, legend: series.length > 1 ? { ...legend(look, series), icon: "roundRect", itemWidth: 12, itemHeight: 12 } : undefined, series, xAxis: categories(look, data.x, few), yAxis: amounts(look, say, data.max ? { max: data.max, interval: data.max / 4 } : counted(data)) });
  options.tooltip = { ...options.tooltip, trigger: "axis", axisPointer: { type: "shadow" }, valueFormatter: say.full };
  return options;
}

// {unit, steps: [{name, value, total, tone}], more_is_bad, long_names}: a bridge from one total to the next; long names lie along the bars. `tone`
// (good, bad) says it where the sign does not.
function waterfall(data, look, say) {
  let level = 0;
  const bars = data.steps.map((step) => {
    const from = step.total ? 0 : level;
    level = step.total ? step.value : level + step.value;
    return { low: Math.min(from, level), high: Math.max(from, level), step };
  });
  const colour = (step) => (step.total ? look.series[0] : step.tone ? look[step.tone] : step.value >= 0 !== Boolean(data.more_is_bad) ? look.good : look.bad);
  const options = frame(look, {
    grid: { left: 4, right: 76, top: 4, bottom: 4, containLabel: true },
    yAxis: categories(look, data.steps.map((step) => step.name), { inverse: true, axisLabel: { color: look.ink, width: look.narrow ? (data.long_names ? 124 : 76) : data.long_names ? 210 : 150, overflow: "break", lineHeight: 15, hideOverlap: false, interval: 0 } }),
    xAxis: amounts(look, say, { axisLabel: { color: look.soft, formatter: say.short, hideOverlap: true } }),
    series: [
      { type: "bar", stack: "bridge", silent: true, itemStyle: { color: "transparent" }, data: bars.map((one) => one.low) },
      {
        type: "bar", stack: "bridge", barMaxWidth: 22,
        data: bars.map((one) => ({ value: one.high - one.low, itemStyle: { color: colour(one.step), borderRadius: 3 } })),
        label: { show: true, position: "right", color: look.ink, formatter: (at) => (bars[at.dataIndex].step.value > 0 && !bars[at.dataIndex].step.total ? "+" : "") + say.label(bars[at.dataIndex].step.value) },
      },
    ],
  });
  options.tooltip = { ...options.tooltip, formatter: (at) => `${bars[at.dataIndex].step.name}  ${say.full(bars[at.dataIndex].step.value)}` };
  return options;
}

// {unit, nodes: [name], links: [{source, target, value}]}
function sankey(data, look, say) {
  const starts = new Set(data.links.map((link) => link.source));
  const longest = Math.max(88, ...data.nodes.filter((name) => !starts.has(name)).map(breadth));
  const options = frame(look, {
    series: [{
      type: "sankey", left: 4, right: look.narrow ? 84 : longest + 8, top: 8, bottom: 8, nodeWidth: look.narrow ? 8 : 12, nodeGap: look.narrow ? 22 : 14, draggable: false, data: data.nodes.map((name) => ({ name })), links: data.links,
      lineStyle: { color: "gradient", opacity: 0.28 }, label: { color: look.ink, fontSize: look.narrow ? 10 : 12, ...(look.narrow ? { width: 82, overflow: "break", lineHeight: 12 } : {}) }, labelLayout: { hideOverlap: true }, emphasis: { focus: "adjacency" },
    }],
  });
  options.tooltip = { ...options.tooltip, valueFormatter: say.full };
  return options;
}

// About how many pixels a text of 12 takes: a Chinese sign is as wide as it is high.
function breadth(text) {
  return [...text].reduce((sum, sign) => sum + (sign.codePointAt(0) > 0x2e7f ? 12 : 7), 6);
}

// What a box of the treemap can hold whole: its name and amount, its name, or nothing. A cut name or number would be read as another.
function fitting(one, side, say, slack = 1) {
  const amount = say.amount(one.value);
  if (side > 40 && side * slack > Math.max(breadth(one.name), breadth(amount))) return `${one.name}\n${amount}`;
  return side > 18 && side > breadth(one.name) ? one.name : "";
}

// {unit, items: [{name, value, children: [{name, value}]}]}: what has children is a frame with its name above them. A box may be half as wide
// as a square of its size.
function treemap(data, look, say) {
  const whole = data.items.reduce((sum, one) => sum + one.value, 0);
  const framed = data.items.some((one) => one.children);
  const side = (value) => 0.66 * Math.sqrt((value / whole) * look.area());
  const title = (at) => (side(at.value) > 0.6 * breadth(at.name) ? at.name : "");
  const options = frame(look, {
    series: [{
      type: "treemap", left: 0, right: 0, top: 0, bottom: 0, roam: false, nodeClick: false, breadcrumb: { show: false }, data: data.items, itemStyle: { gapWidth: 2, borderColor: look.card },
      label: { color: look.card, fontSize: 12, lineHeight: 17, overflow: "truncate", formatter: (at) => fitting(at, side(at.value), say, framed ? 0.72 : 1) },
      ...(framed ? { upperLabel: { show: true, height: 20, color: look.ink, fontSize: 12, fontWeight: 600, formatter: title }, levels: [{ upperLabel: { show: false }, itemStyle: { gapWidth: 5, borderWidth: 0 } }, { itemStyle: { borderColor: look.sunken, borderWidth: 2, gapWidth: 1 } }, { upperLabel: { show: false } }] } : {}),
    }],
  });
  const path = (at) => (at.treePathInfo ?? []).map((one) => one.name).filter(Boolean).join(" · ");
  options.tooltip = { ...options.tooltip, formatter: (at) => `${path(at) || at.name}  ${say.full(at.value)}` };
  return options;
}

// {unit, x, y, cells: [[x, y, value]]}
function heatmap(data, look, say) {
  const most = Math.max(1, ...data.cells.map((cell) => cell[2]));
  const options = frame(look, {
    grid: { left: 4, right: 4, top: 4, bottom: 4, containLabel: true },
    xAxis: categories(look, data.x, { splitArea: { show: false }, ...(look.narrow ? { axisLabel: { interval: 0, hideOverlap: false, fontSize: 10, lineHeight: 12, width: Math.floor((look.wide() - 64) / data.x.length) - 2, overflow: "break" } } : {}) }),
    yAxis: categories(look, data.y, look.narrow ? { axisLabel: { width: 56, fontSize: 10, overflow: "break", lineHeight: 12, interval: 0 } } : undefined),
    visualMap: { show: false, min: 0, max: most, inRange: { color: [look.sunken, look.series[1]] } },
    series: [{
      type: "heatmap", progressive: 0, animation: false, itemStyle: { borderColor: look.card, borderWidth: 3, borderRadius: 6 },
      data: data.cells.map((cell) => ({ value: cell, label: { color: cell[2] > most * 0.6 ? look.card : look.ink } })),
      label: { show: true, fontSize: look.narrow ? 10 : 13, formatter: (at) => (at.value[2] ? (look.narrow ? say.coarse : say.short)(at.value[2]) : "") },
    }],
  });
  options.tooltip = { ...options.tooltip, formatter: (at) => `${data.y[at.value[1]]} · ${data.x[at.value[0]]}  ${say.full(at.value[2])}` };
  return options;
}

export const KINDS = { line, bar, waterfall, sankey, treemap, heatmap, step: (data, look, say) => line({ ...data, from_zero: true, max: data.unit === "bp" ? 10_000 : undefined }, look, say, { step: "end" }) };
