import { signal } from "@preact/signals"
import { PuntiniError } from "@puntini/client"
import { client } from "../client"
import { sentence } from "../parts/problem"
import { announceLogIn, announceLogOut } from "./ended"
import { me } from "./me"

/** Why the server did not say who this is, in a sentence; empty when it did. */
export const silence = signal("")

/** Ask the server who this is. */
export async function askWho(): Promise<void> {
  try {
    me.value = await client.auth.me()
    silence.value = ""
  } catch (error) {
    if (error instanceof PuntiniError && error.status === 401) me.value = null
    else silence.value = sentence(error)
  }
}

/** Log in: the browser keeps the tokens, in cookies that no script reads. */
export async function logIn(username: string, password: string): Promise<void> {
  await client.auth.login({ username, password, cookie: true })
  announceLogIn()
}

/** End this log-in, on the server and in all tabs. */
export async function logOut(): Promise<void> {
  await client.auth.logout()
  announceLogOut()
}

/** Make the first account, which ends open mode, and log in with it. */
export async function beginAccounts(username: string, password: string): Promise<void> {
  await client.auth.register({ username, password })
  await logIn(username, password)
}
