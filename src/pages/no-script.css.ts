import type { APIRoute } from 'astro';
import light from '../styles/light.css?raw';

/** The light colours for readers without JavaScript, whose system asks for light: the page itself is marked dark. */
export const GET: APIRoute = () => {
  const selector = ":root[data-theme='light']";
  if (!light.includes(selector)) throw new Error(`light.css has lost its selector ${selector}`);
  const css = `@media (prefers-color-scheme: light) {\n${light.replace(selector, ":root[data-theme='dark']")}}\n`;
  return new Response(css, { headers: { 'Content-Type': 'text/css; charset=utf-8' } });
};
