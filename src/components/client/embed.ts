/** The theme of a frame follows the system: the page around it has its own. */

const light = matchMedia('(prefers-color-scheme: light)');
const apply = (): void => {
  document.documentElement.dataset['theme'] = light.matches ? 'light' : 'dark';
};
apply();
light.addEventListener('change', apply);

export {};
