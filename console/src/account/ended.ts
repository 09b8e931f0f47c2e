import { signal } from "@preact/signals"
import { forgetUnsent } from "../parts/unsent"
import { me } from "./me"

/**
 * Between the tabs of this browser, which share their log-in: "asked" by the one that waits for a person, "back" by the
 * one in which somebody logged in, "left" by the one in which somebody logged out, "hello" by one that has just come.
 */
type Word = "asked" | "back" | "left" | "hello"

const tabs = new BroadcastChannel("puntini log-in")
let waiting: Promise<void> | undefined
let release = () => {}

/** Whether somebody has to log in again for things to go on. */
export const isEnded = signal(false)

/** How often somebody has logged in since the page was loaded, in any tab. */
export const logIns = signal(0)

/** Hear from the other tabs from now on. */
export function listen(): void {
  tabs.onmessage = ({ data }: MessageEvent<Word>) => {
    if (data === "back") logIns.value++
    else if (data === "left") leave()
    else if (data === "asked") hear()
    else if (data === "hello" && waiting) say("asked")
  }
  // A page that the browser had put aside has heard nothing meanwhile.
  addEventListener("pageshow", ({ persisted }) => persisted && logIns.value++)
  say("hello")
}

/** The log-in has ended: have somebody log in, in whichever tab. All who wait at once wait for the same. */
export function loggedInAgain(): Promise<void> {
  isEnded.value = true
  say("asked")
  waiting ??= new Promise((resolve) => (release = resolve))
  return waiting
}

/** Somebody has logged in: all tabs ask who it is. */
export function announceLogIn(): void {
  say("back")
  logIns.value++
}

/** Somebody has logged out: no tab shows anything of theirs any more. */
export function announceLogOut(): void {
  say("left")
  leave()
}

function leave(): void {
  forgetUnsent()
  me.value = null
}

/** It is the same person as before: what waits goes on. */
export function goOn(): void {
  isEnded.value = false
  release()
  waiting = undefined
}

function say(word: Word): void {
  tabs.postMessage(word)
}

function hear(): void {
  if (me.value) isEnded.value = true
  // This tab's own question waits for the other's, so it would not hear that it has to log in.
  else if (me.value === undefined) me.value = null
}
