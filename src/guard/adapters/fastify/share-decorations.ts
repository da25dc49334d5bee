import type { FastifyPluginAsync } from 'fastify';

/**
 * Lets a plugin decorate the app that registers it instead of an app of its own, and gives it a name. The package
 * `fastify-plugin` does the same, but the guard has no dependencies.
 * @see https://fastify.dev/docs/latest/Reference/Plugins-Guide/#how-to-handle-encapsulation-and-distribution
 */
export function shareDecorations<Options extends object>(
  name: string,
  plugin: FastifyPluginAsync<Options>,
): FastifyPluginAsync<Options> {
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: name,
    [Symbol.for('plugin-meta')]: { name, fastify: '5.x' },
  });
}
