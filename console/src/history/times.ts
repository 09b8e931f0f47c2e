const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
})
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" })

/** The time of day to the millisecond, where the reader is. */
export function clock(time: string | number): string {
  return CLOCK.format(new Date(time))
}

/** The day, where it is not today; else empty. */
export function day(time: string | number): string {
  const said = DAY.format(new Date(time))
  return said === DAY.format(new Date()) ? "" : said
}
