/** Dates as readers see them. */

const MONTHS = 'January February March April May June July August September October November December'.split(' ');

/**
 * @param date YYYY, YYYY-MM or YYYY-MM-DD
 * @returns "2024", "September 2024" or "30 September 2024"
 */
export function readableDate(date: string): string {
  const [year = '', month, day] = date.split('-');
  if (month === undefined) return year;
  const name = MONTHS[Number(month) - 1] ?? month;
  return day === undefined ? `${name} ${year}` : `${String(Number(day))} ${name} ${year}`;
}

/** A page whose facts were checked longer ago says so. */
export const OLD_AFTER_DAYS = 180;

/** Whole days from a day (YYYY-MM-DD) to a moment. */
export function ageInDays(day: string, now: Date): number {
  return Math.floor((now.getTime() - Date.parse(`${day}T00:00:00Z`)) / 86_400_000);
}
