/** The one script every page loads: theme, search shortcut, table of contents. Each part is absent-proof. */

type Choice = 'system' | 'light' | 'dark';

const light = matchMedia('(prefers-color-scheme: light)');

function storedChoice(): Choice {
  try {
    const stored = localStorage.getItem('theme');
    return stored === 'light' || stored === 'dark' ? stored : 'system';
  } catch {
    return 'system';
  }
}

function apply(choice: Choice): void {
  const system = light.matches ? 'light' : 'dark';
  document.documentElement.dataset['theme'] = choice === 'system' ? system : choice;
}

function wireTheme(): void {
  const selects = document.querySelectorAll<HTMLSelectElement>('[data-theme-select]');
  for (const select of selects) {
    select.value = storedChoice();
    select.addEventListener('change', () => {
      const choice = select.value === 'light' || select.value === 'dark' ? select.value : 'system';
      try {
        if (choice === 'system') localStorage.removeItem('theme');
        else localStorage.setItem('theme', choice);
      } catch {
        // Storage is blocked: the choice holds for this page.
      }
      for (const other of selects) other.value = choice;
      apply(choice);
    });
  }
  light.addEventListener('change', () => {
    apply(storedChoice());
  });
}

/** Opens the search; its code and index are loaded on the first opening, not before. */
function wireSearch(): void {
  const dialog = document.querySelector<HTMLDialogElement>('[data-search-dialog]');
  if (dialog === null) return;
  const open = (): void => {
    if (dialog.open) return;
    dialog.showModal();
    // At once, not when the code has come: selecting later would have the next key wipe out what was typed meanwhile.
    const field = dialog.querySelector('input');
    field?.focus();
    field?.select();
    void import('./search.ts').then(({ startSearch }) => {
      startSearch(dialog);
    });
  };
  for (const button of document.querySelectorAll('[data-search-open]')) button.addEventListener('click', open);
  document.addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const typing = target?.closest('input, textarea, select, [contenteditable]') != null;
    const shortcut = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k';
    if (shortcut || (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey)) {
      event.preventDefault();
      open();
    }
  });
}

/** Marks the section being read in the table of contents, and closes the phone's list after a choice. */
function wireContents(): void {
  const links = new Map<string, HTMLAnchorElement>();
  for (const link of document.querySelectorAll<HTMLAnchorElement>('[data-toc] a')) links.set(link.hash.slice(1), link);
  if (links.size > 0) {
    const headings = [...links.keys()].map((id) => document.getElementById(id)).filter((heading) => heading !== null);
    const mark = (): void => {
      const passed = headings.filter((heading) => heading.getBoundingClientRect().top < 160);
      const current = passed.at(-1) ?? headings[0];
      for (const [id, link] of links) {
        if (id === current?.id) link.setAttribute('aria-current', 'true');
        else link.removeAttribute('aria-current');
      }
    };
    const observer = new IntersectionObserver(mark, { rootMargin: '-150px 0px -60% 0px' });
    for (const heading of headings) observer.observe(heading);
  }
  const mobile = document.querySelector<HTMLDetailsElement>('[data-toc-mobile]');
  mobile?.addEventListener('click', (event) => {
    if (event.target instanceof HTMLAnchorElement) mobile.open = false;
  });
}

/** Says so where a page's facts were checked long ago, by the reader's calendar: the page may be older than its last build. */
function wireAge(): void {
  const note = document.querySelector<HTMLElement>('[data-old-after]');
  const day = note?.previousElementSibling;
  if (note === null || !(day instanceof HTMLTimeElement)) return;
  const days = (Date.now() - Date.parse(day.dateTime)) / 86_400_000;
  if (days > Number(note.dataset['oldAfter'])) note.hidden = false;
}

/** A button beside each command that copies it. */
function wireCopy(): void {
  if (!('clipboard' in navigator)) return;
  for (const block of document.querySelectorAll('.expressive-code')) {
    const code = block.querySelector('pre');
    if (code === null || code.dataset['language'] === 'text') continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = 'Copy';
    button.addEventListener('click', () => {
      const lines = [...code.querySelectorAll('.ec-line')].map((line) => line.textContent.replace(/\n$/, ''));
      navigator.clipboard.writeText(lines.join('\n')).then(
        () => {
          button.textContent = 'Copied';
          setTimeout(() => {
            button.textContent = 'Copy';
          }, 2000);
        },
        () => {
          button.textContent = 'Not allowed: select and copy';
        },
      );
    });
    block.append(button);
  }
}

wireTheme();
wireAge();
wireCopy();
wireSearch();
wireContents();
