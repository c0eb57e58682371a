/** What the console reads from its environment; everything that is wrong with it is told at once. */
import { z } from 'zod';

/** An empty variable is one that was not given, so that a launcher can take one back. */
const optional = z
  .string()
  .optional()
  .transform((text) => (text === '' ? undefined : text));

const Environment = z.object({
  CLICKHOUSE_URL: z.url(),
  CLICKHOUSE_USER: optional,
  CLICKHOUSE_PASSWORD: optional,
  CLICKHOUSE_DATABASE: z.string().min(1).default('default'),
  CONSOLE_HOST: z.string().min(1).default('127.0.0.1'),
  CONSOLE_PORT: z.coerce.number().int().min(0).max(65_535).default(8081),
  CONSOLE_HOST_NAMES: z
    .string()
    .default('')
    .transform((names) => names.split(',').filter((name) => name !== '')),
  LEDGER_PROOF_FILE: optional,
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
});

export type ConsoleSettings = z.infer<typeof Environment>;

export function parseConsoleSettings(env: unknown): ConsoleSettings {
  const parsed = Environment.safeParse(env);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new Error(`the environment is not usable: ${problems.join('; ')}`);
}
