/** 128 random bits, as an id that nobody else has. (`crypto.randomUUID` is missing in pages that came by plain HTTP.) */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
