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
