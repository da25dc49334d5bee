/** Creates a session id in the usual form that is the same in every run. */
export function createTestSession(serial: number): string {
  return `00000000-0000-7000-8000-${serial.toString(16).padStart(12, '0')}`;
}
