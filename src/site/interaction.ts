/** `client:interaction`: an island's program is loaded when somebody turns to it, not with the page. */

import type { AstroIntegration } from 'astro';

/** Registers the directive. */
export function interactionDirective(): AstroIntegration {
  return {
    name: 'client-interaction',
    hooks: {
      'astro:config:setup': ({ addClientDirective }) => {
        addClientDirective({ name: 'interaction', entrypoint: './src/components/client/interaction.ts' });
      },
    },
  };
}

declare module 'astro' {
  interface AstroClientDirectives {
    /** Loads the island's program when somebody turns to it. */
    'client:interaction'?: boolean;
  }
}
