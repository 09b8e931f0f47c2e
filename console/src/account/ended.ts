import { signal } from "@preact/signals"
import { forgetUnsent } from "../parts/unsent"
import { me } from "./me"

/**
 * Between the tabs of this browser, which share their log-in: "asked" by the one that waits for a person, "back" by the
 * one in which somebody logged in, "hello" by one that has just come, "left" by the one in which somebody logged out.
 */
type Word = "asked" | "back" | "hello" | "left"

const tabs = new BroadcastChannel("puntini log-in")
let waiting: Promise<void> | undefined
let goOn = () => {}

/** Whether somebody has to log in again for things to go on. */
export const isEnded = signal(false)

/** How often somebody has logged in since the page was loaded, in any tab. */
export const logIns = signal(0)

tabs.onmessage = ({ data }: MessageEvent<Word>) => {
  if (data === "back") resume()
  else if (data === "asked") hear()
  else if (data === "left") leave()
  else if (waiting) say("asked")
}
say("hello")

/** The log-in has ended: have somebody log in, in whichever tab. All who wait at once wait for the same. */
export function loggedInAgain(): Promise<void> {
  isEnded.value = true
  say("asked")
  waiting ??= new Promise((resolve) => (goOn = resolve))
  return waiting
}

/** Somebody has logged in: what waits goes on, in all tabs. */
export function announceLogIn(): void {
  say("back")
  resume()
}

/** Somebody has logged out: no tab shows any more what was theirs. */
export function announceLogOut(): void {
  say("left")
  leave()
}

function leave(): void {
  forgetUnsent()
  me.value = null
}

function say(word: Word): void {
  tabs.postMessage(word)
}

function hear(): void {
  if (me.value) isEnded.value = true
  // This tab's own question waits for the other's, so it would not hear that it has to log in.
  else if (me.value === undefined) me.value = null
}

function resume(): void {
  isEnded.value = false
  logIns.value++
  goOn()
  waiting = undefined
}
