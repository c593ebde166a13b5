/** The site's own addresses: the only place where a root-relative path becomes one below the base path. */

/**
 * @param path root-relative, with its leading slash: "/hardware/gpu/", "/calculator/?ctx=4096"
 * @returns the same below the base path the site is built for
 */
export function url(path: `/${string}`): string {
  return import.meta.env.BASE_URL.replace(/\/$/, '') + path;
}
