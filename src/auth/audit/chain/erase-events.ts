import type { AuthContext } from '../../context.ts';

/** Events in a step. Other calls are served between two steps. */
const STEP_EVENTS = 200;

/**
 * Removes the personal fields of all events of a user who was deleted. If it is interrupted, the background job goes
 * on.
 * @throws {StoreUnavailable}
 */
export async function eraseEvents({ store }: AuthContext, userId: string): Promise<void> {
  for (let after: string | null = ''; after !== null; ) {
    ({ after } = await store.eraseEvents({ userId, after, limit: STEP_EVENTS }));
  }
}

/** Does the same for users whose deletion was interrupted. @throws {StoreUnavailable} */
export async function finishErasures(context: AuthContext): Promise<void> {
  for (;;) {
    const userId = await context.store.findErasure();
    if (userId === undefined) return;
    await eraseEvents(context, userId);
  }
}
