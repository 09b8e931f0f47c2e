import type { StylesheetJson } from "cytoscape"
import { HUES } from "./hues"

/** The style of a drawing in the theme of today. The colours are those of the page's CSS variables. */
export function look(): StylesheetJson {
  const { color, font } = reader()
  const [ink, soft, ground, line, accent, warn] = ["ink", "soft", "ground", "faint", "accent", "warn"].map(color) as Six
  const hues = Array.from({ length: HUES }, (_, hue) => ({
    selector: `.hue-${hue}`,
    style: { "background-color": color(`graph-${hue}`) },
  }))
  return [
    {
      selector: "node",
      style: {
        width: "data(size)",
        height: "data(size)",
        label: "data(name)",
        color: ink,
        "font-family": font,
        "font-size": 12,
        "min-zoomed-font-size": 7,
        "text-valign": "bottom",
        "text-margin-y": 4,
        "text-max-width": "130px",
        "text-wrap": "ellipsis",
        "text-outline-color": ground,
        "text-outline-width": 2,
        "border-width": 1.5,
        "border-color": ground,
        "underlay-color": accent,
        "underlay-opacity": 0,
        "underlay-padding": 9,
        "underlay-shape": "ellipse",
        "overlay-opacity": 0,
      },
    },
    ...hues,
    {
      selector: "edge",
      style: {
        width: 1.4,
        "line-color": line,
        "line-opacity": 0.5,
        "target-arrow-color": line,
        "target-arrow-shape": "triangle",
        "arrow-scale": 0.9,
        "curve-style": "bezier",
        "control-point-step-size": 28,
        label: "data(name)",
        color: soft,
        "font-family": font,
        "font-size": 10,
        "min-zoomed-font-size": 12,
        "text-rotation": "autorotate",
        "text-outline-color": ground,
        "text-outline-width": 2.5,
        "overlay-opacity": 0,
      },
    },
    {
      selector: "edge.many",
      style: { "curve-style": "haystack", "haystack-radius": 0, width: 1, "target-arrow-shape": "none" },
    },
    {
      selector: "edge.told",
      style: { "line-color": accent, "target-arrow-color": accent, "line-opacity": 1, "min-zoomed-font-size": 0 },
    },
    { selector: ".dim", style: { opacity: 0.14 } },
    { selector: ".lively", style: { "transition-property": "opacity underlay-opacity", "transition-duration": 450 } },
    { selector: ".entering", style: { opacity: 0 } },
    { selector: "node.fresh", style: { "underlay-opacity": 0.35 } },
    { selector: "node.touched", style: { "underlay-color": warn, "underlay-opacity": 0.4 } },
    { selector: "node.end", style: { "border-color": warn, "border-width": 3 } },
    { selector: "node:selected", style: { "border-color": accent, "border-width": 3.5, "min-zoomed-font-size": 0 } },
    { selector: "edge:selected", style: { width: 3, "line-color": accent, "target-arrow-color": accent } },
  ] as StylesheetJson
}

type Six = [string, string, string, string, string, string]

/** Reads variables as the browser computes them, `light-dark()` and all: a canvas understands plain colours only. */
function reader(): { color: (name: string) => string; font: string } {
  const probe = document.createElement("span")
  probe.hidden = true
  document.body.append(probe)
  const computed = getComputedStyle(probe)
  const color = (name: string) => {
    probe.style.color = `var(--${name})`
    return computed.color
  }
  const read = new Map(
    [
      "ink",
      "soft",
      "ground",
      "faint",
      "accent",
      "warn",
      ...Array.from({ length: HUES }, (_, hue) => `graph-${hue}`),
    ].map((name) => [name, color(name)]),
  )
  const font = computed.fontFamily
  probe.remove()
  return { color: (name) => read.get(name) ?? "", font }
}

/** Call `changed` when the page's or the system's theme does. Returns how to stop. */
export function onTheme(changed: () => void): () => void {
  const system = matchMedia("(prefers-color-scheme: dark)")
  const page = new MutationObserver(changed)
  system.addEventListener("change", changed)
  page.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class", "style"] })
  return () => {
    system.removeEventListener("change", changed)
    page.disconnect()
  }
}

/** The colour behind a drawing, for a picture of it. */
export function groundColor(): string {
  return getComputedStyle(document.body).backgroundColor
}

const still = matchMedia("(prefers-reduced-motion: reduce)")

/** Whether things may move. */
export function lively(): boolean {
  return !still.matches
}
