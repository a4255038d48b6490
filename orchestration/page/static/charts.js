"use strict";
// Draws the table of each section.chart as lines over its months. The table stays: it is what is read without JavaScript.
(() => {
  const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 2], [12, 5], [3, 6], [1, 2]]; // lines differ by more than colour
  // The same colour and dashes in every chart; others take what is left.
  const LOOKS = {
    yellow: 3, "Yellow taxis": 3, green: 2, "Green taxis": 2, fhvhv: 0, Uber: 0, fhv: 7, "Other for-hire vehicles": 7,
  };
  const looks = (names) => {
    const free = DASHES.map((_, at) => at).filter((at) => !names.some((name) => LOOKS[name] === at));
    return names.map((name) => LOOKS[name] ?? free.shift() ?? 0);
  };
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (cell) => {
    const value = parseFloat(cell.textContent.replace(/,/g, ""));
    return Number.isNaN(value) ? null : value;
  };
  const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

  const read = (table) => {
    const names = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
    const rows = [...table.tBodies[0].rows];
    const months = rows.map((row) => Date.parse(row.cells[0].textContent + "-01T00:00:00Z") / 1000);
    return { names, data: [months, ...names.map((_, at) => rows.map((row) => number(row.cells[at + 1])))] };
  };

  const draw = (section) => {
    const { names, data } = read(section.querySelector("table"));
    const place = section.querySelector(".plot");
    const ink = style("--ink"), line = { stroke: style("--line"), width: 1 };
    const axis = { stroke: ink, grid: line, ticks: line, font: "12px system-ui, sans-serif" };
    const look = looks(names);
    place.replaceChildren();
    return new uPlot({
      width: place.clientWidth, height: 260,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      legend: { markers: { dash: (_, at) => ["solid", "dashed", "dotted", "double"][look[at - 1] % 4] } },
      scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.05 : 1] } },
      axes: [axis, { ...axis, size: 60, values: (_, ticks) => ticks.map((tick) => short.format(tick)) }],
      series: [
        { label: "month", value: (_, seconds) => (seconds ? new Date(seconds * 1000).toISOString().slice(0, 7) : "–") },
        ...names.map((label, at) => ({
          label, stroke: style(`--s${look[at] + 1}`), width: 2, dash: DASHES[look[at]], spanGaps: true,
          points: { show: true, size: 5 }, value: (_, one) => (one == null ? "–" : exact.format(one)),
        })),
      ],
    }, data, place);
  };

  const sections = [...document.querySelectorAll("section.chart")].filter((one) => one.querySelector("table"));
  let plots = [];
  const drawAll = () => {
    plots.forEach((plot) => plot.destroy());
    plots = sections.map(draw);
  };
  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  addEventListener("resize", () => plots.forEach((plot, at) => {
    plot.setSize({ width: sections[at].querySelector(".plot").clientWidth, height: 260 });
  }));
})();
