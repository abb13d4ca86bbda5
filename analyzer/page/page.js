// SPDX-License-Identifier: GPL-2.0-only
// What needs a script: sorting, the theme, stepping through marks, and the chart over time.
// All texts, tables and pictures are there without it. Texts are set as text, never as HTML.
(function () {
"use strict";

const root = document.documentElement;
const errors = [];
window.addEventListener("error", function (e) {
	errors.push(e.message);
	root.dataset.error = errors.join("; ");
});

const data = JSON.parse(document.getElementById("data").textContent);

function make(tag, props, ...children) {
	const e = document.createElement(tag);
	for (const k in props)
		if (k in e)
			e[k] = props[k];
		else
			e.setAttribute(k, props[k]);
	e.append(...children);
	return e;
}

// ------------------------------------------------------------------- theme

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const theme = document.getElementById("theme");
const redraw = [];

function isDark() {
	return root.dataset.theme ? root.dataset.theme === "dark" : dark.matches;
}

function showTheme() {
	theme.textContent = isDark() ? "Light" : "Dark";
	theme.setAttribute("aria-label", isDark() ? "Change to light colours" : "Change to dark colours");
	for (const fn of redraw)
		fn();
}

theme.hidden = false;
theme.addEventListener("click", function () {
	root.dataset.theme = isDark() ? "light" : "dark";
	showTheme();
});
dark.addEventListener("change", showTheme);

// ----------------------------------------------------------------- sorting

function sortValue(row, column) {
	const cell = row.cells[column];
	if (!cell)
		return null;
	if (cell.dataset.v !== undefined)
		return Number(cell.dataset.v);
	const text = cell.textContent.trim();
	return cell.classList.contains("n") || text === "" ? null : text;
}

function compare(a, b) {
	if (typeof a === "number" && typeof b === "number")
		return a - b;
	return String(a).localeCompare(String(b), "en", { numeric: true });
}

function sortBy(table, head) {
	const column = head.cellIndex;
	const down = head.getAttribute("aria-sort") === "ascending";
	const body = table.tBodies[0];
	const rows = Array.from(body.rows).map(function (row, i) {
		return { row: row, v: sortValue(row, column), i: i };
	});
	rows.sort(function (x, y) { // what has no value is last both ways
		if (x.v === null || y.v === null)
			return (x.v === null) - (y.v === null) || x.i - y.i;
		return (down ? -1 : 1) * compare(x.v, y.v) || x.i - y.i;
	});
	for (const other of table.tHead.rows[0].cells)
		if (other.querySelector("button"))
			other.setAttribute("aria-sort", other === head ? (down ? "descending" : "ascending") : "none");
	body.append(...rows.map(function (r) { return r.row; }));
}

for (const table of document.querySelectorAll("table.sort"))
	for (const head of table.tHead.rows[0].cells) {
		if (head.dataset.nosort !== undefined)
			continue;
		const button = make("button", { type: "button" });
		button.append(...head.childNodes);
		button.addEventListener("click", function () { sortBy(table, head); });
		head.append(button);
		head.setAttribute("aria-sort", "none");
	}

// ------------------------------------------------------ marks of iterations

function markText(dot) {
	const arm = data.arms[Number(dot.parentNode.dataset.arm)];
	const it = arm.iter[Number(dot.dataset.i)];
	const title = dot.querySelector("title").textContent;
	return it && it.trace && !title.includes(it.trace) ? title + "; " + it.trace : title;
}

for (const figure of document.querySelectorAll("figure.dots")) {
	const svg = figure.querySelector("svg");
	const readout = figure.querySelector(".readout");
	const dots = Array.from(svg.querySelectorAll(".dot"));
	let at = -1;

	function show(i) {
		if (at >= 0)
			dots[at].classList.remove("on");
		at = i;
		if (i < 0)
			return;
		dots[i].classList.add("on");
		readout.textContent = markText(dots[i]);
	}

	svg.addEventListener("keydown", function (e) {
		const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
		if (!dots.length || !(step || e.key === "Home" || e.key === "End"))
			return;
		e.preventDefault();
		show(step ? (at + step + dots.length) % dots.length : e.key === "Home" ? 0 : dots.length - 1);
	});
	svg.addEventListener("blur", function () { show(-1); });
	svg.addEventListener("pointerover", function (e) {
		const dot = e.target.closest(".dot");
		if (dot)
			show(dots.indexOf(dot));
	});
	svg.setAttribute("aria-label", svg.getAttribute("aria-label") + " Arrow keys step through the iterations.");
}

// --------------------------------------------------------------- over time

function numbers(text) {
	return text ? text.split(" ").map(function (s) { return s === "-" ? null : Number(s); }) : [];
}

function css(name) {
	return getComputedStyle(root).getPropertyValue(name).trim();
}

function color(arm) {
	return css("--arm" + arm % 8);
}

// One line: the arm, the iteration, times and values; a value holds since the time before.
function lines(what, chosen) {
	const out = [];
	data.arms.forEach(function (arm, a) {
		arm.iter.forEach(function (it, i) {
			if (!it.t || !it.y[what] || chosen[a] === "none" || (chosen[a] !== "all" && Number(chosen[a]) !== i))
				return;
			const t = numbers(it.t), y = numbers(it.y[what]);
			if (t.length)
				out.push({ arm: a, iter: it, single: chosen[a] !== "all", t: [0, ...t], y: [y[0], ...y] });
		});
	});
	return out;
}

// Names of marks stand beside their lines; those of the iteration itself are the chart's own ends.
function drawMarks(u, shown) {
	const ctx = u.ctx;
	ctx.save();
	ctx.font = Math.round(11 * devicePixelRatio) + "px system-ui, sans-serif";
	ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
	ctx.lineWidth = devicePixelRatio;
	let row = 0;
	for (const line of shown)
		for (const mark of line.iter.marks) {
			if (mark.kind !== "phase" && mark.kind !== "mark")
				continue;
			const x = u.valToPos(mark.t, "x", true);
			if (x < u.bbox.left || x > u.bbox.left + u.bbox.width)
				continue;
			ctx.strokeStyle = ctx.fillStyle = color(line.arm);
			ctx.beginPath();
			ctx.moveTo(x, u.bbox.top);
			ctx.lineTo(x, u.bbox.top + u.bbox.height);
			ctx.stroke();
			if (line.single || shown.length <= 2)
				ctx.fillText(mark.name || mark.kind, x + 4, u.bbox.top + (12 + 13 * (row++ % 4)) * devicePixelRatio);
		}
	ctx.restore();
}

function axisValue(v) {
	if (v === null || v === undefined)
		return "";
	const a = Math.abs(v);
	return a >= 1e6 ? +(v / 1e6).toPrecision(3) + " M" : a >= 1e4 ? +(v / 1e3).toPrecision(3) + " k" : String(+v.toPrecision(4));
}

function options(what, shown, width) {
	const axis = { stroke: css("--soft"), grid: { stroke: css("--grid"), width: 1 }, ticks: { stroke: css("--grid"), width: 1 },
		font: "11px system-ui, sans-serif" };
	return {
		width: width,
		height: 300,
		scales: { x: { time: false }, y: { range: function (u, lo, hi) { return [0, hi > 0 ? hi * 1.05 : 1]; } } },
		axes: [Object.assign({}, axis, { values: function (u, v) { return v.map(function (s) { return String(+s.toPrecision(6)); }); },
			label: "s since the start of the iteration", labelFont: "12px system-ui, sans-serif", labelSize: 20 }),
			Object.assign({}, axis, { size: 58, values: function (u, v) { return v.map(axisValue); } })],
		cursor: { focus: { prox: 24 }, drag: { x: true, y: false } },
		focus: { alpha: 0.25 },
		legend: { show: shown.length <= 12 },
		series: [{ label: "s", value: function (u, v) { return v === null || v === undefined ? "-" : String(+v.toPrecision(5)); } }].concat(
			shown.map(function (line) {
				return {
					label: data.arms[line.arm].name + " " + line.iter.n,
					stroke: color(line.arm),
					width: line.single ? 2 : 1.3,
					dash: [[], [7, 3], [2, 3], [9, 3, 2, 3]][line.arm % 4],
					spanGaps: true,
					points: { show: false },
					paths: uPlot.paths.stepped({ align: -1 }),
					value: function (u, v) { return v === null || v === undefined ? "-" : axisValue(v) + " " + data.what[what].unit; },
				};
			})),
		hooks: { draw: [function (u) { drawMarks(u, shown); }] },
	};
}

function select(label, entries) {
	const s = make("select", {});
	for (const [value, text] of entries)
		s.append(make("option", { value: value }, text));
	return { element: make("label", {}, label, s), select: s };
}

function timeChart(box) {
	const plot = make("div", { id: "plot", role: "img" });
	const what = select("Show", data.what.map(function (w, i) { return [i, w.title + ", " + w.unit, w.have]; })
		.filter(function (w) { return w[2]; }).map(function (w) { return [String(w[0]), w[1]]; }));
	const arms = data.arms.map(function (arm) {
		const some = arm.iter.map(function (it, i) { return [String(i), "iteration " + it.n, it.t]; }).filter(function (x) { return x[2]; });
		return select(arm.name, [["all", some.length === 1 ? "its iteration" : "all " + some.length + " iterations"], ["none", "nothing"]]
			.concat(some.map(function (x) { return [x[0], x[1]]; })));
	});
	let chart = null;

	function draw() {
		const w = Number(what.select.value);
		const shown = lines(w, arms.map(function (a) { return a.select.value; }));
		const tables = shown.map(function (line) { return [line.t, line.y]; });
		const width = Math.max(280, Math.min(box.clientWidth, 1060));
		if (chart)
			chart.destroy();
		chart = null;
		plot.textContent = shown.length ? "" : "Nothing is chosen.";
		plot.setAttribute("aria-label", data.what[w].title + " over time of " + shown.length + " iterations; the table below has the numbers.");
		if (shown.length)
			chart = new uPlot(options(w, shown, width), tables.length > 1 ? uPlot.join(tables) : tables[0], plot);
	}

	arms.forEach(function (a, k) { a.element.classList.add("arm", "a" + k % 8); });
	box.append(make("div", { className: "controls", role: "group" }, what.element, ...arms.map(function (a) { return a.element; })), plot);
	box.querySelector(".controls").setAttribute("aria-label", "What the chart shows");
	box.hidden = false;
	document.getElementById("time-pictures").hidden = true;
	for (const s of [what, ...arms])
		s.select.addEventListener("change", draw);
	let wide = box.clientWidth;
	window.addEventListener("resize", function () {
		if (box.clientWidth !== wide) {
			wide = box.clientWidth;
			draw();
		}
	});
	redraw.push(draw);
	draw();
}

const box = document.getElementById("time-chart");
if (box && typeof uPlot === "function" && data.arms.some(function (a) { return a.iter.some(function (it) { return it.t; }); }))
	timeChart(box);

showTheme();

// all of it on paper
const closed = [];
window.addEventListener("beforeprint", function () {
	for (const d of document.querySelectorAll("details:not([open])")) {
		closed.push(d);
		d.open = true;
	}
});
window.addEventListener("afterprint", function () {
	for (const d of closed.splice(0))
		d.open = false;
});

root.dataset.ready = errors.length ? "error" : "yes";
})();
