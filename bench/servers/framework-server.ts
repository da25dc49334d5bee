/** A server in one of the frameworks, with one route, bare or behind one kind of guard. */
import type { FrameworkSetup, FrameworkStarted } from './frameworks/protection.ts';
import { serve } from './server-process.ts';

/** Loads only the framework that is asked for. */
serve<FrameworkSetup, FrameworkStarted>(async ({ framework, protection }) => {
  switch (framework) {
    case 'fastify': {
      const { startFastify } = await import('./frameworks/fastify.ts');
      return startFastify(protection);
    }
    case 'hono': {
      const { startHono } = await import('./frameworks/hono.ts');
      return startHono(protection);
    }
    case 'express': {
      const { startExpress } = await import('./frameworks/express.ts');
      return startExpress(protection);
    }
  }
});
