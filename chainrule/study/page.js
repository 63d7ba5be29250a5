"use strict";
// A group holds the lines that just the same clauses reach.  A clause is about the groups of at least `about` times the
// largest weight among its groups, and passes through the others.
const join = JSON.parse(document.getElementById("join").textContent);
const lines = [...document.querySelectorAll(".line[data-group]")];
const articles = join.clauses.map((id) => document.getElementById(id));
const panels = [...document.querySelectorAll("[role=tabpanel]")];
const tabs = [...document.querySelectorAll("[role=tab]")];
const ITEM = ".line[data-group], .clause";
const status = document.getElementById("status");
const greeting = status.textContent;
const heaviest = join.clauses.map(() => 0);
for (const group of join.groups)
  for (const clause of group.clauses) heaviest[clause] = Math.max(heaviest[clause], group.weight);

const relation = (clause, group) => (group.weight >= join.about * heaviest[clause] ? "about" : "passes");
const groupOf = (line) => join.groups[line.dataset.group];

function clear() {
  for (const lit of document.querySelectorAll(".about, .passes")) lit.classList.remove("about", "passes");
  for (const chosen of document.querySelectorAll("[aria-current]")) chosen.removeAttribute("aria-current");
  for (const label of document.querySelectorAll(".relation, .lit")) label.textContent = "";
  status.textContent = greeting;
}

function chooseLine(line) {
  clear();
  line.setAttribute("aria-current", "true");
  const group = groupOf(line);
  const found = { about: [], passes: [] };
  for (const clause of group.clauses) {
    const kind = relation(clause, group);
    articles[clause].classList.add(kind);
    articles[clause].querySelector(".relation").textContent =
      kind === "about" ? "about this line" : "passes through this line";
    found[kind].push(articles[clause]);
  }
  const own = (list) => list.sort((a, b) => join.clauses.indexOf(a.id) - join.clauses.indexOf(b.id));
  show([...own(found.about), ...own(found.passes)][0]);
  say(`${found.about.length} clauses are about this line, ${found.passes.length} pass through it: `,
    [...found.about, ...found.passes].map((article) => [article.id, article]));
}

function chooseClause(article) {
  clear();
  article.setAttribute("aria-current", "true");
  const clause = join.clauses.indexOf(article.id);
  const lit = lines.filter((line) => groupOf(line).clauses.includes(clause));
  for (const line of lit) line.classList.add(relation(clause, groupOf(line)));
  const about = lit.filter((line) => line.classList.contains("about"));
  panels.forEach((panel, place) => {
    const count = lit.filter((line) => panel.contains(line)).length;
    tabs[place].querySelector(".lit").textContent = count ? `${count} lit` : "";
  });
  if (about.length) show(about.reduce((most, line) => (groupOf(line).weight > groupOf(most).weight ? line : most)));
  say(lit.length ? `${article.id} is about ${about.length} lines and passes through ${lit.length - about.length}: ` :
    `No line of the code serves ${article.id}.`,
    [...article.querySelectorAll(".lines a")].map((link) => [link.textContent, endOf(link)]));
}

const endOf = (link) => document.getElementById(link.hash.slice(1));

function say(sentence, links) {
  status.textContent = sentence;
  for (const [name, element] of links) {
    const link = document.createElement("a");
    link.href = `#${element.id}`;
    link.textContent = name;
    link.onclick = (event) => { event.preventDefault(); show(element); focusOn(element); };
    status.append(link, " ");
  }
}

function show(element) {
  const place = panels.findIndex((panel) => panel.contains(element));
  if (place >= 0) chooseTab(place);
  for (let fold = element.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  element.scrollIntoView({ block: place >= 0 ? "center" : "start" });
}

function point(element) {
  show(element);
  if (element.matches(".line")) { clear(); element.setAttribute("aria-current", "true"); }
  if (element.matches(ITEM)) focusOn(element);
}

function chooseTab(chosen) {
  tabs.forEach((tab, place) => {
    tab.setAttribute("aria-selected", String(place === chosen));
    tab.tabIndex = place === chosen ? 0 : -1;
    panels[place].hidden = place !== chosen;
  });
  const own = lines.filter((line) => panels[chosen].contains(line));
  if (own.length && !own.some((line) => line.tabIndex === 0)) reachable(own[0]);
}

// One line and one clause can be reached with Tab; the arrow keys go on from there.
function reachable(element) {
  for (const other of element.matches(".line") ? lines : articles) other.tabIndex = -1;
  element.tabIndex = 0;
}

function focusOn(element) {
  reachable(element);
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
}

function choose(element) {
  focusOn(element);
  if (element.matches(".line")) chooseLine(element);
  else chooseClause(element);
}

document.addEventListener("click", (event) => {
  const tab = event.target.closest("[role=tab]");
  if (tab) chooseTab(tabs.indexOf(tab));
  const link = event.target.closest("a[href^='#']");
  const target = link && endOf(link);
  if (target && link.closest("footer") === null) { event.preventDefault(); point(target); }
  if (tab || link || event.target.closest("summary, details details, .clause details") || String(getSelection())) return;
  const item = event.target.closest(ITEM);
  if (item) choose(item);
});

document.addEventListener("keydown", (event) => {
  const here = document.activeElement;
  if (event.key === "Escape") clear();
  if (here.matches("[role=tab]") && ["ArrowLeft", "ArrowRight"].includes(event.key)) {
    const next = (tabs.indexOf(here) + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length;
    chooseTab(next);
    tabs[next].focus();
  } else if (here.matches(ITEM)) {
    const isLine = here.matches(".line");
    const kin = isLine ? lines.filter((line) => !line.closest("[hidden]")) : articles;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const across = isLine ? articles : lines;
    if (step) focusOn(kin[Math.min(Math.max(kin.indexOf(here) + step, 0), kin.length - 1)]);
    else if (event.key === "Enter" || event.key === " ") choose(here);
    else if (event.key === (isLine ? "ArrowLeft" : "ArrowRight")) {
      const other = across.find((item) => item.matches(".about")) || across.find((item) => item.tabIndex === 0);
      show(other);
      focusOn(other);
    } else return;
    event.preventDefault();
  }
});

for (const first of [lines[0], articles[0]]) if (first) reachable(first);
