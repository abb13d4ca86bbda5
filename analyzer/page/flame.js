// SPDX-License-Identifier: GPL-2.0-only
// Flame graphs: zoom, search, and what a frame is. The whole graph and its tables are there without it.
(function () {
"use strict";

const block = document.getElementById("flames");
if (!block)
	return;

const SVG = "http://www.w3.org/2000/svg";
const ROW = 18, CHAR = 6.3, NARROWEST = 0.4;
const STEPS = ["l3", "l2", "l1", "s0", "m1", "m2", "m3"];
const KERNEL = 1, INLINED = 2, UNKNOWN = 4, JIT = 16;
const ALL = -1, OTHER = -2;

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

function draw(tag, attrs) {
	const e = document.createElementNS(SVG, tag);
	for (const k in attrs)
		e.setAttribute(k, attrs[k]);
	return e;
}

// Numbers as the page has them elsewhere.
function group(text) {
	const parts = text.split(".");
	if (parts[0].length > 4)
		parts[0] = parts[0].replace(/\B(?=(\d{3})+$)/g, "\u202f");
	return parts.join(".");
}

function digits(v, n) {
	if (v === 0)
		return "0";
	const before = Math.floor(Math.log10(Math.abs(v))) + 1;
	return group(v === Math.round(v) ? v.toFixed(0) : v.toFixed(Math.min(20, Math.max(0, n - before))));
}

function percent(share) {
	const v = 100 * Math.abs(share);
	return v === 0 ? "0 %" : v < 0.005 ? "< 0.01 %" : group(v.toFixed(v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2)) + " %";
}

function signed(share) {
	return (share < 0 ? "\u2212" : "+") + percent(share);
}

// ------------------------------------------------------------------ a graph

function Graph(data) {
	const numbers = data.node.split(" ").map(Number);
	const arms = data.arms.length === 2 ? 2 : 1;
	const step = arms === 2 ? 5 : 3;
	const n = numbers.length / step;
	const open = [];

	this.data = data;
	this.diff = arms === 2;
	this.n = n;
	this.depth = new Array(n);
	this.fn = new Array(n);
	this.w = [new Array(n), new Array(n)];
	this.step = new Array(n);
	this.parent = new Array(n);
	this.end = new Array(n); // after the last below it
	for (let i = 0; i < n; i++) {
		const at = i * step;
		this.depth[i] = numbers[at];
		this.fn[i] = numbers[at + 1];
		this.w[0][i] = numbers[at + 2];
		this.w[1][i] = this.diff ? numbers[at + 3] : 0;
		this.step[i] = this.diff ? numbers[at + 4] : 0;
		while (open.length > this.depth[i])
			this.end[open.pop()] = i;
		this.parent[i] = open.length ? open[open.length - 1] : -1;
		open.push(i);
	}
	while (open.length)
		this.end[open.pop()] = n;
}

Graph.prototype.name = function (i) {
	return this.fn[i] === ALL ? "all" : this.fn[i] === OTHER ? "(other)" : this.data.fn[this.fn[i]][0];
};

Graph.prototype.kind = function (i) {
	const fn = this.fn[i];
	if (fn === OTHER)
		return "fo";
	if (fn === ALL || this.data.fn[fn].length < 4)
		return "ft";
	const flags = this.data.fn[fn][3];
	return flags & UNKNOWN ? "fx" : flags & KERNEL ? "fk" : flags & JIT ? "fj" : flags & INLINED ? "fi" : "fu";
};

Graph.prototype.weight = function (w) {
	const unit = this.data.unit;
	if (unit.slice(0, 2) !== "ns")
		return digits(w >= 1000 ? Math.round(w) : w, 4) + " " + unit;
	const s = w >= 1e9 ? [1e9, "s"] : w >= 1e6 ? [1e6, "ms"] : w >= 1e3 ? [1e3, "\u00b5s"] : [1, "ns"];
	return digits(w / s[0], 4) + " " + s[1] + unit.slice(2);
};

// Where a frame is from: its file, and the line that weighs most.
Graph.prototype.where = function (i) {
	const fn = this.fn[i] >= 0 ? this.data.fn[this.fn[i]] : [];
	const out = [];
	if (fn[1])
		out.push(fn[1]);
	if (fn[2])
		out.push(fn[2] + (fn[4] > 1 ? " and " + (fn[4] - 1) + " more line" + (fn[4] > 2 ? "s" : "") : ""));
	const kind = { fk: "kernel", fi: "inlined", fj: "JIT", fx: "no name known" }[this.kind(i)];
	if (kind && fn[1] !== "[kernel]")
		out.push(kind);
	return out.join(", ");
};

Graph.prototype.text = function (i, arm) {
	const p = this.parent[i], w = this.w[arm][i], total = this.w[arm][0];
	const of = [];
	if (total > 0 && i)
		of.push(percent(w / total) + " of all");
	if (p > 0 && this.w[arm][p] > 0)
		of.push(percent(w / this.w[arm][p]) + " of " + this.name(p));
	if (!this.diff)
		return [this.weight(w)].concat(of).join(", ");
	const a = this.w[0][i], b = this.w[1][i];
	const change = a > 0 ? (b > 0 ? signed(b / a - 1) : "gone") : b > 0 ? "new" : "none";
	return this.data.arms[0] + " " + this.weight(a) + ", " + this.data.arms[1] + " " + this.weight(b) + ": " + change +
		(this.fn[i] === OTHER || a === b ? "" : this.step[i] ? "" : ", no more than 10 % or than noise") +
		(of.length ? "; in " + this.data.arms[arm] + " " + of.join(", ") : "");
};

// ----------------------------------------------------------------- a figure

function Figure(element, graph) {
	this.g = graph;
	this.element = element;
	this.box = element.querySelector(".flame-box");
	this.svg = this.box.querySelector("svg");
	this.arm = graph.diff && graph.w[1][0] > 0 ? 1 : 0;
	this.zoom = 0;
	this.at = -1;    // frame that the keyboard is at
	this.up = false; // root at the bottom
	this.hits = null;
	this.marks = new Map();
	this.controls();
	for (const name of ["role", "tabindex", "aria-label"])
		this.box.removeAttribute(name);
	this.svg.setAttribute("tabindex", "0");
	this.svg.setAttribute("role", "application");
	this.svg.setAttribute("aria-roledescription", "flame graph");
	this.svg.setAttribute("aria-label", "Flame graph of " + graph.data.kind +
		". Arrow keys go from frame to frame, Enter zooms in, Escape zooms out.");
	this.listen();
	this.draw();
	this.say(-1);
	element.dataset.ready = "yes";
}

Figure.prototype.controls = function () {
	const self = this, g = this.g;
	const field = make("input", { type: "search", size: 18, autocomplete: "off", spellcheck: false });
	this.found = make("span", { className: "found", role: "status" });
	this.reset = make("button", { type: "button", disabled: true }, "Reset zoom");
	const flip = make("button", { type: "button", "aria-pressed": "false" }, "Root at the bottom");
	const bar = make("div", { className: "controls", role: "group", "aria-label": "Flame graph of " + g.data.kind },
		make("label", {}, "Search", field), this.reset, flip);
	if (g.diff) {
		const by = make("select", {});
		g.data.arms.forEach(function (name, k) {
			by.append(make("option", { value: String(k), selected: k === self.arm, disabled: !(g.w[k][0] > 0) }, name));
		});
		by.addEventListener("change", function () {
			self.arm = Number(by.value);
			while (self.zoom > 0 && !(g.w[self.arm][self.zoom] > 0))
				self.zoom = g.parent[self.zoom];
			self.draw();
			self.count();
		});
		bar.append(make("label", {}, "Width by", by));
	}
	bar.append(this.found);
	field.addEventListener("input", function () {
		self.search(field.value);
	});
	field.addEventListener("keydown", function (e) {
		if (e.key === "Escape" && field.value) {
			field.value = "";
			self.search("");
		}
	});
	this.reset.addEventListener("click", function () {
		self.zoomTo(0);
		self.svg.focus();
	});
	flip.addEventListener("click", function () {
		self.up = !self.up;
		flip.setAttribute("aria-pressed", String(self.up));
		self.draw();
	});
	this.readout = make("p", { className: "flame-readout", "aria-live": "polite" });
	this.element.insertBefore(bar, this.box);
	this.element.append(this.readout);
};

Figure.prototype.listen = function () {
	const self = this;

	function frame(e) {
		const mark = e.target.closest("g[data-i]");
		return mark ? Number(mark.dataset.i) : -1;
	}
	this.svg.addEventListener("click", function (e) {
		const i = frame(e);
		if (i < 0)
			return;
		self.at = i;
		self.zoomTo(i === self.zoom && i ? self.g.parent[i] : i);
	});
	this.svg.addEventListener("pointermove", function (e) {
		const i = frame(e);
		if (i >= 0 && i !== self.said)
			self.say(i);
	});
	this.svg.addEventListener("pointerleave", function () {
		self.say(document.activeElement === self.svg ? self.at : -1);
	});
	this.svg.addEventListener("focus", function () {
		if (self.svg.matches(":focus-visible"))
			self.go(self.at >= 0 && self.marks.has(self.at) ? self.at : self.zoom);
	});
	this.svg.addEventListener("blur", function () {
		self.mark(-1);
	});
	this.svg.addEventListener("keydown", function (e) {
		if (self.key(e.key))
			e.preventDefault();
	});
	let wide = this.box.clientWidth;
	window.addEventListener("resize", function () {
		if (self.box.clientWidth !== wide) {
			wide = self.box.clientWidth;
			self.draw();
		}
	});
	this.box.closest("details")?.addEventListener("toggle", function () { self.draw(); });
};

// The frame beside, at the same depth as it is drawn.
Figure.prototype.beside = function (i, way) {
	const row = Array.from(this.marks.keys()).filter(function (k) { return this.g.depth[k] === this.g.depth[i]; }, this);
	const k = row.indexOf(i) + way;
	return k >= 0 && k < row.length ? row[k] : i;
};

Figure.prototype.key = function (key) {
	const g = this.g, i = this.at >= 0 && this.marks.has(this.at) ? this.at : this.zoom;
	const deeper = this.up ? "ArrowUp" : "ArrowDown", back = this.up ? "ArrowDown" : "ArrowUp";

	if (key === "ArrowLeft" || key === "ArrowRight")
		this.go(this.beside(i, key === "ArrowLeft" ? -1 : 1));
	else if (key === deeper && i < this.zoom)
		this.go(this.path(this.zoom).find(function (k) { return g.parent[k] === i; }));
	else if (key === deeper)
		this.go(i + 1 < g.end[i] ? this.child(i) : i);
	else if (key === back)
		this.go(i > 0 ? g.parent[i] : i);
	else if (key === "Home")
		this.go(this.zoom);
	else if (key === "Enter" || key === " ")
		this.zoomTo(i === this.zoom && i ? g.parent[i] : i);
	else if (key === "Escape" || key === "Backspace")
		this.zoomTo(key === "Escape" || !this.zoom ? 0 : g.parent[this.zoom]);
	else
		return false;
	return true;
};

// The first below that is wide enough to be there.
Figure.prototype.child = function (i) {
	for (let c = i + 1; c < this.g.end[i]; c = this.g.end[c])
		if (this.marks.has(c))
			return c;
	return i;
};

Figure.prototype.path = function (i) {
	const out = [];
	for (; i >= 0; i = this.g.parent[i])
		out.unshift(i);
	return out;
};

Figure.prototype.mark = function (i) {
	for (const old of this.svg.querySelectorAll(".at"))
		old.classList.remove("at");
	const e = this.marks.get(i);
	if (e) {
		e.classList.add("at");
		e.parentNode.append(e); // its outline over those beside it
	}
};

Figure.prototype.go = function (i) {
	this.at = i;
	this.mark(i);
	this.say(i);
	const e = this.marks.get(i);
	if (e) {
		const r = e.getBoundingClientRect();
		if (r.top < 0 || r.bottom > window.innerHeight - 60)
			e.scrollIntoView({ block: "center" });
	}
};

Figure.prototype.zoomTo = function (i) {
	if (this.g.fn[i] === OTHER || !(this.g.w[this.arm][i] > 0))
		return;
	this.zoom = i;
	this.reset.disabled = !i;
	this.draw();
	this.go(i);
	this.count();
};

Figure.prototype.say = function (i) {
	const g = this.g;
	this.said = i;
	this.readout.textContent = "";
	if (i < 0) {
		this.readout.append(make("span", { className: "unit" }, "Point at a frame, or go there by the arrow keys, to see what it is; " +
			"click or Enter zooms."));
		return;
	}
	const where = g.where(i);
	this.readout.append(make("span", { className: "metric" }, g.name(i)), where ? " " + where : "", make("br", {}), g.text(i, this.arm));
};

// ------------------------------------------------------------------- search

// Frames whose name, module or file has the text, whatever its case.
Figure.prototype.search = function (text) {
	const g = this.g, want = text.trim().toLowerCase();

	this.hits = null;
	if (want) {
		const match = g.data.fn.map(function (fn) {
			return (fn[0] + " " + (fn[1] || "") + " " + (fn[2] || "")).toLowerCase().includes(want);
		});
		this.hits = g.fn.map(function (f) { return f >= 0 && match[f]; });
	}
	for (const [i, e] of this.marks)
		this.show(i, e);
	this.count();
};

Figure.prototype.show = function (i, e) {
	e.classList.toggle("hit", !!this.hits && this.hits[i]);
	e.classList.toggle("miss", !!this.hits && !this.hits[i]);
};

// What is below a frame that was found is counted with it, once.
Figure.prototype.count = function () {
	const g = this.g, w = g.w[this.arm];
	let frames = 0, sum = 0;

	if (!this.hits) {
		this.found.textContent = "";
		return;
	}
	for (let i = this.zoom; i < g.end[this.zoom]; i++)
		frames += this.hits[i];
	for (let i = this.zoom; i < g.end[this.zoom];) {
		if (this.hits[i]) {
			sum += w[i];
			i = g.end[i];
		} else {
			i++;
		}
	}
	this.found.textContent = !frames ? "found nothing" : frames + (frames === 1 ? " frame, " : " frames, ") + this.g.weight(sum) + ", " +
		percent(sum / w[this.zoom]) + (this.zoom ? " of what is shown" : " of all");
};

// ------------------------------------------------------------------ drawing

Figure.prototype.frame = function (i, x, width, y, above) {
	const g = this.g, step = g.step[i];
	const sign = step > 0 ? "\u25b2 " : step < 0 ? "\u25bc " : "";
	const chars = width > 8 ? Math.floor((width - 6) / CHAR) - sign.length : 0;
	const name = g.name(i);
	const e = draw("g", { "class": (g.diff && g.fn[i] !== OTHER ? STEPS[step + 3] : g.kind(i)) + (above ? " above" : ""), "data-i": i });

	e.append(draw("rect", { x: x.toFixed(1), y: y, width: Math.max(0.5, width).toFixed(1), height: ROW - 1 }));
	if (chars + sign.length >= 4) {
		const text = draw("text", { x: (x + 3).toFixed(1), y: y + 13 });
		text.textContent = sign + (name.length > chars ? name.slice(0, chars) + "\u2026" : name);
		e.append(text);
	}
	this.show(i, e);
	this.marks.set(i, e);
	return e;
};

Figure.prototype.draw = function () {
	const g = this.g, w = g.w[this.arm], zoom = this.zoom;
	const width = Math.max(240, this.box.clientWidth), scale = width / w[zoom];
	const shown = this.path(zoom).map(function (i) { return [i, 0, width, i !== zoom]; });
	const x = [];
	let deepest = g.depth[zoom];

	x[g.depth[zoom] + 1] = 0;
	for (let i = zoom + 1; i < g.end[zoom];) {
		const d = g.depth[i], wide = w[i] * scale, from = x[d];

		x[d] += wide;
		x[d + 1] = from;
		if (wide < NARROWEST) {
			i = g.end[i];
			continue;
		}
		shown.push([i, from, wide, false]);
		deepest = Math.max(deepest, d);
		i++;
	}
	const height = (deepest + 1) * ROW;
	const layer = document.createDocumentFragment();
	this.marks.clear();
	for (const [i, from, wide, above] of shown)
		layer.append(this.frame(i, from, wide, (this.up ? deepest - g.depth[i] : g.depth[i]) * ROW, above));
	this.svg.setAttribute("viewBox", "0 0 " + width + " " + height);
	this.svg.setAttribute("width", width);
	this.svg.setAttribute("height", height);
	this.svg.replaceChildren(layer);
	if (document.activeElement === this.svg)
		this.mark(this.at);
};

const graphs = JSON.parse(block.textContent);
for (const element of document.querySelectorAll("figure[data-flame]"))
	new Figure(element, new Graph(graphs[Number(element.dataset.flame)]));
})();
