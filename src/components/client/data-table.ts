/** Sorting and narrowing of a table that is complete without it. */

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** What a row is sorted by: numbers as numbers, all else as text. */
function compare(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  return a !== '' && b !== '' && Number.isFinite(x) && Number.isFinite(y) ? x - y : collator.compare(a, b);
}

class DataTable extends HTMLElement {
  connectedCallback(): void {
    const form = this.querySelector('form');
    const body = this.querySelector('tbody');
    const heads = [...this.querySelectorAll<HTMLTableCellElement>('thead th')];
    if (form === null || body === null) return;
    const rows = [...body.rows];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    const told = form.querySelector('output');

    const columnOf = new Map(heads.map((head, column) => [head.dataset['key'] ?? '', column]));
    /** What a row says under a column, or in the small line that has no column of its own. */
    const valueOf = (row: HTMLTableRowElement, key: string): string => {
      const column = columnOf.get(key);
      const node = column === undefined ? row.querySelector(`[data-key="${key}"]`)?.lastChild : row.cells[column]?.firstChild;
      return node?.textContent?.trim() ?? '';
    };

    const narrow = (): void => {
      const fields = new FormData(form);
      const wanted = fields.get('words');
      const words = (typeof wanted === 'string' ? wanted : '').toLowerCase().split(/\s+/).filter(Boolean);
      const facets = [...fields].flatMap(([key, value]) =>
        key !== 'words' && typeof value === 'string' && value !== '' ? [{ key, value }] : [],
      );
      let shown = 0;
      for (const [index, row] of rows.entries()) {
        const fits =
          words.every((word) => texts[index]?.includes(word)) &&
          facets.every(({ key, value }) => valueOf(row, key).split(', ').includes(value));
        row.hidden = !fits;
        if (fits) shown++;
      }
      if (told !== null) {
        told.textContent =
          words.length + facets.length === 0 ? '' : shown === 0 ? 'Nothing matches.' : `${String(shown)} of ${String(rows.length)}`;
      }
    };
    form.addEventListener('input', narrow);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
    });

    for (const [column, head] of heads.entries()) {
      const button = document.createElement('button');
      button.type = 'button';
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener('click', () => {
        const first = head.classList.contains('figure') ? 'descending' : 'ascending';
        const other = first === 'ascending' ? 'descending' : 'ascending';
        const order = head.getAttribute('aria-sort') === first ? other : first;
        for (const each of heads) each.removeAttribute('aria-sort');
        head.setAttribute('aria-sort', order);
        const key = (row: HTMLTableRowElement): string => {
          const cell = row.cells[column];
          return cell?.dataset['sort'] ?? cell?.firstChild?.textContent?.trim() ?? '';
        };
        const sign = order === 'ascending' ? 1 : -1;
        body.append(...[...rows].sort((a, b) => sign * compare(key(a), key(b))));
      });
    }
    narrow();
  }
}

customElements.define('data-table', DataTable);
