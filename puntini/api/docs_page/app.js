// The page reads well without this. It adds a filter, buttons that copy, and forms that send.

const operations = [...document.querySelectorAll(".operation")];
const schemas = [...document.querySelectorAll(".schema")];
const filter = document.querySelector("#filter");
const credential = document.querySelector("#credential");
const found = document.querySelector("#found");
const SHOWN = 100_000;
const STREAM_MS = 10_000;

const tools = document.querySelector(".tools");
tools.hidden = false;
tools.addEventListener("submit", (event) => event.preventDefault());

filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (element) => words.every((word) => element.textContent.toLowerCase().includes(word));
  let count = 0;
  for (const operation of operations) {
    operation.hidden = !fits(operation.querySelector("summary"));
    document.querySelector(`nav [data-of="${operation.id}"]`).hidden = operation.hidden;
    count += operation.hidden ? 0 : 1;
  }
  for (const schema of schemas) schema.hidden = !fits(schema.querySelector("summary"));
  found.textContent = words.length ? `${count} of ${operations.length} operations` : "";
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, textarea")) return;
  event.preventDefault();
  filter.focus();
});

// A link to what is folded opens it.

function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target?.matches("details")) return;
  target.hidden = false;
  target.open = true;
  target.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

// Command lines name this very server.

for (const sample of document.querySelectorAll(".sample")) {
  const code = sample.querySelector("code");
  code.textContent = code.textContent.replace("http://127.0.0.1:8000", location.origin);
  if (!navigator.clipboard) continue; // only pages that were loaded safely, or from this machine, may copy
  const button = document.createElement("button");
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  sample.append(button);
}

// Forms.

function asked(form) {
  const query = new URLSearchParams();
  const headers = { Accept: "application/json" };
  let path = form.dataset.path;
  for (const input of form.querySelectorAll("input")) {
    if (input.dataset.in === "path") path = path.replace(`{${input.name}}`, encodeURIComponent(input.value));
    else if (!input.value) continue;
    else if (input.dataset.in === "query") query.set(input.name, input.value);
    else headers[input.name] = input.value;
  }
  if (credential.value) headers.Authorization = `Bearer ${credential.value}`; // the server tells keys from tokens
  const body = form.querySelector("textarea")?.value;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  return [query.size ? `${path}?${query}` : path, { method: form.dataset.method, headers, body }];
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

for (const form of document.querySelectorAll(".try")) {
  form.hidden = false;
  const output = form.querySelector("output");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [url, options] = asked(form);
    output.textContent = "…";
    try {
      const response = await fetch(url, { ...options, signal: AbortSignal.timeout(STREAM_MS) });
      const text = pretty(await response.text());
      output.textContent = `${response.status} ${response.statusText}\n${text.slice(0, SHOWN)}`;
    } catch (error) {
      output.textContent = String(error);
    }
  });
}
