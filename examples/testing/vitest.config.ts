// Not needed elsewhere: here, latchkey is the very package that the examples lie in.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const resolve = (name: string) => fileURLToPath(import.meta.resolve(name));

export default defineConfig({
  resolve: {
    alias: [
      { find: /^latchkey\/testing$/, replacement: resolve('latchkey/testing') },
      { find: /^latchkey\/guard\/hono$/, replacement: resolve('latchkey/guard/hono') },
    ],
  },
});
