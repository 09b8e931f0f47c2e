// Search, theme, menu and buttons that copy. Every page reads well without it.
"use strict";

const root = document.body.dataset.root;
const byId = (id) => document.getElementById(id);
document.documentElement.classList.add("scripted");

// The theme: the system's, unless somebody chose another.

const SCHEMES = ["light dark", "light", "dark"];
const NAMES = { "light dark": "Auto", light: "Light", dark: "Dark" };

function remembered() {
  try {
    return localStorage.getItem("puntini-docs-theme") ?? SCHEMES[0];
  } catch {
    return SCHEMES[0]; // a page that was opened as a file may have no storage
  }
}

function paint(scheme) {
  document.documentElement.style.colorScheme = scheme;
  byId("theme").textContent = NAMES[scheme];
  byId("theme").setAttribute("aria-label", `Colours: ${NAMES[scheme]}`);
  byId("theme").dataset.scheme = scheme;
}

byId("theme").addEventListener("click", () => {
  const next = SCHEMES[(SCHEMES.indexOf(byId("theme").dataset.scheme) + 1) % SCHEMES.length];
  paint(next);
  try {
    localStorage.setItem("puntini-docs-theme", next);
  } catch {
    // it holds for this page
  }
});
byId("theme").hidden = false;
const first = remembered();
paint(SCHEMES.includes(first) ? first : SCHEMES[0]);

// The menu, on narrow screens.

byId("menu-button").addEventListener("click", () => {
  const open = byId("menu").classList.toggle("open");
  byId("menu-button").setAttribute("aria-expanded", String(open));
});
const current = byId("menu").querySelector("[aria-current]");
if (current) byId("menu").scrollTop = current.offsetTop - byId("menu").clientHeight / 2;

// Copying code.

for (const block of document.querySelectorAll("pre[data-language]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("code").textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  if (navigator.clipboard) block.append(button);
}

// The search: passages that hold all words, the best first.

const MOST = 12;
const field = byId("search");
const list = byId("found");
let chosen = -1;
field.parentElement.hidden = false;

function score([page, heading, , text], words) {
  let sum = 0;
  for (const word of words) {
    const [inHeading, inPage] = [heading.toLowerCase(), page.toLowerCase()];
    const times = text.toLowerCase().split(word).length - 1;
    if (!times && !inHeading.includes(word) && !inPage.includes(word)) return 0;
    sum += Math.min(times, 5) + (inHeading.includes(word) ? 20 : 0) + (inHeading === word ? 30 : 0) + (inPage.includes(word) ? 8 : 0);
  }
  return sum;
}

function excerpt(text, word) {
  const at = text.toLowerCase().indexOf(word);
  const from = Math.max(0, at - 40);
  return (from > 0 ? "…" : "") + text.slice(from, from + 140);
}

function find() {
  const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
  const found = (words.length ? window.searchIndex : [])
    .map((entry) => [score(entry, words), entry])
    .filter(([points]) => points > 0)
    .sort(([a], [b]) => b - a)
    .slice(0, MOST);
  list.replaceChildren(...found.map(([, entry], place) => item(entry, words[0], place)));
  if (words.length && !found.length) {
    const none = document.createElement("li");
    none.className = "nothing";
    none.textContent = "Nothing has all of these words.";
    list.append(none);
  }
  show(words.length > 0);
  choose(found.length ? 0 : -1);
}

function item([page, heading, address, text], word, place) {
  const [row, link, small] = ["li", "a", "small"].map((tag) => document.createElement(tag));
  row.id = `found-${place}`;
  row.setAttribute("role", "option");
  link.href = root + address;
  link.tabIndex = -1;
  link.textContent = heading === page ? page : `${page} › ${heading}`;
  small.textContent = excerpt(text, word);
  link.append(small);
  row.append(link);
  return row;
}

function show(open) {
  list.hidden = !open;
  field.setAttribute("aria-expanded", String(open));
}

function choose(place) {
  const rows = list.querySelectorAll('[role="option"]');
  chosen = rows.length ? (place + rows.length) % rows.length : -1;
  rows.forEach((row, each) => row.setAttribute("aria-selected", String(each === chosen)));
  if (chosen < 0) {
    field.removeAttribute("aria-activedescendant");
  } else {
    field.setAttribute("aria-activedescendant", rows[chosen].id);
    rows[chosen].scrollIntoView({ block: "nearest" });
  }
}

field.addEventListener("input", find);
field.addEventListener("focus", () => field.value && find());
field.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
  } else if (event.key === "Enter" && chosen >= 0) {
    list.querySelector('[aria-selected="true"] a').click();
    show(false);
  } else if (event.key === "Escape") {
    field.value = "";
    show(false);
    field.blur();
  }
});
document.addEventListener("click", (event) => {
  if (!field.parentElement.contains(event.target)) show(false);
});
document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    field.focus();
  }
});
