/** What Markdown needs beyond the standard: links below a base path, headings with permanent ids, formulas as MathML. */

import { fileURLToPath } from 'node:url';
import { defineMdastPlugin, type MdastPluginDefinition } from 'satteri';
import temml from 'temml';

/** The position that the parser attaches when asked to. */
interface Positioned {
  readonly position?: { readonly start: { readonly line: number } } | undefined;
}

function place(fileURL: URL | undefined, node: Positioned): string {
  const file = fileURL === undefined ? 'a page' : fileURLToPath(fileURL);
  return node.position === undefined ? file : `${file}:${String(node.position.start.line)}`;
}

/** Puts the base path in front of root-relative addresses, which Astro leaves as they are in Markdown. */
function basePathPlugin(basePath: string): MdastPluginDefinition {
  const below = (address: string): string =>
    address.startsWith('/') && !address.startsWith('//') ? `${basePath.slice(0, -1)}${address}` : address;
  return defineMdastPlugin({
    name: 'base-path',
    link(node, context) {
      if (below(node.url) !== node.url) context.setProperty(node, 'url', below(node.url));
    },
    definition(node, context) {
      if (below(node.url) !== node.url) context.setProperty(node, 'url', below(node.url));
    },
    image(node, context) {
      if (below(node.url) !== node.url) context.setProperty(node, 'url', below(node.url));
    },
  });
}

const HEADING_ID = /^[a-z][a-z0-9-]*$/;

/** Stops the build at a heading without an explicit id: links to a section must survive its rewording. */
const headingIdPlugin = defineMdastPlugin({
  name: 'heading-ids',
  options: { position: true },
  heading(node, context) {
    const properties = node.data && 'hProperties' in node.data ? node.data.hProperties : undefined;
    const id = typeof properties === 'object' && properties !== null && 'id' in properties ? properties.id : undefined;
    if (typeof id !== 'string' || !HEADING_ID.test(id)) {
      const text = context.textContent(node);
      throw new Error(
        `${place(context.fileURL, node)}: the heading "${text}" needs an id of small letters, digits and hyphens. Write: ## ${text} {#short-id}`,
      );
    }
  },
});

const ASIDES = ['note', 'tip', 'caution', 'danger'];

/** Stops the build at a misspelt aside, which would otherwise lose its frame without a word. */
const directivePlugin = defineMdastPlugin({
  name: 'known-directives',
  options: { position: true },
  containerDirective(node, context) {
    if (!ASIDES.includes(node.name)) {
      throw new Error(`${place(context.fileURL, node)}: there is no aside ":::${node.name}". Known: ${ASIDES.join(', ')}`);
    }
  },
});

/** Puts each table into a frame that scrolls sideways on a narrow screen, by touch and by keyboard. */
const tableFramePlugin = defineMdastPlugin({
  name: 'table-frames',
  table(node, context) {
    const [head] = node.children;
    const names = head === undefined ? [] : head.children.map((cell) => context.textContent(cell).trim());
    context.wrapNode(node, {
      type: 'mdxJsxFlowElement',
      name: 'div',
      attributes: [
        { type: 'mdxJsxAttribute', name: 'class', value: 'table-frame' },
        { type: 'mdxJsxAttribute', name: 'role', value: 'group' },
        { type: 'mdxJsxAttribute', name: 'aria-label', value: `Table: ${names.join(', ')}` },
        { type: 'mdxJsxAttribute', name: 'tabindex', value: '0' },
      ],
      children: [],
    });
  },
});

/** TeX to MathML as a raw fragment; the TeX stays readable in an annotation. */
function formula(tex: string, display: boolean): string {
  return temml.renderToString(tex, { displayMode: display, throwOnError: true, annotate: true });
}

const formulaPlugin = defineMdastPlugin({
  name: 'formulas',
  options: { position: true },
  math(node, context) {
    return {
      type: 'mdxJsxFlowElement',
      name: 'div',
      attributes: [
        { type: 'mdxJsxAttribute', name: 'class', value: 'formula not-content' },
        { type: 'mdxJsxAttribute', name: 'tabindex', value: '0' },
        { type: 'mdxJsxAttribute', name: 'set:html', value: rendered(node.value, true, place(context.fileURL, node)) },
      ],
      children: [],
    };
  },
  inlineMath(node, context) {
    return {
      type: 'mdxJsxTextElement',
      name: 'span',
      attributes: [
        { type: 'mdxJsxAttribute', name: 'class', value: 'not-content' },
        { type: 'mdxJsxAttribute', name: 'set:html', value: rendered(node.value, false, place(context.fileURL, node)) },
      ],
      children: [],
    };
  },
});

function rendered(tex: string, display: boolean, where: string): string {
  try {
    return formula(tex, display);
  } catch (error) {
    throw new Error(`${where}: this formula can't be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** @param basePath path below the site's address, with slashes at both ends */
export function markdownPlugins({ basePath }: { basePath: string }): MdastPluginDefinition[] {
  return [basePathPlugin(basePath), headingIdPlugin, directivePlugin, tableFramePlugin, formulaPlugin];
}
