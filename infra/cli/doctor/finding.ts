/** One line of the doctor: what was looked at, how it is, and what to do when it is not well. */
export interface Finding {
  readonly subject: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly wayOut: string | null;
}

export function ok(subject: string, detail: string): Finding {
  return { subject, state: 'ok', detail, wayOut: null };
}

export function warn(subject: string, detail: string, wayOut: string): Finding {
  return { subject, state: 'warn', detail, wayOut };
}

export function fail(subject: string, detail: string, wayOut: string): Finding {
  return { subject, state: 'fail', detail, wayOut };
}
