"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const stage = byId("stage"), frame = byId("picture"), graph = frame.querySelector("svg");
  const line = byId("line"), where = byId("where"), slider = byId("slider"), play = byId("play");
  const NAMES = { start: "Start", forward: "Forward pass", backward: "Backward pass" };
  const words = (text) => (text ? text.split(" ") : []);

  // The list of steps in the page is the data.
  const items = [...byId("steps").children];
  const steps = items.map((item) => ({
    phase: item.className,
    line: [...item.childNodes],
    node: item.dataset.node,
    sources: words(item.dataset.sources),
    edges: words(item.dataset.edges),
    gradient: item.dataset.gradient,
  }));
  const last = steps.length - 1;
  const gather = (key) => {
    const groups = new Map();
    for (const group of graph.querySelectorAll(`[data-${key}]`)) {
      const name = group.dataset[key];
      groups.set(name, [...(groups.get(name) ?? []), group]);
    }
    return groups;
  };
  const nodes = gather("node"), operands = gather("operand"), edges = gather("edge");

  let position = 0, timer = null;

  function show(k) {
    position = Math.min(Math.max(k, 0), last);
    const step = steps[position];
    const known = new Set(), walked = new Set(), gradients = new Map();
    for (const past of steps.slice(0, position + 1)) {
      if (past.phase === "forward") known.add(past.node);
      if (past.phase === "backward") {
        gradients.set(past.node, past.gradient);
        past.edges.forEach((edge) => walked.add(edge));
      }
    }
    for (const [name, [node]] of nodes) {
      node.classList.toggle("is-idle", !known.has(name));
      node.classList.toggle("is-lit", name === step.node);
      node.classList.toggle("is-source", step.sources.includes(name));
      const gradient = node.querySelector(".gradient");
      gradient.classList.toggle("is-blank", !gradients.has(name));
      // Alone, the name stands in the middle, not like an exponent beside the sign.
      const heading = node.querySelector(".heading");
      const half = (gradient.getAttribute("y") - heading.getAttribute("y")) / 2;
      heading.setAttribute("dy", gradients.has(name) ? 0 : half);
      if (gradients.has(name)) gradient.textContent = gradients.get(name);
    }
    for (const [name, [operand]] of operands) operand.classList.toggle("is-source", step.edges.includes(name));
    for (const [name, groups] of edges) {
      for (const edge of groups) {
        edge.classList.toggle("is-lit", step.edges.includes(name));
        edge.classList.toggle("is-idle", !known.has(name.split("-")[0]));
        edge.classList.toggle("is-unwalked", !walked.has(name));
      }
    }
    stage.dataset.phase = step.phase;
    line.replaceChildren(...step.line.map((piece) => piece.cloneNode(true)));
    line.classList.toggle("is-long", line.textContent.length > 130);
    const phase = document.createElement("b");
    phase.textContent = NAMES[step.phase];
    where.replaceChildren(phase, `, step ${position} of ${last}`);
    slider.value = position;
    slider.setAttribute("aria-valuetext", where.textContent);
    for (const [id, end] of [["first", 0], ["back", 0], ["forward", last], ["last", last]]) {
      byId(id).setAttribute("aria-disabled", position === end);
    }
    byId("steps").querySelector("[aria-current]")?.removeAttribute("aria-current");
    items[position].setAttribute("aria-current", "step");
    reveal();
  }

  function reveal() {
    const lit = [...graph.querySelectorAll(".is-lit, .is-source")].map((group) => group.getBoundingClientRect());
    if (position === 0) frame.scrollTo(0, 0);
    if (!lit.length) return;
    const view = frame.getBoundingClientRect();
    const main = graph.querySelector(".node.is-lit").getBoundingClientRect();
    const shift = (low, high) => {
      const from = Math.min(...lit.map((box) => box[low])), to = Math.max(...lit.map((box) => box[high]));
      if (from >= view[low] && to <= view[high]) return 0;
      const fits = to - from < view[high] - view[low] - 24;
      const middle = fits ? (from + to) / 2 : (main[low] + main[high]) / 2;
      return middle - (view[low] + view[high]) / 2;
    };
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    frame.scrollBy({ left: shift("left", "right"), top: shift("top", "bottom"), behavior: still ? "instant" : "smooth" });
  }

  function pause() {
    clearTimeout(timer);
    timer = null;
    play.dataset.playing = "false";
    play.setAttribute("aria-label", "Play");
  }

  function tick() {
    if (position === last) return pause();
    show(position + 1);
    timer = setTimeout(tick, Number(byId("speed").value));
  }

  function toggle() {
    if (timer !== null) return pause();
    play.dataset.playing = "true";
    play.setAttribute("aria-label", "Pause");
    if (position === last) show(0);
    timer = setTimeout(tick, 300);
  }

  function go(k) {
    pause();
    show(k);
  }

  // At a scale of 1 letters have 13 pixels; on a projector they grow with the screen.
  const { width, height } = graph.viewBox.baseVal;
  const legible = () => Math.max(frame.clientWidth / 1280, 1);
  let scale = 1, least = legible, isFitted = true;

  function resize(wanted) {
    scale = Math.min(Math.max(wanted, 0.2), 5);
    graph.style.width = `${width * scale}px`;
    graph.style.height = `${height * scale}px`;
    reveal();
  }

  function fit() {
    isFitted = true;
    const room = Math.min((frame.clientWidth - 16) / width, (frame.clientHeight - 16) / height);
    resize(Math.min(Math.max(room, least()), 2.2 * legible()));
  }

  function zoom(factor) {
    isFitted = false;
    resize(scale * factor);
  }

  const moves = { ArrowLeft: () => position - 1, ArrowRight: () => position + 1, Home: () => 0, End: () => last };
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = event.target.closest?.("button, summary, select, input");
    // A picture wider than its frame, with the focus, is scrolled.
    if (event.target === frame && event.key !== " " && frame.scrollWidth > frame.clientWidth) return;
    if (event.key === " " && (!at || at === slider)) toggle();
    else if (moves[event.key] && (!at || at.matches("button, summary"))) go(moves[event.key]());
    else return;
    event.preventDefault();
  });
  byId("first").addEventListener("click", () => go(0));
  byId("back").addEventListener("click", () => go(position - 1));
  byId("forward").addEventListener("click", () => go(position + 1));
  byId("last").addEventListener("click", () => go(last));
  play.addEventListener("click", toggle);
  slider.addEventListener("input", () => go(Number(slider.value)));
  byId("smaller").addEventListener("click", () => zoom(1 / 1.25));
  byId("larger").addEventListener("click", () => zoom(1.25));
  byId("fit").addEventListener("click", () => {
    least = () => 0;
    fit();
  });
  addEventListener("resize", () => isFitted && fit());

  byId("without").hidden = true;
  byId("all").open = false;
  byId("controls").hidden = false;
  pause();
  show(0);
  fit();
})();
