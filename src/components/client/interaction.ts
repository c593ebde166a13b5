import type { ClientDirective } from 'astro';

/** What tells that a reader turns to an island: a pointer over it, a finger on it, focus in it. */
const SIGNS = ['pointerover', 'touchstart', 'focusin', 'input', 'dragenter'] as const;

/** Loads an island's program at the first sign of use; at once where the address asks for something. */
const interaction: ClientDirective = (load, _options, element) => {
  let isStarted = false;
  const start = (): void => {
    if (isStarted) return;
    isStarted = true;
    for (const sign of SIGNS) element.removeEventListener(sign, start);
    void load().then((hydrate) => hydrate());
  };
  if (location.search !== '') start();
  else for (const sign of SIGNS) element.addEventListener(sign, start, { passive: true });
};

export default interaction;
